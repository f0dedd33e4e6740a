"""oidc-provider from npm, with the interaction pages that it has built in, and a real flow for a code."""

import os
import shutil
from pathlib import Path
from urllib.parse import quote

from tests.identity.host import ProcessHost
from tests.identity.installation import PROGRAMS, node_environment, npm_packages
from tests.integration.fake_login_server import USER

PACKAGE = "oidc-provider@9.13.3"


class OidcProviderHost(ProcessHost):
    """The provider. Its pages take any password; a user whom it does not know gets an error page.

    Attributes:
        consent: Whether the client is one whose users are asked.
    """

    def __init__(self, folder):
        npm_packages(folder, PACKAGE)
        # Beside the packages, so that they are found.
        self._script = script = Path(folder) / f"host-{os.getpid()}.mjs"
        shutil.copyfile(PROGRAMS / "oidc_provider_host.mjs", script)
        self.consent = False
        super().__init__(["node", script, USER, "{origin}"], folder, node_environment())

    @property
    def start(self):
        return f"{self.url}/start?to={quote(self.back, safe='')}{'&consent=1' if self.consent else ''}"

    def close(self):
        super().close()
        self._script.unlink(missing_ok=True)
