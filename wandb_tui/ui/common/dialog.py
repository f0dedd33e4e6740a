"""What all dialogs share."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeVar, cast

from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from wandb_tui.text.plain_text import clean
from wandb_tui.ui.input.actions import BY_ID, Scope
from wandb_tui.ui.input.key_map import KeyMap
from wandb_tui.ui.runtime.app_context import app_context

T = TypeVar("T")

_NARROW, _LOW, _FLAT = 80, 24, 14
"""Cells: below these a dialog does without its margins, then without what can be done without."""


class Dialog(ModalScreen[T]):
    """A box over the dashboard with a line for what is wrong."""

    PLACES: ClassVar[tuple[Scope, ...]] = ()
    """Whose actions can be used here."""
    # The app's own keys end at a dialog; in a line one types into, a question mark is just that.
    BINDINGS = [BY_ID["help"].binding]  # noqa: RUF012 - as Textual declares it

    @property
    def keys(self) -> KeyMap:
        """The keys in force."""
        return app_context(self).session.keys

    @property
    def narrow(self) -> bool:
        """Whether there is little room beside each other."""
        return self.app.size.width < _NARROW

    def on_resize(self) -> None:
        """Do without whatever there is no room for."""
        height = self.app.size.height
        self.set_class(self.narrow, "-narrow").set_class(height < _LOW, "-low").set_class(height < _FLAT, "-flat")
        for button in self.query(KeyButton):
            button.say_key()

    def say_wrong(self, text: str) -> None:
        """Show what is wrong; an empty text hides the line."""
        line = self.query_one(".dialog-error", Static)
        line.update(Content(clean(text, 500)))
        line.display = bool(text)


class KeyButton(Button):
    """A button that names the key that does the same, where there is room for it."""

    def __init__(
        self,
        text: str,
        action_id: str,
        *,
        id: str,  # noqa: A002 - as Textual names it
        variant: Literal["default", "primary", "error"] = "default",
        disabled: bool = False,
    ) -> None:
        super().__init__(Content(text), variant, id=id, disabled=disabled)
        self._text = text
        self._action_id = action_id

    def on_mount(self) -> None:
        """Name the key."""
        self.say_key()

    def say_key(self) -> None:
        """Name the key, or no longer."""
        self.say(self._text, possible=not self.disabled)

    def say(self, text: str, *, possible: bool = True) -> None:
        """Say what it does now, in as much room as that takes."""
        self._text = text
        dialog = cast("Dialog[object]", self.screen)
        label = Content(text if dialog.narrow else dialog.keys.label(text, self._action_id))
        if self.label != label:
            self.label = label
            self.refresh(layout=True)
        self.disabled = not possible


class ErrorLine(Static):
    """The line for what is wrong, hidden while nothing is."""

    def __init__(self) -> None:
        super().__init__(classes="dialog-error", markup=False)
