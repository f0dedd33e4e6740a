"""What all dialogs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from wandb_tui.ui.actions import BY_ID, Where
from wandb_tui.ui.keys import KeyTable
from wandb_tui.ui.look import clean

if TYPE_CHECKING:
    from wandb_tui.ui.app import WandbTuiApp

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A box over the dashboard with a line for what is wrong."""

    PLACES: ClassVar[tuple[Where, ...]] = ()
    """Whose actions can be used here."""
    # The app's own keys end at a dialog; in a line one types into, a question mark is just that.
    BINDINGS = [BY_ID["help"].binding]  # noqa: RUF012 - as Textual declares it

    @property
    def keys(self) -> KeyTable:
        """The keys in force."""
        return cast("WandbTuiApp", self.app).session.keys

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
