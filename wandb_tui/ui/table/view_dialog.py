"""The dialog for saving what the table shows as a view."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from wandb_tui.ui.common.dialog import Dialog, KeyButton
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.input.input_drain import drained


@dataclass(frozen=True, slots=True)
class ViewChoice:
    """A choice to save or to delete a view.

    Attributes:
        name: Its name.
        delete: Whether to delete it; otherwise the table is saved under its name.
    """

    name: str
    delete: bool = False


class ViewDialog(Dialog[ViewChoice | None]):
    """Returns the choice, or None."""

    PLACES = (Scope.VIEW,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(self, name: str, known: Collection[str]) -> None:
        """Ask for a name.

        Args:
            name: The name of the view that the table shows; empty if it shows none.
            known: The names of all views.
        """
        super().__init__()
        self._known = known
        self._input = Input(name, placeholder="a name, such as failed", max_length=40)

    def compose(self) -> ComposeResult:
        """The name and the buttons."""
        with Vertical(classes="dialog"):
            yield Static("Save view", classes="dialog-title")
            yield Static("The filter, the sort order and the columns, under a name.", classes="dialog-note")
            yield self._input
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton("Save", "view.submit", variant="primary", id="save")
                yield KeyButton("Delete", "view.delete", variant="error", id="delete")
                yield KeyButton("Cancel", "view.close", id="cancel")

    def on_mount(self) -> None:
        """Focus the name."""
        self.set_focus(self._input)
        self._typed()

    @on(Input.Changed)
    def _typed(self) -> None:
        known = self._chosen in self._known
        self.query_one("#save", Button).label = "Replace" if known else "Save"
        self.query_one("#delete", Button).disabled = not known
        self.key_bar.disabled_actions = frozenset() if known else frozenset({"view.delete"})

    @property
    def _chosen(self) -> str:
        return self._input.value.strip()

    async def action_submit(self) -> None:
        """Press the focused button, else save."""
        if isinstance(self.focused, Button) and self.focused.id != "save":
            self.focused.press()
            return
        await drained(self._input)
        if self._chosen:
            self.dismiss(ViewChoice(self._chosen))

    async def action_delete(self) -> None:
        """Delete the view of this name."""
        await drained(self._input)
        if self._chosen in self._known:
            self.dismiss(ViewChoice(self._chosen, delete=True))

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "save" if self._chosen:
                self.dismiss(ViewChoice(self._chosen))
            case "delete":
                await self.action_delete()
            case "cancel":
                self.dismiss(None)
