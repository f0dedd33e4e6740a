"""Signing in by hand: a visible browser in which the user does whatever is asked, and we only see that it worked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from playwright.async_api import Error, Page

from wandb_tui.core.errors import SignInProblem
from wandb_tui.core.ports import Identity
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.host import BrowserGoneError, BrowserHost, apart
from wandb_tui.services.browser.launch import has_display, no_display
from wandb_tui.services.credentials.account import KeyringAccount
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.credentials.vault import Vault
from wandb_tui.services.signin.errors import sign_in_error
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.page_driver import PageGoneError, read_page
from wandb_tui.services.signin.policy import looks_signed_in
from wandb_tui.services.signin.whoami import Whoami

log = logging.getLogger(__name__)

SOMEBODY = "somebody"
"""Under which name a session is kept where neither the server nor the user tells whose it is."""

_LOOK_EVERY = 1.0
_LOAD_TIMEOUT = 60_000.0


class SignInWindow:
    """One visible browser, for one sign-in. Nothing is typed into its pages."""

    def __init__(
        self,
        server: ServerInfo,
        account: KeyringAccount,
        vault: Vault,
        environ: Mapping[str, str],
        *,
        viewer: Whoami,
        origins: Origins,
        executable: Path | None,
    ) -> None:
        """Prepare; nothing is opened yet. The arguments are those of `BrowserVisitor`."""
        self._server = server
        self._account = account
        self._environ = environ
        self._viewer = viewer
        self._origins = origins
        self._host = BrowserHost(server, vault, environ, headless=False, executable=executable)

    async def run(self) -> tuple[str, Identity]:
        """Let the user sign in, and keep the session.

        Returns:
            Under which name the session is kept, and who is signed in.

        Raises:
            NoBrowserError: There is no display, or no browser.
            SignInError: The window was closed before anybody was signed in, or the server cannot be reached.
        """
        if not has_display(self._environ):
            raise no_display()
        on_disk = self._account.session_on_disk
        await self._host.be(None, quietly=False, on_disk=on_disk)
        try:
            async with self._host.tab() as first:
                await self._open(first)
                page, identity = await self._until_signed_in(first)
                name = await self._known_as(page, identity)
                self._host.belongs_to(name)
                await self._host.save(now=True)
                return name, identity
        except BrowserGoneError:
            raise sign_in_error(SignInProblem.GIVEN_UP, self._server.host) from None
        finally:
            await self._host.close()

    async def close(self) -> None:
        """End the browser, whatever goes on in it."""
        await self._host.close()

    async def _open(self, page: Page) -> None:
        try:
            await page.goto(f"{self._server.app_url}/login", wait_until="commit", timeout=_LOAD_TIMEOUT)
        except Error as error:
            if page.is_closed() or not self._host.open:
                raise BrowserGoneError from None
            log.warning("The sign-in page does not open: %s", redact(error.message))
            raise sign_in_error(SignInProblem.UNREACHABLE, self._server.host) from None

    async def _until_signed_in(self, first: Page) -> tuple[Page, Identity]:
        """Ask in every tab again and again: a sign-in may go on in a window of its own."""
        while pages := [page for page in first.context.pages if not page.is_closed()]:
            if not self._host.open:
                break
            for page in pages:
                if identity := await self._who(page):
                    return page, identity
            await asyncio.sleep(_LOOK_EVERY)
        raise BrowserGoneError

    async def _who(self, page: Page) -> Identity | None:
        try:
            reply = await self._viewer.ask(page)
            if reply.username:
                return Identity(reply.username)
            # Some servers never name anybody; then a way to log out on their own page has to do.
            view = (await read_page(page)).view if self._viewer.is_own_page(page) else None
        except (Error, PageGoneError):
            # This tab was closed meanwhile, or goes on to another page; the next look tells more.
            return None
        if view is None or not looks_signed_in(view, self._origins, strict=True):
            return None
        self._viewer.omits_viewer = reply.known
        known = (await apart(self._account.state)).username
        return Identity(known or SOMEBODY)

    async def _known_as(self, page: Page, identity: Identity) -> str:
        """The name under which the session is looked for later: that of the known account, if it is the same one."""
        known = (await apart(self._account.state)).username
        if known and known != identity.username and known.lower() == (await self._viewer.email(page)).lower():
            return known
        return identity.username
