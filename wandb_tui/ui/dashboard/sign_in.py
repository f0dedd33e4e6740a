"""The sign-in dialog: a browser sign-in, an API key, or neither."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace

from textual import on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from wandb_tui.core.account import AccountState, Credentials, Source
from wandb_tui.core.errors import KeyringError, WandbTuiError
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.dialog import Dialog, ErrorLine
from wandb_tui.ui.common.tick import Tick
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.input.input_drain import drained
from wandb_tui.ui.runtime.access import Access, AccountAccess
from wandb_tui.ui.runtime.drafts import SignInDraft
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

    # From the first key on: a password must not land in the field above.
    AUTO_FOCUS = ".first"

    def __init__(self, session: Session, account: AccountState | None, app_url: str, glyphs: Glyphs) -> None:
        """Create the dialog.

        Args:
            session: The services, and what was typed before.
            account: The account; None until it is known, see `account_known`.
            app_url: Base address of the server's pages; empty until it is known.
            glyphs: The glyphs to draw with.
        """
        super().__init__()
        self._session = session
        self._account = session.backend.account
        self._state = account
        self._problem = session.sign_in_problem
        self._host = session.backend.host
        self._open_window = session.backend.open_window
        self._app_url = app_url
        self._glyphs = glyphs
        self._draft = session.drafts.sign_in or SignInDraft(clean(account.username) if account else "", "", "")
        half_typed = bool(self._draft.password and not self._draft.api_key)
        self._at_password = bool(self._draft.username) and (half_typed or not self._draft.password)

    def compose(self) -> ComposeResult:
        """The fields for both, and a way to skip them."""
        draft = self._draft
        with Vertical(classes="dialog"):
            yield Static(Content(f"Sign in to {clean(self._host, 50)}"), classes="dialog-title")
            if self._problem:
                problem = self._glyphs.text(f"⚠ {clean(self._problem, 300)}")
                yield Static(Content.styled(problem, "$warning"), classes="dialog-text", id="problem")
            yield Label("Email or username, to visit the pages of your runs")
            yield Input(draft.username, id="username", classes="" if self._at_password else "first")
            yield Label(id="password-label")
            yield Input(
                draft.password,
                password=True,
                id="password",
                classes="first" if self._at_password else "",
                select_on_focus=False,
            )
            yield Label(id="api-key-label")
            yield Input(draft.api_key, password=True, id="api-key", placeholder=self._where(), select_on_focus=False)
            yield Static(classes="dialog-note", id="api-key-problem")
            yield Tick("Store in the system keyring", id="remember", disabled=True, compact=True)
            yield Static(classes="dialog-note", id="keyring-problem")
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

    def on_mount(self) -> None:
        """Show the account."""
        self._show_account()

    def account_known(self, account: AccountState) -> None:
        """Show an account that was still being read, without touching what has been typed meanwhile."""
        if self._state is None:
            self._state = account
            self._show_account()

    def _show_account(self) -> None:
        state = self._state
        self.query_one("#password-label", Label).update(_label("Password", state.password if state else Source.NONE))
        key_label = _label("API key, for private runs", state.api_key if state else Source.NONE)
        self.query_one("#api-key-label", Label).update(key_label)
        self._note("#api-key-problem", state.api_key_problem if state else "")
        problem = state.keyring_problem if state else "The system keyring has not answered yet."
        self._note("#keyring-problem", problem)
        # A box that cannot be ticked must not look as if the keyring were used.
        box = self.query_one("#remember", Tick)
        box.disabled, box.value = bool(problem), not problem
        username = self.query_one("#username", Input)
        if state is not None and not username.value and not username.has_focus:
            username.value = clean(state.username)

    def _note(self, selector: str, text: str) -> None:
        note = self.query_one(selector, Static)
        note.update(Content(self._glyphs.text(clean(text, 600))))
        note.display = bool(text)

    async def action_leave(self) -> None:
        """Close without changes; what was typed comes back when this is opened again."""
        await drained(self.focused)
        self._session.drafts.sign_in = SignInDraft(*self._typed) if any(self._typed) else None
        self.dismiss(False)

    def action_move(self, direction: int) -> None:
        """Focus the next or the previous field at once."""
        if direction > 0:
            self.focus_next()
        else:
            self.focus_previous()

    async def action_enter(self) -> None:
        """Go to the next field that is needed, else sign in."""
        field = self.focused
        if not isinstance(field, Input):
            raise SkipAction
        await drained(self.focused)
        username, password, api_key = self._typed
        has_key = bool(api_key or (self._state and self._state.can_probe))
        if field.id == "username" and not password:
            self.set_focus(self.query_one("#password"))
        elif password and not username:
            self._submit()
        elif field.id != "api-key" and not has_key:
            if password:
                self.show_error("Private runs need an API key. Press Enter again for public runs only.")
            self.set_focus(self.query_one("#api-key"))
        else:
            self._submit()

    @on(Input.Changed, "#api-key")
    def _key_edited(self) -> None:
        self.show_error("")

    @property
    def _typed(self) -> tuple[str, str, str]:
        """The username, the password and the API key as they stand in the fields."""
        username, password, api_key = (
            self.query_one(name, Input).value for name in ("#username", "#password", "#api-key")
        )
        return username.strip(), password, api_key.strip()

    @on(Button.Pressed, "#sign-in")
    def _submit(self) -> None:
        username, password, api_key = self._typed
        if password and not username:
            self._show_field_error("Enter an email address or a username with the password.", "#username")
        elif not password and not api_key:
            self._show_field_error("Enter a password, an API key, or both.", "#password")
        else:
            credentials = Credentials(username, password) if password else None
            remember = self.query_one("#remember", Tick).value
            self._begin(self._save(credentials, api_key or None, remember))

    @on(Button.Pressed, "#without")
    def _continue_signed_out(self) -> None:
        self._begin(self._without())

    async def _save(self, credentials: Credentials | None, api_key: str | None, remember: bool) -> None:
        self._busy(True)
        before = self._session.access
        # Before they are saved: a monitor may sign in with them at once.
        self._session.access = AccountAccess(
            before.sign_in if credentials is None else Access.UNTRIED,
            before.api_key if api_key is None else Access.UNTRIED,
        )
        try:
            await asyncio.to_thread(self._account.save, credentials, api_key, remember=remember)
        except KeyringError as error:
            self.app.notify(
                f"Used for this session only. {clean(error.message, 300)}", severity="warning", timeout=10, markup=False
            )
            self._done()
        except WandbTuiError as error:
            self._session.access = before
            self._show_field_error(str(error), "#api-key")
        else:
            self._done()
        finally:
            self._busy(False)

    def _done(self) -> None:
        """Close, and forget what was typed."""
        self._session.drafts.sign_in = None
        self.dismiss(True)

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
        self._session.access = AccountAccess()
        self._done()

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
            self._session.access = replace(self._session.access, sign_in=Access.ACCEPTED)
            self._done()
        finally:
            self._busy(False)

    def _show_field_error(self, text: str, field: str) -> None:
        self.show_error(text)
        # The dialog may have been closed while the secrets were being saved.
        self.query(field).focus()

    def _busy(self, busy: bool) -> None:
        for button in self.query(Button):
            button.disabled = busy


def _label(what: str, source: Source) -> str:
    if source is Source.IDENTITY:
        return f"{what} (leave empty to use the identity token)"
    return what if source is Source.NONE else f"{what} (empty: the one from the {_SOURCES[source]})"


_SOURCES = {
    Source.ENVIRONMENT: "environment",
    Source.NETRC: "netrc file",
    Source.KEYRING: "keyring",
    Source.MEMORY: "last sign-in",
}
