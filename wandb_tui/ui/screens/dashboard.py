"""The dashboard: the table of runs, their logs, and everything one can do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual import on
from textual.app import ComposeResult
from textual.screen import Screen

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.watch import Watched
from wandb_tui.ui.actions import ACTIONS, Action, Needs, Where, bindings
from wandb_tui.ui.filtering import matcher
from wandb_tui.ui.look import Look, clean
from wandb_tui.ui.session import Session
from wandb_tui.ui.widgets.banner import Banner
from wandb_tui.ui.widgets.empty import EmptyState
from wandb_tui.ui.widgets.filter_bar import FilterBar
from wandb_tui.ui.widgets.header_bar import HeaderBar
from wandb_tui.ui.widgets.key_bar import KeyBar
from wandb_tui.ui.widgets.log_pane import LogPane
from wandb_tui.ui.widgets.panes import MOST, Panes
from wandb_tui.ui.widgets.run_table import RunTable


class Dashboard(Screen[None]):
    """What one sees all the time."""

    BINDINGS = bindings(Where.DASHBOARD)
    AUTO_FOCUS = "RunTable"

    def __init__(self, session: Session, look: Look, goal: Goal) -> None:
        super().__init__()
        self.session = session
        self._look = look
        self._goal = goal
        self._loading = True
        # Kept at hand: with hundreds of monitors talking, looking them up for every line would be felt.
        self.header = HeaderBar(session.backend.host, look)
        self.table = RunTable(look, session.clock)
        self.panes = Panes(look)
        self._banner, self._filter, self._keys = Banner(look), FilterBar(), KeyBar()

    def compose(self) -> ComposeResult:
        """Header, table, panes, keys."""
        yield self.header
        yield self._banner
        yield self.table
        yield EmptyState(self._look)
        yield self._filter
        yield self.panes
        yield self._keys

    def on_mount(self) -> None:
        """Begin to show."""
        self.refresh_all()

    # Showing

    def loaded(self) -> None:
        """The list on disk has been read: if there is nothing, there is nothing."""
        self._loading = False
        self.refresh_all()

    def refresh_all(self) -> None:
        """Rows may have come or gone."""
        self.table.show(self._rows())
        self.table.marked &= {row.run for row in self.session.watch}
        empty = not self.session.watch
        self.set_class(empty and not self._loading, "-empty")
        if not empty and self.focused is None:
            # An empty table is hidden, and what is hidden loses the focus.
            self.call_after_refresh(self.table.focus)
        self.panes.show(self.session.watch, self.table.from_cursor)
        self._refresh_bars()

    def repaint(self, rows: Iterable[Watched]) -> None:
        """These rows have changed. Happens up to twenty times a second: nothing here may go through all runs."""
        rows = list(rows)
        shown = matcher(self._filter.value)
        if any(shown(row) != (row.run in self.table) for row in rows):
            self.table.show(self._rows())
        self.table.update(rows)
        self.panes.repaint(rows)
        self._refresh_bars()

    def tick(self) -> None:
        """A second has gone by."""
        self.table.tick()

    def _rows(self) -> list[Watched]:
        shown = matcher(self._filter.value)
        return [row for row in self.session.watch if shown(row)]

    def _refresh_bars(self) -> None:
        self.header.counts = self.session.counts
        self._banner.message = self.session.sign_in_problem
        self._keys.disabled_actions = frozenset(a.id for a in ACTIONS if not self.applies(a))

    @on(RunTable.RowHighlighted)
    def _cursor_moved(self) -> None:
        self.panes.show(self.session.watch, self.table.from_cursor)
        self._refresh_bars()

    @on(FilterBar.Changed)
    def _filter_changed(self) -> None:
        self.refresh_all()

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.table.focus()

    @on(RunTable.Opened)
    def _opened(self) -> None:
        self.action_logs()

    # Doing

    def applies(self, action: Action) -> bool:
        """Whether an action makes sense now."""
        match action.needs:
            case Needs.NOTHING:
                return True
            case Needs.ROWS:
                return bool(self.session.watch)
            case Needs.RUN:
                return bool(self._targets())
            case Needs.ACTIVE_RUN:
                return any(self.session.watch[run].active for run in self._targets())
            case Needs.PANE:
                return bool(self.panes.pinned)
            case Needs.REMOVED:
                return self.session.can_undo

    def _targets(self) -> list[RunAddress]:
        """The marked runs, else the one under the cursor."""
        marked = [run for run in self.table.shown if run in self.table.marked and run in self.session.watch]
        if marked:
            return marked
        run = self.table.run
        return [run] if run is not None and run in self.session.watch else []

    def _active_targets(self) -> list[RunAddress]:
        return [run for run in self._targets() if self.session.watch[run].active]

    def action_add(self) -> None:
        """Add runs."""
        from wandb_tui.ui.screens.add import AddRuns

        def add(runs: list[RunAddress], goal: Goal) -> None:
            for run in runs:
                self.session.add(run, goal)
            self.refresh_all()
            self.table.go_to(runs[0])

        self.app.push_screen(AddRuns(self.session, self._goal, self._look, add))

    def action_cancel(self) -> None:
        """Cancel the attempts."""
        runs = self._active_targets()
        if not runs:
            self._hint("No attempt is under way there")
        self._ask_if_many(runs, "Cancel", "They stay on the list and can be restarted.", self.session.cancel)

    def action_restart(self) -> None:
        """Begin the next attempts."""
        self._each(self._targets(), self.session.restart)

    def action_visit(self) -> None:
        """Visit again."""
        runs = self._active_targets()
        if not runs:
            self._hint("No attempt is under way there; r begins one")
        self._each(runs, self.session.watch.visit)

    def action_remove(self) -> None:
        """Take off the list."""
        runs = self._targets()

        def remove() -> None:
            self.session.remove(runs)
            self.table.marked.difference_update(runs)
            self.refresh_all()
            self._hint(f"{_those(len(runs))} removed; u brings back")

        if len(runs) == 1:
            remove()
        elif runs:
            self._ask("Remove", runs, "What runs there is cancelled.", remove)

    def action_undo(self) -> None:
        """Put back what was removed last."""
        runs = self.session.undo()
        self.refresh_all()
        if runs:
            self.table.go_to(runs[0])

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter.open()

    def action_mark(self) -> None:
        """Mark the run under the cursor, and go on to the next."""
        run = self.table.run
        if run is not None:
            self.table.toggle([run])
            self.table.action_cursor_down()
            self._refresh_bars()

    def action_mark_all(self) -> None:
        """Mark all, or none."""
        self.table.toggle(self.table.shown)
        self.repaint(self._rows())

    def action_logs(self) -> None:
        """Pin a pane."""
        for run in self._targets():
            if not self.panes.pin(run):
                self._hint(f"{MOST} panes are open; x closes one")
                break
        self.panes.show(self.session.watch, self.table.from_cursor)
        self._refresh_bars()

    def action_close_pane(self) -> None:
        """Close the pane in focus, that of the run under the cursor, or the newest."""
        pinned = self.panes.pinned
        focused = self.focused.run if isinstance(self.focused, LogPane) else None
        run = next((run for run in (focused, self.table.run, *reversed(pinned)) if run in pinned), None)
        if run is not None:
            self.panes.unpin(run)
            self.panes.show(self.session.watch, self.table.from_cursor)
            self.table.focus()
            self._refresh_bars()

    async def action_sign_in(self) -> None:
        """Open the sign-in screen."""
        await self.app.run_action("app.open_sign_in")

    def _each(self, runs: list[RunAddress], do: Callable[[RunAddress], None]) -> None:
        for run in runs:
            if run in self.session.watch:
                do(run)
        self.repaint([self.session.watch[run] for run in runs if run in self.session.watch])

    def _ask_if_many(self, runs: list[RunAddress], verb: str, detail: str, do: Callable[[RunAddress], None]) -> None:
        if len(runs) > 1:
            self._ask(verb, runs, detail, lambda: self._each(runs, do))
        else:
            self._each(runs, do)

    def _ask(self, verb: str, runs: list[RunAddress], detail: str, do: Callable[[], None]) -> None:
        from wandb_tui.ui.screens.confirm import Confirm

        names = ", ".join(clean(run.run_id, 24) for run in runs[:3]) + (" and others" if len(runs) > 3 else "")  # noqa: PLR2004 - a few names tell enough
        question = Confirm(f"{verb} {len(runs)} runs?", f"{names}. {detail}", yes=verb, no="Keep")
        self.app.push_screen(question, lambda yes: do() if yes else None)

    def _hint(self, text: str) -> None:
        self.app.notify(text, timeout=3, markup=False)


def _those(count: int) -> str:
    return "Run" if count == 1 else f"{count} runs"
