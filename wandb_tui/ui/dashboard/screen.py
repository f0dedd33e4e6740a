"""The dashboard: composes the table of runs and their logs, and connects them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.common.key_bar import KeyBar
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.dashboard.banner import Banner
from wandb_tui.ui.dashboard.empty_state import EmptyState
from wandb_tui.ui.dashboard.header_bar import HeaderBar
from wandb_tui.ui.dashboard.preview_switch import PreviewMode, PreviewSwitch
from wandb_tui.ui.dashboard.requirements import Requirements
from wandb_tui.ui.dashboard.splitter import Splitter
from wandb_tui.ui.input.actions import ACTIONS, BY_ID, Action, Scope, bindings
from wandb_tui.ui.logs.log_area import LogArea
from wandb_tui.ui.logs.pane import LogPane
from wandb_tui.ui.logs.panes import Panes
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.branches import BranchNews
from wandb_tui.ui.table.filter_bar import FilterBar
from wandb_tui.ui.table.filter_line import FilterSuggester
from wandb_tui.ui.table.run_actions import RunActions
from wandb_tui.ui.table.run_table import RunTable
from wandb_tui.ui.table.view_tabs import ViewTabs

if TYPE_CHECKING:
    # Imported with the first dialog that adds runs.
    from wandb_tui.ui.dashboard.run_adder import RunAdder

_SIGN_IN_WAITS = "Sign-in needed; the dialog opens when you have finished here"

BarState = tuple[State, bool, bool]
"""The part of a row that header and key bar depend on: its state, whether its clock is stopped, and whether active."""


class Dashboard(RunScreen):
    """The main screen. The table and the logs own their actions; the screen has those that concern both."""

    PLACES = (Scope.DASHBOARD, Scope.RUNS, Scope.LOGS)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it
    AUTO_FOCUS = "RunTable"

    sign_in_waits: reactive[bool] = reactive(False, init=False)
    """Whether the sign-in dialog waits until the user has finished typing elsewhere."""

    def __init__(self, session: Session, glyphs: Glyphs, goal: Goal) -> None:
        super().__init__()
        self.session = session
        self.glyphs = glyphs
        self._goal = goal
        self._loading = True
        self._bar_states: dict[RunAddress, BarState] = {}
        # References, not queries: with hundreds of active monitors a query for each event would be noticeable.
        self.header = HeaderBar(session.backend.host, glyphs)
        self.table = RunTable(session, glyphs)
        self._run_actions = RunActions(session, self.table, glyphs)
        self.logs = LogArea(session, glyphs, lambda: self.table.run)
        self.panes, self.find_bar = self.logs.panes, self.logs.find_bar
        suggester = FilterSuggester(self.table.facts, lambda: session.watch_list)
        self.filter_bar = FilterBar(self.table, suggester)
        self.view_tabs = ViewTabs(session, self.table, glyphs)
        self._banner = Banner(glyphs, session.keys)
        self._empty_state = EmptyState(glyphs, session.keys)
        self._keys = KeyBar(session.keys)
        self.preview = PreviewSwitch(session, glyphs, self.table, self.logs)
        self._requirements = Requirements(session, self.table, self.logs, self.view_tabs)
        self._splitter = Splitter(self.table, self.panes, lambda: self.preview.shown)

    def compose(self) -> ComposeResult:
        """Header, table, logs, keys."""
        yield self.header
        yield self._banner
        yield self.view_tabs
        yield self.table
        yield self._empty_state
        yield self.filter_bar
        yield self.logs
        yield self._keys

    def on_mount(self) -> None:
        """Show the current rows."""
        self.watch(self, "focused", self._focus_moved)
        if self.session.restored:
            self.loaded()
        else:
            self.refresh_all()

    def _focus_moved(self, focused: Widget | None) -> None:
        self.logs.show_match_count()
        self._keys.typing = isinstance(focused, Input)
        self._keys.completing = focused is not None and focused.parent is self.filter_bar
        self._show_advice()
        self._keys.places = (Scope.LOGS,) if isinstance(focused, LogPane) else (Scope.DASHBOARD, Scope.RUNS)
        self._keys.labels = self.logs.labels

    def watch_sign_in_waits(self) -> None:
        """Say so in the banner."""
        self.refresh_bars()

    # Updates

    def loaded(self) -> None:
        """Show the list read from disk as it was left; without any runs, show how to start."""
        if not self._loading:
            return
        self._loading = False
        self.logs.restore()
        self._splitter.apply()
        self.table.restore_view()
        self.filter_bar.put(self.table.view.filter.text)
        self.view_tabs.count()
        self.refresh_all()
        self.table.restore_cursor()

    @property
    def above_toasts(self) -> Widget:
        """The logs: they follow their newest line, which stays visible."""
        return self.logs

    @property
    def app_url(self) -> str:
        """Base address of the server's pages, as the table's links use it."""
        return self.table.app_url

    def server_known(self, server: ServerInfo) -> None:
        """Show and link to the server."""
        self.table.app_url = server.app_url
        self.header.page = server.app_url
        self.header.host = server.host
        self.table.refresh()

    def refresh_all(self, onto: RunAddress | None = None) -> None:
        """Show the whole watch list, with the cursor on a run if one is given."""
        self.table.reload(onto)
        self._table_reloaded()

    @on(RunTable.ViewChanged)
    def _table_reloaded(self) -> None:
        empty = not (self.session.watch_list or self.session.queries)
        shown = empty and not self._loading
        # Not by a class of the screen, which would work out the styles of all that is on it.
        self.logs.display, self._empty_state.display = not shown, shown
        self.table.set_class(shown, "-empty")
        self.filter_bar.set_class(shown, "-empty")
        if not empty and self.focused is None:
            # An empty table is hidden, and hiding it takes its focus.
            self.call_after_refresh(self.table.focus)
        self.preview.follow()
        self.logs.repaint()
        self.refresh_bars()

    @on(RunTable.RowsChanged)
    def _rows_changed(self, event: RunTable.RowsChanged) -> None:
        self.repaint(event.rows)

    def repainting(self, rows: Iterable[WatchedRun]) -> Iterator[None]:
        """Show changed rows, up to ten times a second: nothing here may loop over all runs."""
        rows = list(rows)
        self.header.access = self.session.access
        bar_states = {row.run: (row.state, row.clock_stopped, row.active) for row in rows}
        moved = self.table.reload_if_moved(rows)
        if moved:
            self.preview.follow()
        yield from self.table.updating(rows)
        yield
        self.preview.repaint()
        self.logs.repaint(rows)
        if moved or not bar_states.items() <= self._bar_states.items():
            self._bar_states |= bar_states
            self.refresh_bars()

    def tick(self) -> None:
        """Update the clocks and the downloads; called once a second."""
        if self.table.downloads.active:
            ended = self.table.downloads.tick()
            self.header.downloads = self.table.downloads.summary()
            if ended:
                self.repaint(ended)
        self.header.visits = self.session.visit_backlog
        if self.table.load_facts(typing=self.filter_bar.typing, views=self.view_tabs.saved.use_facts):
            self.refresh_bars()
        self.view_tabs.tick()
        self.logs.read_consoles()
        if self.table.branches.active:
            self._show_branches(self.table.branches.tick())
        if self.is_active:
            self.table.load_trends()
        self.preview.tick()
        self.table.tick()
        self.table.remember_cursor()

    def _show_branches(self, news: BranchNews) -> None:
        """Show what has become of forks and rewinds; the cursor follows the newest run."""
        if news.made:
            self.refresh_all(news.made[-1])
            self.hint(f"{news.made[-1].run_id} is ready" if len(news.made) == 1 else f"{len(news.made)} runs are ready")
        if news.rows:
            self.repaint(news.rows)
        for text in news.failures:
            self.app.notify(text, severity="error", markup=False)

    def redraw(self) -> None:
        """Draw everything again, with other glyphs."""
        self.panes.reload()
        super().redraw()

    @on(RunTable.SelectionChanged)
    def _selection_changed(self) -> None:
        self.preview.follow()
        self.refresh_bars()

    @on(LogArea.PanesChanged)
    def refresh_bars(self) -> None:
        """Update the header, the banner, the filter's count and the key bar."""
        view = self.table.view
        self.header.access = self.session.access
        self.header.downloads = self.table.downloads.summary()
        self.header.counts = replace(self.session.counts, selected=self.table.selected_count)
        self.filter_bar.counted = (view.matched, len(self.session.watch_list))
        self.filter_bar.error = view.typed.error or self.table.facts_error
        self.filter_bar.error_span = view.typed.error_span
        self.filter_bar.suggestion = view.filter.suggestion
        self.filter_bar.loading_count = self.table.facts_missing
        self._show_advice()
        targets = self.table.targets()
        waits = _SIGN_IN_WAITS if self.sign_in_waits else ""
        self._banner.message = self.session.sign_in_problem or waits
        self._keys.disabled_actions = frozenset(a.full_id for a in ACTIONS if not self.applies(a, targets))

    def _show_advice(self) -> None:
        """Say beside a filter which key saves it, unless that is a character now or the filter is a saved view's."""
        key, view = self.session.keys.first("save_view"), self.table.view
        saveable = self.session.backend.save_views is not None and self.view_tabs.saved.active(view) is None
        self.filter_bar.advice = f"{key} saves a view" if key and saveable and not self._keys.completing else ""

    @on(RunTable.RowHighlighted)
    def _cursor_moved(self) -> None:
        self.table.cursor_moved()
        self.preview.follow()
        self.refresh_bars()

    @on(LogArea.OptionsChanged)
    def _log_options_changed(self) -> None:
        self._keys.labels = self.logs.labels

    @on(LogArea.Left)
    def _logs_left(self) -> None:
        self.table.focus()

    # Actions

    def action_owner(self, name: str) -> DOMNode:
        """The owner of an action: this screen, the table, the selected runs' actions, the tabs, or the logs."""
        owners = (self, self.table, self._run_actions, self.view_tabs, self.logs)
        owner = next((one for one in owners if hasattr(one, f"action_{name}")), self)
        if owner is self.logs:
            self.preview.show(PreviewMode.LOGS)
        return owner

    def applies(self, action: Action, targets: Sequence[RunAddress] | None = None) -> bool:
        """Whether an action is possible now; `targets` are the runs it applies to, if they are known already."""
        return self._requirements.met(action.needs, self.table.targets() if targets is None else targets)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave priority keys to a line that is being typed into."""
        known = BY_ID.get(action)
        if known is not None and known.priority and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def target_rows(self) -> list[WatchedRun]:
        """The runs that an action applies to."""
        return self.table.target_rows()

    def action_details(self) -> None:
        """Open the details of the focused pane's run, else of the run under the cursor; fold or unfold a heading."""
        if self.table.heading is not None and self.table.has_focus:
            self.table.toggle_heading()
            return
        run = self.logs.pointed_at
        row = self.session.watch_list.get(run) if run is not None else None
        if row is not None:
            from wandb_tui.ui.details.screen import DetailsScreen

            self.app.push_screen(DetailsScreen(self.session, row, self.glyphs))

    def action_compare(self) -> None:
        """Plot the selected runs' metrics, else those of the run under the cursor."""
        from wandb_tui.ui.compare.screen import CompareScreen

        runs = self.table.plot()
        if not runs:
            return
        self.app.push_screen(CompareScreen(self.session, runs, self.glyphs))
        if len(targets := self.table.targets()) > len(runs):
            self.hint(f"The first {len(runs)} of {len(targets)} selected runs are plotted")

    def action_preview(self) -> None:
        """Show logs below the table, then details, then a plot."""
        if self.panes.zoomed:
            self.logs.action_zoom()
        self.preview.cycle()

    def restore_preview(self) -> None:
        """Show below the table what stood there at the end of the last session."""
        self.preview.restore()

    def action_metric(self) -> None:
        """Choose the metric of the table's small curves and of the plot below it."""
        self.preview.choose_metric()

    @on(RunTable.Opened)
    def _run_opened(self) -> None:
        self.action_details()

    def action_logs(self) -> None:
        """Pin a log pane for each of the selected runs."""
        self.preview.show(PreviewMode.LOGS)
        self.logs.pin(self.table.targets())

    def action_filter(self) -> None:
        """Open the filter bar."""
        self.filter_bar.open()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.table.filter_by(event.value)
        self.table.load_facts(typing=True)
        self.view_tabs.tick()

    @on(ViewTabs.Switched)
    def _view_switched(self) -> None:
        self.filter_bar.put(self.table.view.filter.text)
        self.refresh_bars()

    def action_clear(self) -> None:
        """Close the search, else clear the selection, else clear the filter."""
        if not self.logs.end_search() and not self.table.clear_selection():
            self.filter_bar.action_cancel()

    def action_grow_logs(self) -> None:
        """Enlarge the logs at the expense of the table."""
        self._move_border(-1)

    def action_shrink_logs(self) -> None:
        """Enlarge the table at the expense of the logs."""
        self._move_border(1)

    def _move_border(self, lines: int) -> None:
        if self._splitter.move(lines):
            self.logs.save_layout()
        else:
            table_full = lines > 0 and not self.panes.zoomed
            self.hint("The table already shows all its runs" if table_full else "The logs cannot get any larger")

    @on(Panes.Raised)
    def _border_dragged(self, event: Panes.Raised) -> None:
        self._splitter.move_to(event.to)

    async def action_add(self) -> None:
        """Open the dialog for adding runs."""
        await self._adder.type_addresses()

    def action_pick(self) -> None:
        """Open the dialog for picking runs from the server."""
        self._adder.pick()

    @property
    def _adder(self) -> RunAdder:
        from wandb_tui.ui.dashboard.run_adder import RunAdder

        return RunAdder(self.session, self.table, self.glyphs, self._goal, self.refresh_all)

    async def action_servers(self) -> None:
        """Open the dialog for switching to another server."""
        await self.app.run_action("app.switch_server")

    def action_doctor(self) -> None:
        """Open the doctor."""
        from wandb_tui.ui.doctor.screen import DoctorScreen

        if (doctor := self.session.backend.doctor) is not None:
            self.app.push_screen(DoctorScreen(self.session, doctor, self.table.run, self.glyphs))
