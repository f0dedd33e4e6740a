"""A question before something that hurts."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class Confirm(ModalScreen[bool]):
    """Asks once; `y` and Enter mean yes, `n` and Escape no."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("y,enter", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
        Binding("left,right,tab", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self, question: str, detail: str, *, yes: str, no: str = "Stay") -> None:
        super().__init__()
        self._question = question
        self._detail = detail
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._question), classes="dialog-title")
            if self._detail:
                yield Static(Content(self._detail), classes="dialog-text")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content(f"{self._yes} (y)"), variant="error", id="yes")
                yield Button(Content(f"{self._no} (n)"), id="no")

    def action_answer(self, answer: bool) -> None:
        """Leave with the answer; Enter on a focused button is that button's."""
        if isinstance(self.focused, Button):
            answer = answer and self.focused.id == "yes"
        self.dismiss(answer)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button was clicked."""
        self.dismiss(event.button.id == "yes")
