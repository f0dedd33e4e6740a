"""The sign-in dialog: a browser sign-in, an API key, or neither."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from textual import on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, Label, Static

from wandb_tui.core.account import AccountState, Credentials, Source
from wandb_tui.core.errors import KeyringError, WandbTuiError
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.dialog import Dialog, ErrorLine
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.input.input_drain import drained
from wandb_tui.ui.runtime.session import Session


class SignInDialog(Dialog[bool]):
    """Passes the secrets to the account and drops them. The result: whether anything was changed."""

    # Priority bindings: an input handles keys from its own queue, so those typed right after Enter or Tab, as by a
    # password manager, would still reach the previous field.
    PLACES = (Scope.SIGN_IN,)
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        *bindings(*PLACES),
        Binding("tab", "move(1)", "Next", priority=True, show=False),
        Binding("shift+tab", "move(-1)", "Previous", priority=True, show=False),
    ]

    def __init__(self, session: Session, account: AccountState | None, app_url: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._account = session.backend.account
        self._state = account or AccountState()
        self._problem = session.sign_in_problem
        self._host = session.backend.host
        self._open_window = session.backend.open_window
        self._app_url = app_url
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The fields for both, and a way to skip them."""
        with Vertical(classes="dialog"):
            yield Static(Content(f"Sign in to {clean(self._host, 50)}"), classes="dialog-title")
            if self._problem:
                problem = self._glyphs.text(f"⚠ {clean(self._problem, 300)}")
                yield Static(Content.styled(problem, "$warning"), classes="dialog-text", id="problem")
            yield Label("Email or username, to visit the pages of your runs")
            yield Input(clean(self._state.username), id="username")
            yield Label(self._label("Password", self._state.password))
            yield Input(password=True, id="password")
            yield Label(self._label("API key, for private runs", self._state.api_key))
            yield Input(password=True, id="api-key", placeholder=self._where())
            if self._state.api_key_problem:
                problem = self._glyphs.text(clean(self._state.api_key_problem, 300))
                yield Static(Content(problem), classes="dialog-note", id="api-key-problem")
            yield Tick(
                "Store in the system keyring",
                not self._state.keyring_problem,
                id="remember",
                disabled=bool(self._state.keyring_problem),
                compact=True,
            )
            if self._state.keyring_problem:
                why = self._glyphs.text(clean(self._state.keyring_problem, 600))
                yield Static(Content(why), classes="dialog-note", id="keyring-problem")
            yield ErrorLine()
            with Horizontal(classes="dialog-buttons"):
                yield Button("Sign in", variant="primary", id="sign-in")
                if self._open_window:
                    yield Button(
                        "In a browser window", id="window", tooltip="For single sign-on and two-factor authentication"
                    )
                without = "Public runs only" if self._open_window else "Continue without (public runs)"
                yield Button(without, id="without")

    def _where(self) -> str:
        return f"from {self._app_url}/authorize" if self._app_url else "from your server's page /authorize"

    def _label(self, what: str, source: Source) -> str:
        return what if source is Source.NONE else f"{what} (leave empty to use the one from the {_SOURCES[source]})"

    def on_mount(self) -> None:
        """Focus the first empty field."""
        self.query_one("#password" if self._state.username else "#username").focus()

    def action_leave(self) -> None:
        """Close without changes."""
        self.dismiss(False)

    def action_move(self, direction: int) -> None:
        """Focus the next or the previous field at once."""
        if direction > 0:
            self.focus_next()
        else:
            self.focus_previous()

    async def action_enter(self) -> None:
        """Go to the next field while the password is empty, else sign in."""
        field = self.focused
        if not isinstance(field, Input):
            raise SkipAction
        await drained(self.focused)
        following = {"username": "#password", "password": "#api-key"}.get(field.id or "")
        if following and not self.query_one("#password", Input).value:
            self.set_focus(self.query_one(following))
        else:
            self._submit()

    @on(Button.Pressed, "#sign-in")
    def _submit(self) -> None:
        username = self.query_one("#username", Input).value.strip()
        password = self.query_one("#password", Input).value
        api_key = self.query_one("#api-key", Input).value.strip()
        if password and not username:
            self._show_field_error("Enter an email address or a username with the password.", "#username")
        elif not password and not api_key:
            self._show_field_error("Enter a password, an API key, or both.", "#password")
        else:
            credentials = Credentials(username, password) if password else None
            remember = self.query_one("#remember", Checkbox).value
            self._begin(self._save(credentials, api_key or None, remember))

    @on(Button.Pressed, "#without")
    def _continue_signed_out(self) -> None:
        self._begin(self._without())

    async def _save(self, credentials: Credentials | None, api_key: str | None, remember: bool) -> None:
        self._busy(True)
        try:
            await asyncio.to_thread(self._account.save, credentials, api_key, remember=remember)
        except KeyringError as error:
            self.app.notify(
                f"Used for this session only. {clean(error.message, 300)}", severity="warning", timeout=10, markup=False
            )
            self.dismiss(True)
        except WandbTuiError as error:
            self._show_field_error(str(error), "#api-key")
        else:
            self.dismiss(True)
        finally:
            self._busy(False)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        """Run one task at a time: a second Enter meanwhile must neither save nor close again."""
        if any(button.disabled for button in self.query(Button)):
            work.close()
            return
        self._busy(True)
        self.run_worker(work, group="save")

    async def _without(self) -> None:
        self._busy(True)
        await asyncio.to_thread(self._account.continue_signed_out)
        self.dismiss(True)

    @on(Button.Pressed, "#window")
    def _in_window(self) -> None:
        self._begin(self._by_hand())

    async def _by_hand(self) -> None:
        """Wait for the user to sign in with the browser; closing this dialog closes the window."""
        if self._open_window is None:
            return
        self._busy(True)
        try:
            await asyncio.wrap_future(await asyncio.to_thread(self._open_window))
        except WandbTuiError as error:
            self._show_field_error(str(error), "#username")
        else:
            self.dismiss(True)
        finally:
            self._busy(False)

    def _show_field_error(self, text: str, field: str) -> None:
        self.show_error(text)
        self.query_one(field).focus()

    def _busy(self, busy: bool) -> None:
        for button in self.query(Button):
            button.disabled = busy


class Tick(Checkbox):
    """A checkbox that is empty while it is off: Textual's own shows a darker X."""

    def render(self) -> Content:
        """The box and its label."""
        self.BUTTON_INNER = "X" if self.value else " "
        return super().render()


_SOURCES = {
    Source.ENVIRONMENT: "environment",
    Source.NETRC: "netrc file",
    Source.KEYRING: "keyring",
    Source.MEMORY: "last sign-in",
}
