"""The actions on the selected runs: cancel, restart, visit, download, fork, remove, and undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.dom import DOMNode

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.query_list import FollowedQuery
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.run_prompts import confirm_runs, hint, named
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.runtime.undo import UndoOutcome
from wandb_tui.ui.table.run_table import RunTable

if TYPE_CHECKING:
    # Imported with the dialog that gives orders.
    from wandb_tui.core.branch_order import BranchOrder


class RunActions(DOMNode):
    """The actions on the table's selected runs, else on the run or the query under its cursor."""

    def __init__(self, session: Session, table: RunTable, glyphs: Glyphs) -> None:
        super().__init__()
        self._session = session
        self._table = table
        self._glyphs = glyphs

    def action_cancel(self) -> None:
        """Cancel forks, rewinds and attempts in progress; asks first if there are several attempts."""
        runs = self._active_targets()
        given_up = [run for run in self._table.targets() if self._table.branches.cancel(run)]
        if not runs and given_up:
            hint(self, "Cancelling…")
        elif not runs:
            hint(self, "No attempt is in progress")
        elif len(runs) == 1:
            self._each(runs, self._session.cancel)
        else:
            detail = "They stay on the list and can be restarted."
            self._confirm("Cancel", runs, detail, lambda: self._each(runs, self._session.cancel))

    def action_restart(self) -> None:
        """Start new attempts; asks first if that stops several."""
        runs, active = self._table.targets(), self._active_targets()
        if len(active) > 1:
            detail = f"{len(active)} attempts in progress are stopped first."
            self._confirm("Restart", runs, detail, lambda: self._each(runs, self._session.restart))
        else:
            self._each(runs, self._session.restart)

    def action_visit(self) -> None:
        """Visit the runs' pages again."""
        runs = self._active_targets()
        if not runs:
            hint(self, self._session.keys.hint("No attempt is in progress", "restart", "starts one"))
        self._each(runs, self._session.watch_list.visit)

    def action_download(self) -> None:
        """Download the runs' histories; asks first if there are several."""
        folder, runs = self._table.downloads.folder, self._table.targets()
        if folder is None:
            hint(self, "Nothing can be downloaded here")
        elif len(runs) == 1:
            self._download(runs)
        elif runs:
            rows, detail = self._table.rows_of(runs), f"Their histories go to {folder}."
            confirm_runs(self, "Download", rows, detail, lambda: self._download(runs), no="Not now")

    def _download(self, runs: list[RunAddress]) -> None:
        begun, waiting = self._table.downloads.request(self._table.rows_of(runs))
        if waiting:
            which = "It is" if waiting == 1 else f"{waiting} are"
            hint(self, f"{which} downloaded as soon as the goal is met")
        elif not begun:
            hint(self, "Already under way")
        self._changed(self._table.rows_of(runs))

    def action_branch(self) -> None:
        """Fork or rewind the run under the cursor."""
        from wandb_tui.ui.table.branch_dialog import BranchDialog

        service = self._session.backend.branches
        row = self._session.watch_list.get(self._table.run) if self._table.run is not None else None
        if service is None or row is None:
            hint(self, "No run can be forked here")
            return

        def begin(order: BranchOrder | None) -> None:
            if order is None:
                return
            begun = self._table.branches.start(order)
            if begun is None:
                hint(self, "Already under way for this run")
            else:
                self._changed([begun])

        name = named([row], self._session.watch_list)
        self.app.push_screen(BranchDialog(name, row, service, self._glyphs), begin)

    def action_goal(self) -> None:
        """Change the goal."""
        from wandb_tui.ui.table.goal_dialog import GoalDialog

        rows, query = self._table.target_rows(), self._query_target
        if not rows and query is None:
            return
        goals = {row.goal for row in rows} | ({query.goal} if query else set())
        current = goals.pop() if len(goals) == 1 else None

        def change(goal: Goal | None) -> None:
            if goal is not None and query is not None and query.query in self._session.queries:
                self._session.queries.follow(query.query, goal)
            if goal is not None:
                self._each([row.run for row in rows], lambda run: self._session.change_goal(run, goal))

        name = clean(str(query.query), 100) if query else named(rows, self._session.watch_list)
        self.app.push_screen(GoalDialog(name, current, self._glyphs), change)

    @property
    def _query_target(self) -> FollowedQuery | None:
        """The query under the cursor, where an action applies to it rather than to selected runs."""
        return (
            self._table.heading.followed if self._table.heading is not None and not self._table.selected_count else None
        )

    def action_remove(self) -> None:
        """Remove the runs from the list; asks first if there are several. A query is no longer followed instead."""
        if (query := self._query_target) is not None:
            self._session.queries.unfollow(query.query)
            self._table.reload_and_tell()
            stay = "its runs stay" if len(query.run_ids) else "it had no run yet"
            hint(self, f"{clean(str(query.query), 100)} is no longer followed; {stay}")
            return
        runs = self._table.targets()

        def remove() -> None:
            present = [run for run in runs if run in self._session.watch_list]
            self._table.selection.forget_cleared()
            self._session.remove(present)
            self._table.reload_and_tell()
            removed = "Run removed" if len(present) == 1 else f"{len(present)} runs removed"
            hint(self, self._session.keys.hint(removed, "undo", "undoes this"))

        if len(runs) == 1:
            remove()
        elif runs:
            detail = self._session.keys.hint("Running monitors are cancelled", "undo", "undoes this")
            self._confirm("Remove", runs, f"{detail}.", remove)

    def action_undo(self) -> None:
        """Select what was just cleared again, else put the runs removed last back on the list."""
        if self._table.selection.cleared:
            self._table.selection.restore()
            self._table.selection_changed()
            return
        self._show_undone(self._session.undo, "Undid", self._session.keys.hint("", "redo", "redoes it"))

    def action_redo(self) -> None:
        """Do again what was undone last."""
        self._show_undone(self._session.redo, "Redid", "")

    def _show_undone(self, apply: Callable[[], UndoOutcome | None], verb: str, advice: str) -> None:
        from wandb_tui.ui.table.undo_texts import changed_rows, undo_texts

        app_context(self).event_pump.expedite()
        outcome = apply()
        if outcome is None:
            hint(self, f"There is nothing to {'undo' if verb == 'Undid' else 'redo'}")
            return
        runs = [row.run for row in changed_rows(outcome) if row.run in self._session.watch_list]
        self._table.reload_and_tell(runs[0] if runs else None)
        self._changed(self._table.rows_of(runs))
        self._table.mention_hidden(runs)
        for text in undo_texts(outcome, verb, self._session.watch_list, advice):
            hint(self, text)

    def _each(self, runs: list[RunAddress], action: Callable[[RunAddress], None]) -> None:
        present = [run for run in runs if run in self._session.watch_list]
        app_context(self).event_pump.expedite()
        with self._session.history.one_change():
            for run in present:
                action(run)
        self._changed(self._table.rows_of(present))

    def _confirm(self, verb: str, runs: list[RunAddress], detail: str, on_confirm: Callable[[], None]) -> None:
        confirm_runs(self, verb, self._table.rows_of(runs), detail, on_confirm)

    def _active_targets(self) -> list[RunAddress]:
        """The targets with an attempt in progress."""
        return [row.run for row in self._table.target_rows() if row.active]

    def _changed(self, rows: list[WatchedRun]) -> None:
        self._table.post_message(RunTable.RowsChanged(rows))
