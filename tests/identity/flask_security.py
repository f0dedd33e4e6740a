"""Flask-Security from PyPI, in a process and an environment of its own."""

from urllib.parse import quote, urlencode
from urllib.request import urlopen

from tests.identity.host import ProcessHost
from tests.identity.installation import PROGRAMS, python_environment
from tests.integration.fake_login_server import PASSWORD, USER

PACKAGES = (
    "flask-security[common,mfa]==5.9.2",
    "flask-sqlalchemy==3.1.1",
    "flask-babel==4.0.0",
)


class FlaskSecurityHost(ProcessHost):
    """The program.

    Attributes:
        language: The language of its pages.
        second_factor: Whether the account has a second factor, an authenticator app.
        active: Whether the account is active.
    """

    def __init__(self, folder):
        python = python_environment(folder, *PACKAGES)
        script = PROGRAMS / "flask_security_host.py"
        self.language, self.second_factor, self.active = "en", False, True
        super().__init__([python, script, USER, PASSWORD], folder)

    @property
    def start(self):
        return f"{self.url}/start?to={quote(self.back, safe='')}"

    def set_state(self, **state):
        super().set_state(**state)
        now = {"second_factor": self.second_factor, "active": self.active, "language": self.language}
        with urlopen(f"{self.url}/state?{urlencode(now)}", timeout=10):
            pass
