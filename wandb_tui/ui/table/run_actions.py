"""What one can do with runs from the dashboard: with the marked ones, else with the one under the cursor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.common.run_screen import RunScreen, named
from wandb_tui.ui.table.run_table import RunTable

if TYPE_CHECKING:
    from wandb_tui.ui.app.app import WandbTuiApp


class RunActions(RunScreen):
    """The actions that change runs."""

    table: RunTable

    @abstractmethod
    def refresh_all(self, onto: RunAddress | None = None) -> None:
        """Rows may have come or gone; the cursor goes to a run, where one is given, and shows it in any case."""

    @abstractmethod
    def mention_hidden(self, runs: Iterable[RunAddress]) -> None:
        """Say so if the filter hides runs that have just come."""

    def targets(self) -> list[RunAddress]:
        """The marked runs that are shown, else the one under the cursor."""
        watch_list, selection = self.session.watch_list, self.table.selection
        if len(selection) and (marked := [run for run in self.table.shown if run in selection and run in watch_list]):
            return marked
        run = self.table.run
        return [run] if run is not None and run in watch_list else []

    def target_rows(self) -> list[WatchedRun]:
        """Their rows."""
        return [self.session.watch_list[run] for run in self.targets()]

    def active_targets(self) -> list[RunAddress]:
        """Those of them with an attempt under way."""
        return [run for run in self.targets() if self.session.watch_list[run].active]

    def action_cancel(self) -> None:
        """Cancel the attempts."""
        runs = self.active_targets()
        if not runs:
            self.hint("No attempt is under way there")
        self._ask_if_many(runs, "Cancel", "They stay on the list and can be restarted.", self.session.cancel)

    def action_restart(self) -> None:
        """Begin the next attempts; with a question where that ends several."""
        runs, active = self.targets(), self.active_targets()
        if len(active) > 1:
            detail = f"{len(active)} of them are under way; those attempts end first."
            self.ask("Restart", runs, detail, lambda: self._each(runs, self.session.restart))
        else:
            self._each(runs, self.session.restart)

    def action_visit(self) -> None:
        """Visit again."""
        runs = self.active_targets()
        if not runs:
            self.hint(self.session.keys.hint("No attempt is under way there", "restart", "begins one"))
        self._each(runs, self.session.watch_list.visit)

    def action_details(self) -> None:
        """Show all that is known of the run under the cursor."""
        run = self.pointed_at
        row = self.session.watch_list.get(run) if run is not None else None
        if row is not None:
            from wandb_tui.ui.details.screen import DetailsScreen

            self.app.push_screen(DetailsScreen(self.session, row, self.glyphs))

    @property
    def pointed_at(self) -> RunAddress | None:
        """The one run that is meant where an action is for one."""
        return self.table.run

    def action_goal(self) -> None:
        """Wait for something else."""
        from wandb_tui.ui.table.goal_dialog import GoalDialog

        runs = self.targets()
        if not runs:
            return
        goals = {self.session.watch_list[run].goal for run in runs}
        now = goals.pop() if len(goals) == 1 else None

        def change(goal: Goal | None) -> None:
            if goal is not None:
                self._each(runs, lambda run: self.session.change_goal(run, goal))

        self.app.push_screen(GoalDialog(named(self.target_rows()), now, self.glyphs), change)

    def action_remove(self) -> None:
        """Take off the list."""
        runs = self.targets()

        def remove() -> None:
            gone = [run for run in runs if run in self.session.watch_list]
            self.session.remove(gone)
            self.refresh_all()
            what = "Run" if len(gone) == 1 else f"{len(gone)} runs"
            self.hint(self.session.keys.hint(f"{what} removed", "undo", "brings back"))

        if len(runs) == 1:
            remove()
        elif runs:
            detail = self.session.keys.hint("What runs there is cancelled", "undo", "brings all of them back")
            self.ask("Remove", runs, f"{detail}.", remove)

    def action_undo(self) -> None:
        """Put back what was removed last."""
        back, there = self.session.undo()
        self.refresh_all(back[0] if back else None)
        self.mention_hidden(back)
        if not (back or there):
            self.hint("Nothing was removed in this dashboard")
        if there:
            are = "is" if len(there) == 1 else "are"
            self.hint(f"{named([self.session.watch_list[run] for run in there])} {are} already on the list")

    def _each(self, runs: list[RunAddress], do: Callable[[RunAddress], None]) -> None:
        there = [run for run in runs if run in self.session.watch_list]
        cast("WandbTuiApp", self.app).event_pump.at_once()
        for run in there:
            do(run)
        self.repaint([self.session.watch_list[run] for run in there])

    def _ask_if_many(self, runs: list[RunAddress], verb: str, detail: str, do: Callable[[RunAddress], None]) -> None:
        if len(runs) > 1:
            self.ask(verb, runs, detail, lambda: self._each(runs, do))
        else:
            self._each(runs, do)
