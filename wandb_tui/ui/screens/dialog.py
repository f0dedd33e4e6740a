"""What all dialogs share."""

from __future__ import annotations

from typing import TypeVar

from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from wandb_tui.ui.look import clean

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A box over the dashboard with a line for what is wrong."""

    # The app's own keys end at a dialog; in a line one types into, a question mark is just that.
    BINDINGS = [Binding("question_mark,f1", "app.help", "Help", show=False)]  # noqa: RUF012 - as Textual declares it

    def say_wrong(self, text: str) -> None:
        """Show what is wrong; an empty text hides the line."""
        line = self.query_one(".dialog-error", Static)
        line.update(Content(clean(text, 500)))
        line.display = bool(text)


def relabel(button: Button, label: str, *, possible: bool = True) -> None:
    """Let a button say what it does now, in as much room as that takes."""
    if button.label != Content(label):
        button.label = Content(label)
        button.refresh(layout=True)
    button.disabled = not possible


class ErrorLine(Static):
    """The line for what is wrong, hidden while nothing is."""

    def __init__(self) -> None:
        super().__init__(classes="dialog-error", markup=False)
