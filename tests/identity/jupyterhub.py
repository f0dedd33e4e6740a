"""JupyterHub from PyPI, in a process and an environment of its own; a service of it lets its users in."""

import json
import os
import secrets
from pathlib import Path
from urllib.error import URLError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from tests.identity.host import ProcessHost
from tests.identity.installation import PROGRAMS, node_environment, npm_packages, python_environment
from tests.integration.browser_support import eventually, little_server
from tests.integration.fake_login_server import PASSWORD, USER

PACKAGE, ROUTES = "jupyterhub==6.1.1", "configurable-http-proxy@5.3.0"


class JupyterHubHost(ProcessHost):
    """The hub, and the service that exchanges its code for a token.

    Attributes:
        consent: Whether the service is one whose users are asked.
    """

    def __init__(self, folder):
        folder = Path(folder)
        python = python_environment(folder / "python", PACKAGE)
        npm_packages(folder / "npm", ROUTES)
        self.consent, self._token = False, secrets.token_hex(8)
        self._service = little_server(self._finish)
        self._service_url = self._service.__enter__()
        environ = node_environment() | {
            "LAB_BACK": f"{self._service_url}/done",
            "LAB_PASSWORD": PASSWORD,
            "LAB_PIDS": str(folder / f"proxy-{os.getpid()}.pid"),
            "LAB_ROUTES": str(folder / "npm/node_modules/.bin/configurable-http-proxy"),
            "LAB_TOKEN": self._token,
        }
        command = [python, "-m", "jupyterhub", "--config", PROGRAMS / "jupyterhub_config.py"]
        super().__init__(command, folder, environ)
        if not eventually(self._answers):
            raise RuntimeError("JupyterHub does not answer")

    def _answers(self):
        try:
            with urlopen(f"http://127.0.0.1:{self._proxy.upstream}/hub/login", timeout=5) as reply:
                return reply.status == 200
        except (URLError, ConnectionError):
            return False

    @property
    def start(self):
        name = "other" if self.consent else "own"
        asked = {
            "client_id": f"service-{name}",
            "redirect_uri": f"{self._service_url}/done",
            "response_type": "code",
            "state": name,
        }
        return f"{self.url}/hub/api/oauth2/authorize?{urlencode(asked)}"

    def _finish(self, _method, path, _headers, _body):
        """Let in the user that the hub names for the code."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        name = query.get("state", "own")
        sent = {"client_id": f"service-{name}", "client_secret": self._token + name, "grant_type": "authorization_code"}
        sent |= {"code": query.get("code", ""), "redirect_uri": f"{self._service_url}/done"}
        token = self._ask("oauth2/token", "", urlencode(sent).encode())["access_token"]
        user = self._ask("user", token)["name"]
        return (302, {"location": self.back}, "") if user == USER else (403, {}, "<h1>403</h1>")

    def _ask(self, what, token, data=None):
        headers = {"authorization": f"token {token}"} if token else {}
        with urlopen(Request(f"{self.url}/hub/api/{what}", data, headers), timeout=10) as reply:
            return json.load(reply)

    def close(self):
        self._process.terminate()
        self._process.wait(20)
        super().close()
        self._service.__exit__(None, None, None)
