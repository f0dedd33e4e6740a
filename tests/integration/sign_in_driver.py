"""Signs in on pages, one after the other, with one real Chromium and a fresh context for each."""

import asyncio
import os
import shutil
from dataclasses import dataclass

import pytest
from playwright.async_api import async_playwright

from tests.integration.fake_login_server import PASSWORD, USER
from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import SignInError
from wandb_tui.core.ports import Identity
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.credentials.redaction import learn
from wandb_tui.services.signin.flow import SignInFlow
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.whoami import Whoami


@dataclass
class SignInOutcome:
    """The user who is signed in, or the error; and the page on which it ended."""

    identity: Identity | None
    error: SignInError | None
    url: str

    @property
    def problem(self):
        return self.error.problem if self.error else None


class SignInDriver:
    def __init__(self, folder):
        self.folder = folder
        self.runner = asyncio.Runner()
        self.playwright = self.runner.run(async_playwright().start())
        executable = shutil.which("chromium") or shutil.which("google-chrome") or None
        # Names under .test stand for other machines; no other machine is ever asked.
        switches = ["--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        launching = self.playwright.chromium.launch(
            executable_path=executable, args=switches, chromium_sandbox=os.geteuid() != 0
        )
        self.browser = self.runner.run(launching)

    def close(self):
        self.runner.run(self.browser.close())
        self.runner.run(self.playwright.stop())
        self.runner.close()

    def sign_in(
        self,
        url,
        password=PASSWORD,
        username=USER,
        *,
        allowed=(),
        plain_http=False,
        cookies=(),
        server=None,
        before=None,
    ):
        """Sign in on the server of this address; `before` is what the user has done in the page until then."""
        learn(password)
        credentials = Credentials(username, password) if password else None
        server = server or ServerInfo(url, url)
        origins = Origins(server, allowed, plain_http=plain_http)
        return self.runner.run(self._sign_in(server, credentials, origins, cookies, before))

    async def _sign_in(self, server, credentials, origins, cookies, before):
        context = await self.browser.new_context()
        await context.add_cookies(list(cookies))
        page = await context.new_page()
        if before is not None:
            await before(page)
        flow = SignInFlow(page, server, credentials, origins=origins, viewer=Whoami(server), folder=self.folder)
        try:
            return SignInOutcome(await flow.run(), None, page.url)
        except SignInError as error:
            return SignInOutcome(None, error, page.url)
        finally:
            await context.close()


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    driver = SignInDriver(tmp_path_factory.mktemp("driver"))
    yield driver
    driver.close()
