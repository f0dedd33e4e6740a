"""LemonLDAP::NG's portal from Debian, unpacked in a folder and run in a process of its own."""

import base64
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from tests.identity.host import ProcessHost
from tests.identity.installation import PROGRAMS, debian_packages
from tests.integration.fake_login_server import PASSWORD, USER

# Debian keeps one build of a release, the one with the newest corrections, so only the release is pinned.
PACKAGES = (
    "liblemonldap-ng-portal-perl=2.16.1+*",
    "lemonldap-ng-uwsgi-app=2.16.1+*",
    "libconvert-base32-perl=0.06-*",
    "libstring-random-perl=1:0.32-*",
    "libjs-jquery=3.6.1+*",
)


class LemonLdapHost(ProcessHost):
    """The portal.

    Attributes:
        second_factor: Whether a code that was sent is asked for after the password.
    """

    def __init__(self, folder):
        self._folder = debian_packages(folder, *PACKAGES)
        self._state = tempfile.TemporaryDirectory()
        modules = [path for path in (self._folder / "usr/lib").glob("*/perl5/*") if path.is_dir()]
        modules += [self._folder / "usr/share/perl5", *(self._folder / "usr/lib").glob("perl5")]
        environ = {**os.environ, "PERL5LIB": os.pathsep.join(map(str, modules))}
        command = ["perl", PROGRAMS / "lemonldap_host.pl", self._folder, self._state.name, USER, PASSWORD, "{origin}"]
        super().__init__(command, folder, environ)

    @property
    def start(self):
        return f"{self.url}/?url={quote(base64.b64encode(self.back.encode()).decode())}"

    @property
    def second_factor(self):
        """Whether a code that was sent is asked for after the password."""
        return Path(self._state.name, "second_factor").exists()

    @second_factor.setter
    def second_factor(self, asked):
        file = Path(self._state.name, "second_factor")
        file.touch() if asked else file.unlink(missing_ok=True)

    def close(self):
        super().close()
        self._state.cleanup()
