"""Canaille from PyPI, in a process and an environment of its own."""

import json
from urllib.parse import quote_plus
from urllib.request import urlopen

from tests.identity.host import ProcessHost
from tests.identity.installation import PROGRAMS, python_environment
from tests.integration.fake_login_server import PASSWORD, USER, WRONG

PACKAGE = "canaille[front,oidc]==0.3.6"


class CanailleHost(ProcessHost):
    """The identity provider, which checks fields while they are typed.

    Attributes:
        language: The language of its pages, which an application asks for.
        consent: Whether an application asks for access after the password.
    """

    def __init__(self, folder):
        python = python_environment(folder, PACKAGE)
        self.language, self.consent = "en", False
        command = [python, PROGRAMS / "canaille_host.py", "{origin}", USER, PASSWORD, WRONG]
        super().__init__(command, folder)

    @property
    def start(self):
        to = quote_plus(self.back)
        return f"{self.url}/consent?to={to}&language={self.language}" if self.consent else f"{self.url}/back?to={to}"

    @property
    def checks(self):
        """The number of checks of a field that were sent, and the number of those that had a password in it."""
        with urlopen(f"{self.url}/counts", timeout=10) as reply:
            counts = json.load(reply)
        return counts["checks"], counts["checks_with_password"]

    def _count(self, method, body, headers):
        if "hx-request" not in headers:
            super()._count(method, body, headers)
