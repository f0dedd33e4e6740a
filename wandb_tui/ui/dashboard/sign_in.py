"""Signing in: a browser sign-in, an API key, or neither."""

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
    """Takes the secrets, hands them to the account, and forgets them. The result: whether anything was changed."""

    # Before the fields: a field takes keys in its own time, so those typed right after Enter or Tab (a password manager
    # does that) would still reach the one that was left.
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
        """Two ways in, and one past both."""
        with Vertical(classes="dialog"):
            yield Static(Content(f"Sign in to {clean(self._host, 50)}"), classes="dialog-title")
            if self._problem:
                problem = self._glyphs.text(f"⚠ {clean(self._problem, 300)}")
                yield Static(Content.styled(problem, "$warning"), classes="dialog-text", id="problem")
            yield Label("E-mail or user name, to open the pages of your runs")
            yield Input(clean(self._state.username), id="username")
            yield Label(self._label("Password", self._state.password))
            yield Input(password=True, id="password")
            yield Label(self._label("API key, for private runs", self._state.api_key))
            yield Input(password=True, id="api-key", placeholder=self._where())
            if self._state.api_key_problem:
                problem = self._glyphs.text(clean(self._state.api_key_problem, 300))
                yield Static(Content(problem), classes="dialog-note", id="api-key-problem")
            yield Tick(
                "Remember in the system's keyring",
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
                    yield Button("In a browser window", id="window", tooltip="For single sign-on and second factors")
                without = "Public runs only" if self._open_window else "Go on without (public runs)"
                yield Button(without, id="without")

    def _where(self) -> str:
        return f"from {self._app_url}/authorize" if self._app_url else "from the page /authorize of your server"

    def _label(self, what: str, source: Source) -> str:
        return what if source is Source.NONE else f"{what} (empty keeps the one from the {_SOURCES[source]})"

    def on_mount(self) -> None:
        """Begin where something is missing."""
        self.query_one("#password" if self._state.username else "#username").focus()

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(False)

    def action_move(self, direction: int) -> None:
        """Go to the next or the previous field at once."""
        if direction > 0:
            self.focus_next()
        else:
            self.focus_previous()

    async def action_enter(self) -> None:
        """Enter goes on to the next field while the password is empty, else it signs in."""
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
            self._wrong("The password needs an e-mail address or a user name.", "#username")
        elif not password and not api_key:
            self._wrong("Enter a password, an API key, or both.", "#password")
        else:
            credentials = Credentials(username, password) if password else None
            remember = self.query_one("#remember", Checkbox).value
            self._begin(self._save(credentials, api_key or None, remember))

    @on(Button.Pressed, "#without")
    def _go_on_without(self) -> None:
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
            self._wrong(str(error), "#api-key")
        else:
            self.dismiss(True)
        finally:
            self._busy(False)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        """Do one thing at a time: a second Enter while the first is at work must neither save nor leave again."""
        if any(button.disabled for button in self.query(Button)):
            work.close()
            return
        self._busy(True)
        self.run_worker(work, group="save")

    async def _without(self) -> None:
        self._busy(True)
        await asyncio.to_thread(self._account.go_on_without)
        self.dismiss(True)

    @on(Button.Pressed, "#window")
    def _in_window(self) -> None:
        self._begin(self._by_hand())

    async def _by_hand(self) -> None:
        """Wait for the user, who is in the browser now; closing this screen closes the window."""
        if self._open_window is None:
            return
        self._busy(True)
        try:
            await asyncio.wrap_future(await asyncio.to_thread(self._open_window))
        except WandbTuiError as error:
            self._wrong(str(error), "#username")
        else:
            self.dismiss(True)
        finally:
            self._busy(False)

    def _wrong(self, text: str, field: str) -> None:
        self.say_wrong(text)
        self.query_one(field).focus()

    def _busy(self, busy: bool) -> None:
        for button in self.query(Button):
            button.disabled = busy


class Tick(Checkbox):
    """A box that is empty while it is not ticked: Textual's own keeps its X, in a darker colour."""

    def render(self) -> Content:
        """The box, its label."""
        self.BUTTON_INNER = "X" if self.value else " "
        return super().render()


_SOURCES = {
    Source.ENVIRONMENT: "environment",
    Source.NETRC: "netrc file",
    Source.KEYRING: "keyring",
    Source.MEMORY: "last sign-in",
}
