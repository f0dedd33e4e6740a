"""The dialog for the table's columns and sort order."""

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
from wandb_tui.ui.table.columns import ALWAYS_SHOWN, COLUMNS, TREND, Column
from wandb_tui.ui.table.view import SortOrder, TableView


class ColumnPicker(Dialog[None]):
    """Changes show at once in the table behind."""

    PLACES = (Scope.COLUMNS,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self,
        view: TableView,
        glyphs: Glyphs,
        fitting: Callable[[], Collection[str]],
        changed: Callable[[], None],
    ) -> None:
        """Create the dialog.

        Args:
            view: The table's view, which it changes.
            glyphs: The glyphs to draw with.
            fitting: Returns the keys of the columns that fit now.
            changed: Called after each change.
        """
        super().__init__()
        self._view = view
        self._glyphs = glyphs
        self._fitting = fitting
        self._changed = changed
        self._list = OptionList()

    def compose(self) -> ComposeResult:
        """A line for each column."""
        with Vertical(classes="dialog"):
            yield Static("Columns", classes="dialog-title")
            yield self._list
            as_added = Content(self.keys.label("Order added", "columns.as_added")).stylize("@click=screen.as_added")
            yield Static(
                as_added + " resets the sort order. Narrow terminals hide the least useful columns.",
                classes="dialog-note",
            )
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton("Sort", "columns.sort", id="sort")
                yield KeyButton("Compact", "columns.compact", id="compact")
                yield KeyButton("Close", "columns.close", id="close")

    def on_mount(self) -> None:
        """Show the current choice."""
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
        if column.key in ALWAYS_SHOWN:
            self.app.notify(f"{column.label.strip()} is always shown", timeout=3, markup=False)
            return
        if column.key == TREND and not self._view.metric:
            self.app.notify(self.keys.hint("No metric is chosen", "metric", "chooses one"), timeout=3, markup=False)
            return
        self._view.hidden ^= {column.key}
        self._show()

    def action_sort(self) -> None:
        """Sort by a column."""
        self._view.order = self._view.order.chosen(self._column().key)
        self._show()

    def action_as_added(self) -> None:
        """Sort in the order added."""
        self._view.order = SortOrder()
        self._show()

    def action_compact(self) -> None:
        """Toggle the compact table."""
        self._view.compact = not self._view.compact
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
        """More columns may fit, or fewer."""
        self._show_lines()

    def _show(self) -> None:
        self._changed()
        self._show_lines()

    def _show_lines(self) -> None:
        fitting = self._fitting()
        for column in COLUMNS:
            self._list.replace_option_prompt(column.key, self._line(column, fitting))

    def _line(self, column: Column, fitting: Collection[str]) -> Content:
        wanted = self._view
        shown = column.key not in wanted.hidden_columns and (column.compact or not wanted.compact)
        order = wanted.order
        arrow = ("▼" if order.reverse else "▲") if order.column == column.key else ""
        why = ""
        if column.key in ALWAYS_SHOWN:
            why = "always"
        elif column.key == TREND and not wanted.metric:
            why = "no metric is chosen"
        elif wanted.compact and not column.compact:
            why = "hidden in the compact table"
        elif shown and column.key not in fitting:
            why = "no room"
        return Content.assemble(
            (self._glyphs.text("✔ " if shown else "  "), "$success"),
            (f"{column.label.strip():<9}", "$foreground" if shown else "$quiet"),
            (self._glyphs.text(f"{arrow:<2}"), "$accent"),
            (why, "$quiet"),
        )
