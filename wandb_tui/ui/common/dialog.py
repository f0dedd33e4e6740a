"""Base class and widgets of all dialogs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, TypeVar, cast

from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static, TextArea

from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.key_bar import KeyBar
from wandb_tui.ui.input.actions import BY_ID, Scope
from wandb_tui.ui.input.key_map import KeyMap
from wandb_tui.ui.runtime.app_context import app_context

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A box over the dashboard, with a line for errors."""

    CSS_PATH = Path(__file__).with_name("dialogs.tcss")
    PLACES: ClassVar[tuple[Scope, ...]] = ()
    """The scopes whose actions are available here."""
    # The app's keys do not reach a dialog; in an input, a question mark is just a character.
    BINDINGS = [BY_ID["help"].binding]  # noqa: RUF012 - as Textual declares it

    def on_mount(self) -> None:
        """Show the keys of this dialog at the bottom, over those of the screen below."""
        self.key_bar.labels = self.key_labels
        self.mount(self.key_bar)
        self.watch(self, "focused", self._show_typing)

    def _show_typing(self, focused: Widget | None) -> None:
        self.key_bar.typing = isinstance(focused, Input | TextArea)

    @cached_property
    def key_bar(self) -> KeyBar:
        """The bar at the bottom."""
        return KeyBar(self.keys, *self.PLACES, dialog=True)

    @property
    def key_labels(self) -> Mapping[str, str]:
        """Labels in the key bar that say more than those of the actions, by full id."""
        return {}

    @property
    def keys(self) -> KeyMap:
        """The keys in use."""
        return app_context(self).session.keys

    @property
    def narrow(self) -> bool:
        """Whether the dialog is narrow."""
        return self.app.has_class("-narrow")

    def on_resize(self) -> None:
        """Adapt the buttons to the size."""
        for button in self.query(KeyButton):
            button.show_key()

    def show_error(self, text: str) -> None:
        """Show an error; an empty text hides it. Nothing is shown where the dialog has been closed meanwhile."""
        for line in self.query(".dialog-error").results(Static):
            line.update(Content(clean(text, 500)))
            line.display = bool(text)


class KeyButton(Button):
    """A button that shows its key, if there is room."""

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
        """Show the key."""
        self.show_key()

    def show_key(self) -> None:
        """Show or hide the key."""
        self.relabel(self._text, possible=not self.disabled)

    def relabel(self, text: str, *, possible: bool = True) -> None:
        """Change the label, and resize the button."""
        self._text = text
        dialog = cast("Dialog[object]", self.screen)
        label = Content(text if dialog.narrow else dialog.keys.label(text, self._action_id))
        if self.label != label:
            self.label = label
            self.refresh(layout=True)
        self.disabled = not possible


class ErrorLine(Static):
    """The line for errors, hidden while there is none."""

    def __init__(self) -> None:
        super().__init__(classes="dialog-error", markup=False)
