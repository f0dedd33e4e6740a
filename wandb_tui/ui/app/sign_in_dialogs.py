"""The account, as it is known, and the dialogs that ask the user about it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.events import InputEvent

from wandb_tui.core.account import AccountState
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.app.sign_in_prompt import SignInPrompt
from wandb_tui.ui.app.themed_app import ThemedApp
from wandb_tui.ui.runtime.backend import Backend

if TYPE_CHECKING:
    from wandb_tui.ui.dashboard.sign_in import SignInDialog

log = logging.getLogger(__name__)


class SignInDialogs:
    """Loads the account, asks for what it lacks, and lets the attempts start once it is known."""

    def __init__(self, app: ThemedApp, backend: Backend, release: Callable[[], None]) -> None:
        """Nothing is known yet.

        Args:
            app: Shows the dialogs.
            backend: Knows the account.
            release: Lets the attempts start.
        """
        self._app = app
        self._backend = backend
        self._release = release
        self._prompt = SignInPrompt(app, self.open_dialog)
        self._problem = ""
        self.account: AccountState | None = None
        """The account; None until it has been read."""

    async def load(self) -> None:
        """Let the attempts start, or first ask for a missing key."""
        wanted = self._backend.open_sign_in
        session, dashboard = self._app.session, self._app.dashboard
        if await self.refresh() and self.account is not None:
            nothing = not (self.account.can_visit or self.account.can_probe)
            if (nothing if wanted is None else wanted) and self._dialog is None:
                self._prompt.request(dashboard)
            if not self.account.can_probe and (self._prompt.waiting or self._dialog is not None):
                session.watch_list.hold_starts(Notice(EventKind.AWAITS_SIGN_IN))
                dashboard.repaint(session.watch_list)
                return
        self._release()

    def release_without_account(self) -> None:
        """Let the attempts start with the credentials of the environment: a locked keyring may take long."""
        if self.account is None:
            self._release()

    async def refresh(self) -> bool:
        """Read the account again; whether that worked."""
        try:
            self.account = await self._app.off_thread(self._backend.account.state)
        except Exception as error:
            log.exception("The account cannot be read")
            self._app.show_error(str(error), title="Sign-in")
            return False
        self._app.dashboard.header.account = self.account
        if (dialog := self._dialog) is not None:
            dialog.account_known(self.account)
        return True

    def observe(self) -> None:
        """Read the account again if a sign-in was refused: that may have revealed what to ask the user."""
        if self._app.session.sign_in_problem != self._problem:
            self._problem = self._app.session.sign_in_problem
            self._app.run_worker(self.refresh())

    def ignores(self, event: InputEvent) -> bool:
        """Whether an event is older than the dialog that it would go to."""
        return self._prompt.ignores(event)

    def open_dialog(self) -> None:
        """Open the sign-in dialog unless it or a question is open."""
        from wandb_tui.ui.common.confirm import Confirm
        from wandb_tui.ui.dashboard.sign_in import SignInDialog

        if any(isinstance(screen, SignInDialog | Confirm) for screen in self._app.screen_stack):
            return
        if self._app.session.sign_in_problem and self.account is not None and self.account.unknown_origin:
            self._ask_about_origin(self.account.unknown_origin)
            return
        self._prompt.cancel()
        self._push_dialog()

    @property
    def _dialog(self) -> SignInDialog | None:
        from wandb_tui.ui.dashboard.sign_in import SignInDialog

        return next((screen for screen in self._app.screen_stack if isinstance(screen, SignInDialog)), None)

    def _push_dialog(self) -> None:
        from wandb_tui.ui.dashboard.sign_in import SignInDialog

        app = self._app
        app.push_screen(SignInDialog(app.session, self.account, app.app_url, app.glyphs), self._signed_in)

    def _ask_about_origin(self, origin: str) -> None:
        """Ask whether the password may be entered on an unknown page; a no opens the sign-in dialog."""
        from wandb_tui.ui.common.confirm import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                self._app.run_worker(self._allow(origin))
            else:
                self._push_dialog()

        host = clean(self._app.dashboard.header.host, 60)
        self._app.push_screen(
            Confirm(
                f"Enter the password on {clean(origin, 100)}?",
                f"The sign-in of {host} leads there, but that page is not known to belong to it. Continue only if you "
                "trust it; the answer is stored for this server.",
                yes="Enter it",
                no="No",
                enter=False,
            ),
            answered,
        )

    async def _allow(self, origin: str) -> None:
        await self._app.off_thread(lambda: self._backend.account.allow(origin))
        await self.refresh()

    def _signed_in(self, changed: bool | None) -> None:
        if changed:
            again = self._app.session.restart_refused()
            self._app.dashboard.refresh_all()
            if again:
                self._app.notify(f"{again} {'run' if again == 1 else 'runs'} restarted", markup=False)
        self._release()
        self._app.run_worker(self.refresh())
