"""The errors with which a sign-in ends, with what the page and the server have told."""

from __future__ import annotations

import logging
from pathlib import Path

from playwright.async_api import Page

from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin.actions import GiveUp
from wandb_tui.services.signin.errors import CODE_BESIDE_PASSWORD, UNREAD_REFUSAL, sign_in_error
from wandb_tui.services.signin.origins import OriginProblem
from wandb_tui.services.signin.page_driver import PageGoneError, read_page, save_screenshot
from wandb_tui.services.signin.page_view import PageView, outline
from wandb_tui.services.signin.password_guard import PasswordGuard
from wandb_tui.services.signin.responses import classify, page_heading

log = logging.getLogger(__name__)


class FailureReport:
    """Makes the errors of one sign-in."""

    def __init__(
        self, page: Page, server: ServerInfo, credentials: Credentials | None, guard: PasswordGuard, folder: Path
    ) -> None:
        """Prepare.

        Args:
            page: The page of the sign-in.
            server: Its server.
            credentials: The secrets that may have been typed, which a screenshot must not show.
            guard: Knows the response to the password.
            folder: Receives a screenshot if a page is not understood.
        """
        self._page = page
        self._host = server.host
        self._credentials = credentials
        self._guard = guard
        self._folder = folder

    async def give_up(self, action: GiveUp) -> SignInError:
        """The error for a page that ends the sign-in."""
        if action.page:
            return self.error(action.problem, action.page)
        refused = action.problem is SignInProblem.WRONG_PASSWORD or action.code_beside
        if refused and self._guard.server_failed:
            # The page shows any failure as a wrong password, but the server did not get as far as checking it.
            return await self.server_fault()
        if action.problem is SignInProblem.NOT_UNDERSTOOD:
            return await self.not_understood("")
        text = None
        if action.code_beside:
            text = CODE_BESIDE_PASSWORD
        elif refused and action.words and classify(action.words) is not SignInProblem.WRONG_PASSWORD:
            text = UNREAD_REFUSAL
        return sign_in_error(action.problem, self._host, words=action.words, text=text)

    def step_needed(self, view: PageView) -> SignInError:
        """The error for a page after the password that is another step, or tells of a reason that is not understood."""
        return sign_in_error(SignInProblem.STEP_NEEDED, self._host, words=page_heading(view))

    async def server_fault(self) -> SignInError:
        """The error for a server that failed on the password."""
        return await self.not_understood(f"the server answered HTTP {self._guard.status}")

    async def not_understood(self, why: str) -> SignInError:
        """Log the page's outline and save a screenshot, both without secrets, for the user to look at."""
        try:
            log.warning("A sign-in page was not understood:\n%s", outline((await read_page(self._page)).view))
        except PageGoneError:
            log.warning("A sign-in page was not understood, and is gone")
        known = self._credentials
        typed = (known.username, known.password) if known else ()
        screenshot = await save_screenshot(self._page, self._folder, hide=typed)
        note = f"a screenshot is in {screenshot}" if screenshot else ""
        return self.error(SignInProblem.NOT_UNDERSTOOD, "; ".join(filter(None, (why, note))))

    def error(self, problem: SignInProblem, detail: OriginProblem | str = "") -> SignInError:
        """The error for a problem that no page's words tell."""
        error = sign_in_error(problem, self._host, detail=detail)
        if isinstance(detail, OriginProblem) and detail.unencrypted:
            error.hint = "Use its https address; if you insist, set allow_plain_http in settings.toml."
        return error
