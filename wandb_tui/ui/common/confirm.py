"""A confirmation before an action."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from wandb_tui.ui.common.dialog import Dialog, KeyButton
from wandb_tui.ui.input.actions import Scope, bindings


class Confirm(Dialog[bool]):
    """Asks yes or no; Enter means yes unless that is risky."""

    PLACES = (Scope.CONFIRM,)
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        *bindings(*PLACES),
        Binding("left,right,tab", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self, question: str, detail: str, *, yes: str, no: str = "Stay", enter: bool = True) -> None:
        super().__init__()
        self._question = question
        self._detail = detail
        self._yes = yes
        self._no = no
        self._enter = enter

    def compose(self) -> ComposeResult:
        """The question and two buttons."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._question), classes="dialog-title")
            if self._detail:
                yield Static(Content(self._detail), classes="dialog-text")
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton(self._yes, "confirm.yes", variant="error", id="yes")
                yield KeyButton(self._no, "confirm.no", id="no")

    def update_detail(self, detail: str) -> None:
        """Show another text below the question."""
        self.query_one(".dialog-text", Static).update(Content(detail))

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)

    def action_enter(self) -> None:
        """Press the focused button, if any."""
        self.dismiss(self.focused.id == "yes" if isinstance(self.focused, Button) else self._enter)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Close with the button's answer."""
        self.dismiss(event.button.id == "yes")
