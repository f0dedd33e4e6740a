"""The common part of all identity hosts: where signing in begins, where it ends, and what they count."""

import contextlib
import json
import os
import subprocess
from pathlib import Path
from urllib.parse import quote, quote_plus

from tests.identity.counting_proxy import CountingProxy
from tests.integration.browser_support import little_server
from tests.integration.fake_login_server import PASSWORD, WRONG

_FORMS = {
    written for word in (PASSWORD, WRONG) for written in (word, quote(word), quote_plus(word), json.dumps(word)[1:-1])
}


def carries_password(text):
    """Whether a request's body has a right or a wrong password in it."""
    return any(written in text for written in _FORMS)


class IdentityHost:
    """A host on which the users of another server sign in.

    Attributes:
        url: Its origin.
        back: Where a browser is sent that is signed in; set before the first sign-in.
        submissions: How often a password has arrived.
    """

    def __init__(self):
        self.url = self.back = ""
        self.submissions = 0

    @property
    def start(self):
        """The address at which a sign-in begins."""
        raise NotImplementedError

    def set_state(self, **state):
        """Change the account or the pages: `language`, `second_factor`, and what else a host knows."""
        for name, value in state.items():
            setattr(self, name, value)

    @contextlib.contextmanager
    def in_state(self, **state):
        """Change the state within this context."""
        before = {name: getattr(self, name) for name in state}
        self.set_state(**state)
        try:
            yield
        finally:
            self.set_state(**before)

    def close(self):
        """End it."""


class PageHost(IdentityHost):
    """Pages of others with as much of a server behind them as they talk to, in this process."""

    def __init__(self):
        super().__init__()
        self._serving = little_server(self._counted)
        self.url = self._serving.__enter__()

    def close(self):
        self._serving.__exit__(None, None, None)

    def _counted(self, method, path, headers, body):
        self.submissions += method == "POST" and carries_password(body)
        return self.answer(method, path, headers, body)

    def answer(self, method, path, headers, body):
        """The status, the headers and the text of one answer."""
        raise NotImplementedError


class ProcessHost(IdentityHost):
    """A whole program in a process of its own, behind a proxy that counts.

    Args:
        command: Starts the program, which prints its port first; ``{origin}`` stands for its own address, the proxy's.
        folder: Where a file is for what else it prints.
        environ: Its environment.
    """

    def __init__(self, command, folder, environ=None):
        super().__init__()
        self._proxy = CountingProxy(self._count)
        self.url = self._proxy.url
        log = Path(folder) / f"log-{os.getpid()}.txt"
        self._log = log.open("w")
        command = [str(part).replace("{origin}", self.url) for part in command]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True, env=environ)
        line = self._process.stdout.readline()
        if not line.strip().isdigit():
            said = log.read_text()[-2000:]
            self.close()
            raise RuntimeError(f"{command} did not start: {line}{said}")
        self._proxy.upstream = int(line)

    def _count(self, method, body, _headers):
        self.submissions += method == "POST" and carries_password(body)

    def close(self):
        self._proxy.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
        Path(self._log.name).unlink(missing_ok=True)
