"""The dashboard: the table of runs, their logs, and everything one can do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.add.preview import AddEffect, summary
from wandb_tui.ui.dashboard.banner import Banner
from wandb_tui.ui.dashboard.empty_state import EmptyState
from wandb_tui.ui.dashboard.header_bar import HeaderBar
from wandb_tui.ui.dashboard.key_bar import KeyBar
from wandb_tui.ui.input.actions import ACTIONS, Action, Requirement, Scope, bindings
from wandb_tui.ui.logs.actions import PaneActions
from wandb_tui.ui.logs.find_bar import FindBar
from wandb_tui.ui.logs.pane import LogPane
from wandb_tui.ui.logs.panes import Panes
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.filter_bar import FilterBar
from wandb_tui.ui.table.run_table import RunTable
from wandb_tui.ui.table.view import TableView

if TYPE_CHECKING:
    from wandb_tui.ui.app.app import WandbTuiApp

Standing = tuple[State, bool, bool]
"""What of a row the bars at the top and the bottom depend on."""


class Dashboard(PaneActions):
    """What one sees all the time."""

    PLACES = (Scope.DASHBOARD, Scope.RUNS, Scope.LOGS)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it
    AUTO_FOCUS = "RunTable"

    def __init__(self, session: Session, glyphs: Glyphs, goal: Goal) -> None:
        super().__init__()
        self.session = session
        self.glyphs = glyphs
        self._goal = goal
        self._loading = True
        self._standing: dict[RunAddress, Standing] = {}
        self._was_on: RunAddress | None = None
        # Kept at hand: with hundreds of monitors talking, looking them up for every line would be felt.
        self.header = HeaderBar(session.backend.host, glyphs)
        self.arrangement = TableView()
        self.table = RunTable(glyphs, session.clock, self.arrangement)
        self.table.nothing_found = session.keys.hint("No run matches the filter", "clear", "shows all again")
        self.panes = Panes(glyphs)
        self.find_bar = FindBar()
        self._banner, self.filter_bar, self._keys = (
            Banner(glyphs, session.keys),
            FilterBar(self.table),
            KeyBar(session.keys),
        )

    def compose(self) -> ComposeResult:
        """Header, table, panes, keys."""
        yield self.header
        yield self._banner
        yield self.table
        yield EmptyState(self.glyphs, self.session.keys)
        yield self.filter_bar
        yield self.panes
        yield self.find_bar
        yield self._keys

    def on_mount(self) -> None:
        """Begin to show."""
        self.watch(self, "focused", self._focus_moved)
        self.refresh_all()

    def _focus_moved(self, focused: Widget | None) -> None:
        self.tell_found()
        self._keys.typing = isinstance(focused, Input)
        self._keys.places = (Scope.LOGS,) if isinstance(focused, LogPane) else (Scope.DASHBOARD, Scope.RUNS)

    # Showing

    def loaded(self) -> None:
        """The list on disk has been read: if there is nothing, there is nothing."""
        self._loading = False
        self.panes.restore(self.session.view.get("panes"))
        self.share_with_table()
        self.take_back_arrangement()
        self.refresh_all()

    @property
    def app_url(self) -> str:
        """As the table knows it for its links."""
        return self.table.app_url

    def server_known(self, server: ServerInfo) -> None:
        """Where the server's pages are has been learnt."""
        self.table.app_url = server.app_url
        self.header.page = server.app_url
        self.header.host = server.host
        self.table.refresh()

    def refresh_all(self, onto: RunAddress | None = None) -> None:
        """Rows may have come or gone; the cursor goes to a run, where one is given, and shows it in any case."""
        self.table.show(self._rows(onto))
        if onto is not None:
            self.table.go_to(onto)
        self.table.selection.keep(self.session.watch_list)
        empty = not self.session.watch_list
        self.set_class(empty and not self._loading, "-empty")
        if not empty and self.focused is None:
            # An empty table is hidden, and what is hidden loses the focus.
            self.call_after_refresh(self.table.focus)
        self.show_panes()
        self.refresh_bars()

    def repainting(self, rows: Iterable[WatchedRun]) -> Iterator[None]:
        """These rows have changed. Happens up to ten times a second: nothing here may go through all runs."""
        rows = list(rows)
        standing = {row.run: (row.state, row.clock_stopped, row.active) for row in rows}
        moved = self.arrangement.unsettled(rows, self.session.now, self.table.run)
        if moved:
            self.table.show(self._rows())
            self.show_panes()
        self.table.update(rows)
        yield
        yield from self.panes.repainting(rows)
        self.tell_found()
        if moved or not standing.items() <= self._standing.items():
            self._standing |= standing
            self.refresh_bars()

    def tick(self) -> None:
        """A second has gone by."""
        self.table.tick()

    def redraw(self) -> None:
        """All is drawn with other signs from now on, the logs as well."""
        self.panes.reload()
        super().redraw()

    def show_panes(self) -> None:
        """Which runs have a pane may have changed; what is shown of a log is read from disk."""
        self.panes.show(self.session.watch_list, self.table.from_cursor)
        self.set_class(self.panes.zoomed, "-zoomed")
        for pane in self.panes.panes:
            if pane.run is not None:
                self.session.recall(pane.run)
        self.tell_found()

    @property
    def _marked(self) -> int:
        """How many runs are marked, as far as the filter shows them: only those an action is done with."""
        selection = self.table.selection
        return sum(run in selection for run in self.table.shown) if len(selection) else 0

    def _rows(self, onto: RunAddress | None = None) -> list[WatchedRun]:
        return self.arrangement.rows(self.session.watch_list, self.session.now, onto or self.table.run)

    def refresh_bars(self) -> None:
        """What stands above and below the table may have changed."""
        self.header.counts = replace(self.session.counts, marked=self._marked)
        self.filter_bar.counted = (self.table.row_count, len(self.session.watch_list))
        self.filter_bar.wrong = self.arrangement.wrong
        self.filter_bar.doubt = self.arrangement.filter.doubt
        targets = self.targets()
        self._banner.message = self.session.sign_in_problem
        self._keys.disabled_actions = frozenset(a.id for a in ACTIONS if not self.applies(a, targets))

    @on(RunTable.RowHighlighted)
    def _cursor_moved(self) -> None:
        if self.table.selection.cursor_moved(self.table.shown, self.table.run):
            self.table.tick()
        self._let_go()
        self.show_panes()
        self.refresh_bars()

    def _let_go(self) -> None:
        """The run that the cursor has left is shown no longer, if the filter would have hidden it."""
        left, self._was_on = self._was_on, self.table.run
        row = self.session.watch_list.get(left) if left is not None and left != self._was_on else None
        if row is not None and row.run in self.table and not self.arrangement.filter.matches(row):
            self.table.show(self._rows())

    @on(RunTable.Opened)
    def _opened(self) -> None:
        self.action_details()

    # Doing

    def applies(self, action: Action, targets: Sequence[RunAddress] | None = None) -> bool:
        """Whether an action makes sense now, for these runs; None means the marked ones or the one under the cursor."""
        targets = self.targets() if targets is None else targets
        holds: dict[Requirement, Callable[[], object]] = {
            Requirement.NOTHING: lambda: True,
            Requirement.ROWS: lambda: len(self.session.watch_list),
            Requirement.RUN: lambda: targets,
            Requirement.ACTIVE_RUN: lambda: any(self.session.watch_list[run].active for run in targets),
            Requirement.PANE: lambda: self.panes.pinned,
            Requirement.LOG: lambda: len(self.session.watch_list),
            Requirement.CATALOGUE: lambda: self.session.backend.catalogue is not None,
            Requirement.DOCTOR: lambda: self.session.backend.doctor is not None,
            Requirement.CHOICE: lambda: (
                self.find_bar.value or len(self.table.selection) or self.arrangement.filter.text
            ),
            Requirement.METRICS: lambda: False,
            Requirement.REMOVED: lambda: self.session.can_undo,
        }
        return bool(holds[action.needs]())

    async def action_add(self) -> None:
        """Add runs."""
        from wandb_tui.ui.add.screen import AddScreen

        pick = self.action_pick if self.session.backend.catalogue else None
        await self.app.push_screen(AddScreen(self.session, self._goal, self.glyphs, self._add, pick))

    def action_pick(self) -> None:
        """Pick runs from the server."""
        from wandb_tui.ui.pick.screen import PickScreen

        if (catalogue := self.session.backend.catalogue) is not None:
            self.app.push_screen(PickScreen(self.session, catalogue, self._goal, self.glyphs, self._add))

    def _add(self, effects: list[AddEffect]) -> None:
        """Do what was foreseen, and tell it."""
        cast("WandbTuiApp", self.app).event_pump.at_once()
        for one in effects:
            self.session.add(one.run, one.goal, one.poll_policy)
        self.refresh_all()
        self.table.go_to(effects[0].run)
        self.hint(summary(effects, "added"))
        self.mention_hidden([one.run for one in effects])

    def action_doctor(self) -> None:
        """See what works here and what does not."""
        from wandb_tui.ui.doctor.screen import DoctorScreen

        if (doctor := self.session.backend.doctor) is not None:
            self.app.push_screen(DoctorScreen(self.session, doctor, self.table.run, self.glyphs))
