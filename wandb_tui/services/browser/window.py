"""Signing in by hand: opens a visible browser and waits until the user has signed in there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from playwright.async_api import Error, Page

from wandb_tui.core.errors import SignInProblem
from wandb_tui.core.ports import Identity
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.host import BrowserGoneError, BrowserHost, run_blocking
from wandb_tui.services.browser.launch import has_display, no_display
from wandb_tui.services.credentials.account import KeyringAccount
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.signin.errors import sign_in_error
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.page_driver import PageGoneError, read_page
from wandb_tui.services.signin.policy import looks_signed_in
from wandb_tui.services.signin.whoami import Whoami

log = logging.getLogger(__name__)

UNKNOWN_USER = "unknown user"
"""The user name of a stored session whose user is unknown."""

_POLL_INTERVAL_S = 1.0
_LOAD_TIMEOUT_MS = 60_000.0


class SignInWindow:
    """One visible browser, for one sign-in. Nothing is typed into its pages."""

    def __init__(
        self,
        server: ServerInfo,
        account: KeyringAccount,
        environ: Mapping[str, str],
        *,
        viewer: Whoami,
        origins: Origins,
        host: BrowserHost,
    ) -> None:
        """Prepare; nothing is opened yet. The arguments are those of `BrowserVisitor`, and a browser with a window."""
        self._server = server
        self._account = account
        self._environ = environ
        self._viewer = viewer
        self._origins = origins
        self._host = host

    async def run(self) -> tuple[str, Identity]:
        """Let the user sign in, and save the session.

        Returns:
            The user name of the saved session, and the identity that is signed in.

        Raises:
            NoBrowserError: There is no display, or no browser.
            SignInError: The window was closed before the sign-in was complete, or the server cannot be reached.
        """
        if not has_display(self._environ):
            raise no_display()
        on_disk = self._account.session_on_disk
        await self._host.switch_user(None, no_dialog=False, on_disk=on_disk)
        try:
            async with self._host.tab() as first:
                await self._open(first)
                page, identity = await self._wait_for_sign_in(first)
                name = await self._session_name(page, identity)
                self._host.adopt_session(name)
                await self._host.save(now=True)
                return name, identity
        except BrowserGoneError:
            raise sign_in_error(SignInProblem.GIVEN_UP, self._server.host) from None
        finally:
            await self._host.close()

    async def close(self) -> None:
        """Close the browser, even during a sign-in."""
        await self._host.close()

    async def _open(self, page: Page) -> None:
        try:
            await page.goto(f"{self._server.app_url}/login", wait_until="commit", timeout=_LOAD_TIMEOUT_MS)
        except Error as error:
            if page.is_closed() or not self._host.open:
                raise BrowserGoneError from None
            log.warning("The sign-in page does not open: %s", redact(error.message))
            raise sign_in_error(SignInProblem.UNREACHABLE, self._server.host) from None

    async def _wait_for_sign_in(self, first: Page) -> tuple[Page, Identity]:
        """Check every tab at intervals: a sign-in may continue in a popup window."""
        while pages := [page for page in first.context.pages if not page.is_closed()]:
            if not self._host.open:
                break
            for page in pages:
                if identity := await self._identify(page):
                    return page, identity
            await asyncio.sleep(_POLL_INTERVAL_S)
        raise BrowserGoneError

    async def _identify(self, page: Page) -> Identity | None:
        try:
            # The page before the answer: one that was given before a sign-in says nothing about the page after it.
            view = (await read_page(page)).view if self._viewer.is_own_page(page) else None
            reply = await self._viewer.ask(page)
            if reply.username:
                return Identity(reply.username)
            # Some servers' APIs never report a user; then a way to log out on their page is the sign.
            if view is None or not looks_signed_in(view, self._origins, strict=True):
                return None
            if (await read_page(page)).view.main.loaded_at != view.main.loaded_at:
                return None
        except (Error, PageGoneError):
            # The tab was closed or is loading another page.
            return None
        self._viewer.omits_viewer = reply.known
        known = (await run_blocking(self._account.state)).username
        return Identity(known or UNKNOWN_USER)

    async def _session_name(self, page: Page, identity: Identity) -> str:
        """The user name for the saved session: the stored account's, if it belongs to the same user."""
        known = (await run_blocking(self._account.state)).username
        if known and known != identity.username and known.lower() == (await self._viewer.email(page)).lower():
            return known
        return identity.username
