"""Choosing the columns of the table, and by which one it is sorted."""

from __future__ import annotations

from collections.abc import Callable, Collection

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.common.dialog import Dialog, KeyButton
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.table.columns import ALWAYS, COLUMNS, Column
from wandb_tui.ui.table.view import SortOrder, TableView


class ColumnPicker(Dialog[None]):
    """What is changed here is seen at once in the table behind."""

    PLACES = (Scope.COLUMNS,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self,
        arrangement: TableView,
        glyphs: Glyphs,
        fitting: Callable[[], Collection[str]],
        changed: Callable[[], None],
    ) -> None:
        """Offer what there is.

        Args:
            arrangement: What is wanted.
            glyphs: The signs to draw with.
            fitting: The keys of the columns for which there is room now.
            changed: Told when something else is wanted.
        """
        super().__init__()
        self._arrangement = arrangement
        self._glyphs = glyphs
        self._fitting = fitting
        self._changed = changed
        self._list = OptionList()

    def compose(self) -> ComposeResult:
        """A line for each column."""
        with Vertical(classes="dialog"):
            yield Static("Columns", classes="dialog-title")
            yield self._list
            as_added = Content(self.keys.label("As added", "columns.as_added")).stylize("@click=screen.as_added")
            yield Static(
                as_added + " sorts by none. Where it is narrow, what tells the least waits for room.",
                classes="dialog-note",
            )
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton("Sort", "columns.sort", id="sort")
                yield KeyButton("Compact", "columns.compact", id="compact")
                yield KeyButton("Close", "columns.close", id="close")

    def on_mount(self) -> None:
        """Show how it stands."""
        fitting = self._fitting()
        self._list.add_options([Option(self._line(column, fitting), id=column.key) for column in COLUMNS])
        self._list.highlighted = 0
        self._list.focus()

    def action_show_or_hide(self) -> None:
        """Show or hide a column; on a button, press it."""
        if isinstance(self.focused, Button):
            self.focused.press()
            return
        column = self._column()
        if column.key in ALWAYS:
            self.app.notify(f"{column.label.strip()} is always shown", timeout=3, markup=False)
            return
        self._arrangement.hidden ^= {column.key}
        self._show()

    def action_sort(self) -> None:
        """Sort by a column."""
        self._arrangement.order = self._arrangement.order.chosen(self._column().key)
        self._show()

    def action_as_added(self) -> None:
        """Sort by none."""
        self._arrangement.order = SortOrder()
        self._show()

    def action_compact(self) -> None:
        """Only the columns that tell the most."""
        self._arrangement.compact = not self._arrangement.compact
        self._show()

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.action_show_or_hide()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "sort":
                self.action_sort()
            case "compact":
                self.action_compact()
            case _:
                self.dismiss(None)

    def _column(self) -> Column:
        return COLUMNS[self._list.highlighted or 0]

    def on_resize(self) -> None:
        """There is room for more columns, or for fewer."""
        self._show_lines()

    def _show(self) -> None:
        self._changed()
        self._show_lines()

    def _show_lines(self) -> None:
        fitting = self._fitting()
        for column in COLUMNS:
            self._list.replace_option_prompt(column.key, self._line(column, fitting))

    def _line(self, column: Column, fitting: Collection[str]) -> Content:
        wanted = self._arrangement
        shown = column.key not in wanted.hidden and (column.compact or not wanted.compact)
        order = wanted.order
        arrow = ("▼" if order.reverse else "▲") if order.column == column.key else ""
        why = ""
        if column.key in ALWAYS:
            why = "always"
        elif wanted.compact and not column.compact:
            why = "not in the compact table"
        elif shown and column.key not in fitting:
            why = "no room now"
        return Content.assemble(
            (self._glyphs.text("✔ " if shown else "  "), "$success"),
            (f"{column.label.strip():<9}", "$foreground" if shown else "$quiet"),
            (self._glyphs.text(f"{arrow:<2}"), "$accent"),
            (why, "$quiet"),
        )
