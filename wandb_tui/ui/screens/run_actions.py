"""What one can do with runs from the dashboard: with the marked ones, else with the one under the cursor."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.watch import Watched
from wandb_tui.ui.copying import Copy
from wandb_tui.ui.look import Look, clean
from wandb_tui.ui.screens.live import LiveScreen
from wandb_tui.ui.session import Session
from wandb_tui.ui.widgets.run_table import RunTable

_NAMED = 3
"""So many runs a question names; more would not be read."""


class RunActions(LiveScreen):
    """The actions that change runs."""

    session: Session
    table: RunTable
    look: Look
    app_url: str
    """Where the server's pages begin; empty while that is not known."""

    @abstractmethod
    def refresh_all(self) -> None:
        """Rows may have come or gone."""

    def targets(self) -> list[RunAddress]:
        """The marked runs that are shown, else the one under the cursor."""
        watch, marks = self.session.watch, self.table.marks
        if len(marks) and (marked := [run for run in self.table.shown if run in marks and run in watch]):
            return marked
        run = self.table.run
        return [run] if run is not None and run in watch else []

    def active_targets(self) -> list[RunAddress]:
        """Those of them with an attempt under way."""
        return [run for run in self.targets() if self.session.watch[run].active]

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
            self._ask("Restart", runs, detail, lambda: self._each(runs, self.session.restart))
        else:
            self._each(runs, self.session.restart)

    def action_visit(self) -> None:
        """Visit again."""
        runs = self.active_targets()
        if not runs:
            self.hint(self.session.keys.hint("No attempt is under way there", "restart", "begins one"))
        self._each(runs, self.session.watch.visit)

    def action_details(self) -> None:
        """Show all that is known of the run under the cursor."""
        run = self.pointed_at
        row = self.session.watch.get(run) if run is not None else None
        if row is not None:
            from wandb_tui.ui.screens.details import Details

            self.app.push_screen(Details(self.session, row, self.look))

    @property
    def pointed_at(self) -> RunAddress | None:
        """The one run that is meant where an action is for one."""
        return self.table.run

    def action_goal(self) -> None:
        """Wait for something else."""
        from wandb_tui.ui.screens.goal import ChangeGoal

        runs = self.targets()
        if not runs:
            return
        goals = {self.session.watch[run].goal for run in runs}
        now = goals.pop() if len(goals) == 1 else None

        def change(goal: Goal | None) -> None:
            if goal is not None:
                self._each(runs, lambda run: self.session.change_goal(run, goal))

        self.app.push_screen(ChangeGoal(named(runs), now, self.look), change)

    def action_remove(self) -> None:
        """Take off the list."""
        runs = self.targets()

        def remove() -> None:
            gone = [run for run in runs if run in self.session.watch]
            self.session.remove(gone)
            self.refresh_all()
            what = "Run" if len(gone) == 1 else f"{len(gone)} runs"
            self.hint(self.session.keys.hint(f"{what} removed", "undo", "brings back"))

        if len(runs) == 1:
            remove()
        elif runs:
            detail = self.session.keys.hint("What runs there is cancelled", "undo", "brings all of them back")
            self._ask("Remove", runs, f"{detail}.", remove)

    # Out of the window

    def action_copy(self) -> None:
        """Choose what to copy of the runs."""
        from wandb_tui.ui.screens.copy import CopyMenu

        if rows := self._target_rows():
            self.app.push_screen(
                CopyMenu(rows, named([row.run for row in rows]), self.app_url, self.look), self._copy_chosen
            )

    def copy_now(self, copy: Copy) -> None:
        """Copy this of the runs."""
        rows = self._target_rows()
        text = copy.of(rows, self.app_url)
        if text:
            self.app.copy_to_clipboard(text)
            self.app.notify(copy.told(text, rows), timeout=5, markup=False)
        else:
            self.hint(f"The {copy.name} is not known yet")

    def _copy_chosen(self, copy: Copy | None) -> None:
        if copy is not None:
            self.copy_now(copy)

    def action_browse(self) -> None:
        """Open the runs' pages; many of them only after a question."""
        runs = self.targets()
        if not self.app_url:
            self.hint("The server's address is not known yet")
        elif len(runs) > _NAMED:
            self._ask("Open", runs, f"That makes {len(runs)} tabs.", lambda: self._browse(runs))
        elif runs:
            self._browse(runs)

    def _browse(self, runs: list[RunAddress]) -> None:
        self.run_worker(self._open([run.page(self.app_url) for run in runs]))

    async def _open(self, urls: list[str]) -> None:
        """Open the pages off this thread; where there is no browser, copy the addresses instead."""
        opens, why = self.session.backend.open_page, "There is no browser here"
        if opens is not None:
            for number, url in enumerate(urls):
                if why := await asyncio.to_thread(opens, url):
                    urls = urls[number:]
                    break
        if why:
            self.app.copy_to_clipboard("\n".join(urls))
            first = clean(urls[0], 300) + (f" and {len(urls) - 1} more" if len(urls) > 1 else "")
            self.app.notify(f"{why}. Copied: {first}", title="Not opened", timeout=10, markup=False)
        else:
            self.hint("Opened in the browser")

    def _target_rows(self) -> list[Watched]:
        return [self.session.watch[run] for run in self.targets()]

    def action_undo(self) -> None:
        """Put back what was removed last."""
        runs = self.session.undo()
        self.refresh_all()
        if runs:
            self.table.go_to(runs[0])

    def hint(self, text: str) -> None:
        """Say something for a moment."""
        self.app.notify(text, timeout=3, markup=False)

    def _each(self, runs: list[RunAddress], do: Callable[[RunAddress], None]) -> None:
        there = [run for run in runs if run in self.session.watch]
        for run in there:
            do(run)
        self.repaint([self.session.watch[run] for run in there])

    def _ask_if_many(self, runs: list[RunAddress], verb: str, detail: str, do: Callable[[RunAddress], None]) -> None:
        if len(runs) > 1:
            self._ask(verb, runs, detail, lambda: self._each(runs, do))
        else:
            self._each(runs, do)

    def _ask(self, verb: str, runs: list[RunAddress], detail: str, do: Callable[[], None]) -> None:
        from wandb_tui.ui.screens.confirm import Confirm

        question = Confirm(f"{verb} {len(runs)} runs?", f"{named(runs)}. {detail}", yes=verb, no="Keep")
        self.app.push_screen(question, lambda yes: do() if yes else None)


def named(runs: Sequence[RunAddress]) -> str:
    """A few of the runs by their ids, and that there are more."""
    names = ", ".join(clean(run.run_id, 24) for run in runs[:_NAMED])
    return f"{names} and {len(runs) - _NAMED} more" if len(runs) > _NAMED else names
