"""A sandbox whose users sign in on an identity host."""

import secrets
from contextlib import ExitStack
from urllib.parse import urlsplit

from tests.integration.browser_support import add_run, info, little_server
from tests.integration.fake_login_server import PASSWORD, USER
from tests.integration.scripts import script_environment
from wandb_tui.sandbox import Sandbox, SandboxConfig


class Front:
    """The sandbox, and between it and the host the one address that lets people in; `with` starts and ends it.

    Attributes:
        sandbox: The sandbox; its own password lets no one in here.
        host: The identity host.
        sign_ins: How many sign-ins were completed.
    """

    def __init__(self, host):
        self.host = host
        self.sandbox = None
        self.url = ""
        self.sign_ins = 0
        self._ticket = secrets.token_hex(8)

    def __enter__(self):
        with ExitStack() as stack:
            self.sandbox = stack.enter_context(Sandbox(SandboxConfig(export_delay=0, sign_in="look-alike")))
            self.url = stack.enter_context(little_server(self._answer))
            self.sandbox.context.elsewhere = self.url
            self.host.back = f"{self.url}/callback?ticket={self._ticket}"
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    @property
    def allowed(self):
        """The origins of other hosts that a user of this server trusts."""
        return [self.url, self.host.url]

    def sign_in(self, driver, password=PASSWORD, **more):
        """Sign in with the tests' own driver."""
        return driver.sign_in("", password, **{"allowed": self.allowed, "server": info(self.sandbox), **more})

    def add_run(self, run_id):
        """A run whose history can be exported."""
        return add_run(self.sandbox, run_id)

    def environment(self, home):
        """The environment of a user whose password is the host's, who trusts it."""
        environ = script_environment(self.sandbox, home)
        return environ | {"WANDB_VIEWER_MAIL": USER, "WANDB_VIEWER_PW": PASSWORD}

    def _answer(self, _method, path, _headers, _body):
        parts = urlsplit(path)
        if parts.path == "/login":
            return 302, {"location": self.host.start}, ""
        if parts.path == "/callback" and parts.query == f"ticket={self._ticket}":
            self.sign_ins += 1
            sessions = self.sandbox.context.sessions
            cookie = f"{sessions.cookie_name}={sessions.begin()}; HttpOnly; SameSite=Lax; Path=/"
            return 303, {"location": self.sandbox.app_url, "set-cookie": cookie}, ""
        return 404, {}, "<h1>404</h1>"
