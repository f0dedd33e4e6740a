"""The dashboard's table: shows the watch list through sort, filter and columns, and selects runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from textual import on
from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.run_prompts import hint
from wandb_tui.ui.plots.palette import assigned
from wandb_tui.ui.runtime.ports import Lineage
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.branches import RunBranches
from wandb_tui.ui.table.columns import TREND
from wandb_tui.ui.table.downloads import RunDownloads
from wandb_tui.ui.table.run_facts import FactsCache
from wandb_tui.ui.table.run_forest import ancestors
from wandb_tui.ui.table.run_grid import RunGrid
from wandb_tui.ui.table.trends import Trends
from wandb_tui.ui.table.view import SortOrder, TableView

_FACTS_WHILE_TYPING = 200
"""Of how many runs values are loaded to complete their names, before the filter asks for any."""


class RunTable(RunGrid):
    """The table and its actions: sorting, columns, forks and selection."""

    class ViewChanged(Message):
        """Rows were added or removed, or their order changed."""

    class RowsChanged(Message):
        """An action changed some rows."""

        def __init__(self, rows: list[WatchedRun]) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        self.facts = FactsCache(session)
        trends = Trends(session)
        super().__init__(
            glyphs,
            session.clock,
            TableView(self.facts, trends.last, lambda: list(session.queries)),
            RunDownloads(session),
            RunBranches(session),
            trends=trends,
        )
        self._session = session
        self._last_run: RunAddress | None = None
        self.no_match_text = session.keys.hint("No run matches the filter", "clear", "shows all again")

    # Rows

    def reload(self, onto: RunAddress | None = None) -> None:
        """Show the watch list through the view.

        Args:
            onto: A run to put the cursor on; it is shown even if the filter would hide it.
        """
        ascii_look = self._glyphs.ascii
        self.show(self.view.rows(self._session.watch_list, self._session.now, onto or self.run, ascii_look=ascii_look))
        if onto is not None:
            self.go_to(onto)
        self.selection.retain(self._session.watch_list)
        if self.view.tree:
            self._look_up_forks()

    def go_to(self, run: RunAddress) -> None:
        """Move the cursor to a run, unless the filter hides it; if it is folded away, unfold it."""
        folded = self.view.folded.intersection(ancestors(run, self.view.links))
        query = next((str(row.query) for row in self._session.queries if run in row), "")
        if folded or (query in self.view.folded_queries and run not in self):
            self.view.folded -= folded
            self.view.folded_queries.discard(query)
            self.reload()
        super().go_to(run)

    def reload_if_moved(self, changed: Iterable[WatchedRun]) -> bool:
        """Reload if changed rows may belong elsewhere, or nowhere; whether they did."""
        moved = self.view.may_move(changed, self._session.now, self.run)
        if moved:
            self.reload()
        return moved

    def cursor_moved(self) -> None:
        """Let a range follow the cursor, and hide the run it has left if that was visible only for the cursor."""
        # Of ten thousand runs, no list is made at each key.
        if self.selection.has_range and self.selection.cursor_moved(self.shown, self.run):
            self.tick()
        left, self._last_run = self._last_run, self.run
        row = self._session.watch_list.get(left) if left is not None and left != self._last_run else None
        shown = row is not None and row.run in self and row.run not in self.view.dimmed
        if row is not None and shown and not self.view.filter.matches(row, self._session.now):
            self.reload()

    # The selection

    def plot(self) -> dict[RunAddress, int]:
        """Mark the runs that an action applies to, at most eight, with the signs and colours of their curves."""
        self.cells.plotted = assigned(self.targets(), self.cells.plotted)
        self.tick()
        return self.cells.plotted

    def end_plot(self) -> None:
        """Mark no runs as plotted."""
        if self.cells.plotted:
            self.cells.plotted = {}
            self.tick()

    @property
    def selected_count(self) -> int:
        """The number of selected runs among those shown: hidden ones are left alone by actions."""
        return sum(run in self.selection for run in self.shown) if len(self.selection) else 0

    def targets(self) -> list[RunAddress]:
        """The runs an action applies to: the selected ones that are shown, else that or those under the cursor."""
        watch_list = self._session.watch_list
        if len(self.selection) and (
            selected := [run for run in self.shown if run in self.selection and run in watch_list]
        ):
            return selected
        if self.heading is not None:
            return [row.run for row in self.heading.rows if row.run in watch_list]
        return [self.run] if self.run is not None and self.run in watch_list else []

    def target_rows(self) -> list[WatchedRun]:
        """The rows an action applies to."""
        return self.rows_of(self.targets())

    def rows_of(self, runs: Iterable[RunAddress]) -> list[WatchedRun]:
        """The rows of those runs that are on the list."""
        return [self._session.watch_list[run] for run in runs if run in self._session.watch_list]

    @property
    def _matching(self) -> list[RunAddress]:
        """The runs shown that match the filter."""
        return [run for run in self.shown if run not in self.view.dimmed]

    def action_select(self) -> None:
        """Select the run under the cursor and move down."""
        below = self.heading.rows if self.heading is not None else ()
        runs = [self.run] if self.run is not None else [row.run for row in below if row.run in self]
        if runs:
            self.selection.toggle(runs)
            self.action_cursor_down()
            self.selection_changed()
        elif below:
            hint(self, self._session.keys.hint("The runs are folded", "unfold_forks", "shows them"))

    def action_select_all(self) -> None:
        """Select all runs shown, or none."""
        self.selection.toggle(self._matching)
        self.selection_changed()

    def action_invert_selection(self) -> None:
        """Invert the selection."""
        self.selection.invert(self._matching)
        self.selection_changed()

    def action_select_range(self) -> None:
        """Start a range that follows the cursor, or end it."""
        if self.selection.held:
            self.selection.end_range()
        elif self.run is not None:
            self.selection.begin_range(self.run, held=True)
            hint(self, self._session.keys.hint("Move to the other end of the range", "select_range", "ends it"))
        self.selection_changed()

    def action_select_up(self) -> None:
        """Extend the selection to the run above."""
        self._extend(self.action_cursor_up)

    def action_select_down(self) -> None:
        """Extend the selection to the run below."""
        self._extend(self.action_cursor_down)

    def _extend(self, move: Callable[[], None]) -> None:
        if self.run is None:
            return
        self.selection.begin_range(self.run)
        move()
        self.selection.extend(self.shown, self.run)
        self.selection_changed()

    def clear_selection(self) -> bool:
        """End the range, else clear the selection; whether there was either."""
        if self.selection.held:
            self.selection.end_range()
        elif len(self.selection):
            self.selection.clear()
            count = self.selection.cleared
            told = "Selection cleared" if count == 1 else f"Selection of {count} runs cleared"
            hint(self, self._session.keys.hint(told, "undo", "undoes this"))
        else:
            return False
        self.selection_changed()
        return True

    def selection_changed(self) -> None:
        """Show that other runs are selected, and tell the screen."""
        self.tick()
        self.post_message(self.SelectionChanged())

    # The view

    @on(RunGrid.SortWanted)
    def _heading_clicked(self, event: RunGrid.SortWanted) -> None:
        self.sort_by(self.view.order.chosen(event.column))

    def restore_view(self) -> None:
        """Sort, filter and choose columns as at the end of the last session."""
        self.view.restore(self._session.view.get("table"))

    def restore_cursor(self) -> None:
        """Move the cursor to where it was at the end of the last session, if that run is shown."""
        saved = self._session.view.get("cursor")
        if (run := next((run for run in self.shown if str(run) == saved), None)) is not None:
            self.go_to(run)

    def remember_cursor(self) -> None:
        """Save the run under the cursor for the next start, such as that of a page that is loaded again."""
        if self.run is not None:
            self._session.remember("cursor", str(self.run))

    def filter_by(self, text: str) -> None:
        """Show only the runs that match."""
        self.view.filter_by(text)
        self.view_changed()

    def load_facts(self, *, typing: bool, views: bool = False) -> bool:
        """Load what the filter asks for, and show the runs that match by now; to be called once a second.

        Args:
            typing: Whether a filter is being typed: then some are loaded, so that their names can be completed.
            views: Whether the filter of a saved view asks for facts as well.

        Returns:
            Whether the server has answered since the last call.
        """
        wanted = list(self._session.watch_list) if self._uses_facts or typing or views else []
        if typing and not (self._uses_facts or views):
            wanted = wanted[:_FACTS_WHILE_TYPING]
        if not wanted and not self.view.ticks:
            return False
        news = self.facts.load(wanted)
        if (news and self._uses_facts) or self.view.due(self._session.now):
            self.reload_and_tell()
        return news

    @property
    def facts_missing(self) -> int:
        """Of how many runs the values that the filter asks for are unknown yet."""
        return self.facts.missing(self._session.watch_list) if self._uses_facts and not self.facts.error else 0

    @property
    def facts_error(self) -> str:
        """The reason why the values that the filter asks for cannot be loaded; empty if they can."""
        return self.facts.error if self._uses_facts else ""

    @property
    def _uses_facts(self) -> bool:
        return self.view.filter.uses_facts

    def show_trend(self, metric: str) -> None:
        """Show small curves of a metric; an empty name: none."""
        if self.view.metric != metric:
            self.view.metric = metric
            self.view.hidden -= {TREND}
            self.view_changed()
            if metric and not any(column.key == TREND for column in self.columns):
                hint(self, f"The terminal is too narrow for a column of {clean(metric, 100)}")

    def load_trends(self) -> None:
        """Load the small curves in sight, or all where they decide the order; to be called once a second."""
        if not self.view.metric or not any(column.key == TREND for column in self.columns):
            return
        sorts = self.view.order.column == TREND
        if self.trends.load(self.view.metric, self._session.watch_list if sorts else self.in_sight):
            if sorts:
                self.reload_and_tell()
            self.tick()

    def sort_by(self, order: SortOrder) -> None:
        """Sort the rows."""
        self.view.order = order
        self.view_changed()

    def sort_as_added(self) -> None:
        """Show the runs in the order they were added."""
        self.sort_by(SortOrder())

    def action_sort(self) -> None:
        """Cycle the sort column."""
        self.sort_by(self.view.order.next([column.key for column in self.columns]))

    def action_sort_reverse(self) -> None:
        """Reverse the order."""
        self.sort_by(self.view.order.reversed_order)

    def action_compact(self) -> None:
        """Show only the most useful columns, or all that fit."""
        self.view.compact = not self.view.compact
        self.view_changed()

    def action_tree(self) -> None:
        """Show the runs as trees of forks, or as a list."""
        self.view.tree = not self.view.tree
        if self.view.tree:
            self.view.forest.forget_unknown()
        self.view_changed()

    def action_fold_forks(self) -> None:
        """Hide the runs below the heading or the forks of the run under the cursor, or go to its parent or heading."""
        run = self.run
        if self.heading is not None and not self.heading.folded:
            self.toggle_heading()
        elif run is None:
            return
        elif self.view.tree and run in self.view.links.values() and run not in self.view.folded:
            self.view.folded.add(run)
            self.view_changed()
        elif (parent := self.view.links.get(run)) is not None:
            self.go_to(parent)
        else:
            self.go_to_heading()

    def action_unfold_forks(self) -> None:
        """Show the forks of the run under the cursor again, or go to the first one."""
        run = self.run
        if self.heading is not None:
            if self.heading.folded:
                self.toggle_heading()
            elif self.heading.rows:
                self.action_cursor_down()
        elif run in self.view.folded and self.view.tree:
            self.view.folded.discard(run)
            self.view_changed()
        elif run is not None and any(self.view.links.get(below) == run for below in self.from_cursor[1:2]):
            self.action_cursor_down()

    @on(RunGrid.FoldWanted)
    def toggle_heading(self) -> None:
        """Hide the runs below the heading under the cursor, or show them again."""
        if self.heading is not None:
            self.view.folded_queries ^= {str(self.heading.query)}
            self.view_changed()

    def _look_up_forks(self) -> None:
        """Ask where runs came from whose origin is not known yet."""
        lineage = self._session.backend.lineage
        if lineage is not None and (runs := self.view.forest.unasked(row.run for row in self._session.watch_list)):
            self.run_worker(self._learn_origins(lineage, runs))

    async def _learn_origins(self, make: Callable[[], Lineage], runs: list[RunAddress]) -> None:
        try:
            origins = await asyncio.to_thread(lambda: make().of_runs(runs))
        except WandbTuiError as error:
            hint(self, f"Forks cannot be shown: {error}")
            return
        self.view.forest.learn(origins)
        self.reload_and_tell()
        if self.view.tree and not self.view.links:
            hint(self, "No run here was forked from another one on the list")

    def action_columns(self) -> None:
        """Open the dialog for columns and sorting."""
        from wandb_tui.ui.table.column_picker import ColumnPicker

        self.app.push_screen(ColumnPicker(self.view, self._glyphs, self._visible_columns, self.view_changed))

    def _visible_columns(self) -> set[str]:
        self.relayout()
        return {column.key for column in self.columns}

    def view_changed(self) -> None:
        """Remember the view for the next start, and show the watch list through it."""
        self._session.remember("table", self.view.saved())
        self.reload_and_tell()

    def reload_and_tell(self, onto: RunAddress | None = None) -> None:
        """Reload, and tell the screen."""
        self.reload(onto)
        self.post_message(self.ViewChanged())

    def mention_hidden(self, runs: Iterable[RunAddress]) -> None:
        """Show a message if the filter hides runs that were just added."""
        rows = self.rows_of(runs)
        if hidden := sum(row.run not in self and not self.view.filter.matches(row, self._session.now) for row in rows):
            text = f"The filter hides {hidden} of them" if hidden > 1 else "The filter hides it"
            hint(self, self._session.keys.hint(text, "clear", "shows all"))
