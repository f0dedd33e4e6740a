"""What one can do with the table itself: sort, filter, choose columns, mark."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.widgets import Input

from wandb_tui.core.address import RunAddress
from wandb_tui.ui.input.actions import BY_ID
from wandb_tui.ui.table.filter_bar import FilterBar
from wandb_tui.ui.table.run_actions import RunActions
from wandb_tui.ui.table.run_table import RunTable
from wandb_tui.ui.table.view import SortOrder, TableView


class TableActions(RunActions):
    """The actions that change what is shown, and what is marked."""

    arrangement: TableView
    filter_bar: FilterBar

    # In what order, which columns

    def action_sort(self) -> None:
        """By the next column."""
        self._sort(self.arrangement.order.next([column.key for column in self.table.columns]))

    def action_sort_reverse(self) -> None:
        """The other way round."""
        self._sort(self.arrangement.order.turned)

    def sort_as_added(self) -> None:
        """By no column."""
        self._sort(SortOrder())

    @on(RunTable.SortWanted)
    def _heading_clicked(self, event: RunTable.SortWanted) -> None:
        self._sort(self.arrangement.order.chosen(event.column))

    def action_compact(self) -> None:
        """The columns that tell the most, or all that fit."""
        self.arrangement.compact = not self.arrangement.compact
        self._arranged()

    def action_columns(self) -> None:
        """Choose columns, and by which one to sort."""
        from wandb_tui.ui.table.column_picker import ColumnPicker

        self.app.push_screen(ColumnPicker(self.arrangement, self.glyphs, self._columns_that_fit, self._arranged))

    def _columns_that_fit(self) -> set[str]:
        self.table.relayout()
        return {column.key for column in self.table.columns}

    def _sort(self, order: SortOrder) -> None:
        self.arrangement.order = order
        self._arranged()

    def take_back_arrangement(self) -> None:
        """Sort, filter and show the columns as it was at the end of the last session."""
        self.arrangement.restore(self.session.view.get("table"))
        self.filter_bar.put(self.arrangement.filter.text)

    def mention_hidden(self, runs: Iterable[RunAddress]) -> None:
        """Say so if the filter hides runs that have just been added."""
        hidden = sum(run not in self.table for run in runs)
        if hidden:
            what = f"The filter hides {hidden} of them" if hidden > 1 else "The filter hides it"
            self.hint(self.session.keys.hint(what, "clear", "shows all"))

    def _arranged(self) -> None:
        self.session.remember("table", self.arrangement.kept())
        self.refresh_all()

    # Which runs

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is typed into a line belongs there."""
        known = BY_ID.get(action)
        if known is not None and known.priority and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        """Type a filter."""
        self.filter_bar.open()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.arrangement.filter_by(event.value)
        self._arranged()

    # Marks

    def action_mark(self) -> None:
        """Mark the run under the cursor, and go on to the next."""
        if self.table.run is not None:
            self.table.selection.toggle([self.table.run])
            self.table.action_cursor_down()
            self.marked()

    def action_mark_all(self) -> None:
        """Mark all that are shown, or none."""
        self.table.selection.toggle(self.table.shown)
        self.marked()

    def action_mark_others(self) -> None:
        """Mark what is not marked, and no longer what is."""
        self.table.selection.invert(self.table.shown)
        self.marked()

    def action_mark_range(self) -> None:
        """Begin a range that follows the cursor, or end it."""
        selection = self.table.selection
        if selection.held:
            selection.end_range()
        elif self.table.run is not None:
            selection.begin_range(self.table.run, held=True)
            self.hint(self.session.keys.hint("Move to the other end of the range", "mark_range", "ends it"))
        self.marked()

    def action_mark_up(self) -> None:
        """Mark up to the run above."""
        self._extend(-1)

    def action_mark_down(self) -> None:
        """Mark up to the run below."""
        self._extend(+1)

    def action_clear(self) -> None:
        """End the range; else mark nothing; else show all runs again."""
        selection = self.table.selection
        if selection.held:
            selection.end_range()
        elif len(selection):
            selection.clear()
        else:
            self.filter_bar.action_drop()
        self.marked()

    def _extend(self, by: int) -> None:
        table = self.table
        if table.run is None:
            return
        table.selection.begin_range(table.run)
        if by < 0:
            table.action_cursor_up()
        else:
            table.action_cursor_down()
        table.selection.extend(table.shown, table.run)
        self.marked()

    @on(RunTable.Marked)
    def marked(self) -> None:
        """The marks have changed."""
        self.table.tick()
        self.refresh_bars()

    def refresh_bars(self) -> None:
        """What stands above and below the table may have changed."""
