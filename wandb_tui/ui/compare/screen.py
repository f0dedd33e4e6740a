"""A metric of several runs in one plot, which can be zoomed and follows the runs while they log.

Nothing is asked of the server while another screen is in front. The part in sight is loaded more precisely once the
user has stopped zooming.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.key_bar import KeyBar
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.compare.plot_texts import plot_remarks, run_note, why_nothing
from wandb_tui.ui.input.actions import ACTIONS, Action, Requirement, Scope, bindings
from wandb_tui.ui.plots.axis import Range, power_of_ten
from wandb_tui.ui.plots.feed import Loaded, PlotFeed, RunCurve
from wandb_tui.ui.plots.legend import Legend, LegendLine
from wandb_tui.ui.plots.metric_dialog import MetricDialog
from wandb_tui.ui.plots.plot import PAN, ZOOM, CurvePlot, PlottedCurve
from wandb_tui.ui.plots.settings import PlotSettings
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.session import Session

_REFRESH_S = 5.0
"""Seconds between two questions for new rows while a run goes on."""

_REST_S = 0.3
"""Seconds without zooming after which the part in sight is asked for."""

_WIDE_CELLS, _TALL_LINES = 110, 30
"""From this width on the legend stands beside the plot, and from this height on with two lines for each run."""

_DENSE_POINTS = 2
"""Points for each column of dots beyond which no difference is seen."""


class CompareScreen(RunScreen):
    """The plot, and the runs in it."""

    CSS_PATH = Path(__file__).with_name("compare.tcss")
    PLACES = (Scope.COMPARE,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE_CELLS, "-wide")]  # noqa: RUF012

    def __init__(self, session: Session, places: dict[RunAddress, int], glyphs: Glyphs) -> None:
        """Create the screen.

        Args:
            session: The watch list and the services.
            places: The runs, each with its place in the palette.
            glyphs: The glyphs to draw with.
        """
        super().__init__()
        self.session = session
        self.glyphs = glyphs
        self._places = places
        self._rows = {run: row for run in places if (row := session.watch_list.get(run)) is not None}
        self._settings = PlotSettings.of(session.view.get("plot"))
        self._metrics: list[str] = []
        self._curves: dict[RunAddress, RunCurve] = {}
        self._hidden: set[RunAddress] = set()
        self._feed = PlotFeed(session)
        self._refreshed_at = session.now
        self._loading = False
        self._problem = self._no_metrics = ""
        self._rest: Timer | None = None
        self._titles = ("", "")
        self._refined: tuple[PlotSettings, Range] | None = None
        self._plot = CurvePlot(glyphs)
        self._message = Static(classes="plot-message", markup=False)
        self._legend = Legend(glyphs)
        self._keys = KeyBar(session.keys, *self.PLACES)

    def compose(self) -> ComposeResult:
        """The plot, the legend, the keys."""
        with Container(id="compare"):
            with Vertical(id="compare-box"):
                yield self._plot
                yield self._message
            with Vertical(id="compare-legend") as box:
                box.border_title = Content("Runs")
                yield self._legend
        yield self._keys

    def on_mount(self) -> None:
        """Load the metrics and the curves."""
        self._begin()

    def on_resize(self) -> None:
        """The legend has two lines for each run where it stands beside the plot."""
        self._legend.lines_each = 2 if self.size.width >= _WIDE_CELLS and self.size.height >= _TALL_LINES else 1
        self._legend.refresh(layout=True)
        self._retitle()

    # Loading

    @property
    def _runs(self) -> list[RunAddress]:
        return list(self._rows)

    def _begin(self) -> None:
        self.run_worker(self._load_all(), exclusive=True, group="load")

    async def _load_all(self) -> None:
        """Load the list of metrics, choose one if need be, and load its curves."""
        self._loading = True
        self._show()
        if self._settings.metric and not self._metrics:
            # The metric of last time is likely to be there, and its curves tell whether it is.
            await self._load_curves()
        found = await self._feed.metrics(self._runs)
        self._no_metrics = found if isinstance(found, str) else ""
        self._metrics = [] if isinstance(found, str) else found
        settings = self._settings
        if not any(len(one.curve) for one in self._curves.values()):
            settings = settings.with_metric(self._metrics)
        if settings != self._settings or not self._curves:
            self._settings = settings
            await self._load_curves()
        self._loading = False
        self._show()

    async def _load_curves(self) -> None:
        if not self._settings.metric:
            return
        self._take(await self._feed.load(self._runs, self._settings))

    def _take(self, loaded: Loaded) -> None:
        """Show what was loaded, unless something else is wanted by now."""
        if loaded.settings != self._settings:
            return
        self._refreshed_at = self.session.now
        self._problem = loaded.problem
        if not loaded.problem:
            self._curves = {one.run: one for one in loaded.curves}
        self._show()

    def _change(self, settings: PlotSettings) -> None:
        """Plot something else, or in another way."""
        if settings == self._settings:
            return
        if (settings.metric, settings.across) != (self._settings.metric, self._settings.across):
            self._curves = {}
        self._settings = settings
        self.session.remember("plot", settings.saved)
        self._loading = True
        self._show()
        self.run_worker(self._load_changed(), exclusive=True, group="load")

    async def _load_changed(self) -> None:
        await self._load_curves()
        self._loading = False
        self._show()

    def tick(self) -> None:
        """Ask for new rows from time to time, while a run goes on and nothing lies over the plot."""
        self._show_legend()
        due = self.session.now - self._refreshed_at >= _REFRESH_S
        if due and self.is_active and not self._loading and self._feed.goes_on(self._rows):
            self._refreshed_at = self.session.now
            self.run_worker(self._load_curves(), exclusive=True, group="refresh")

    @on(CurvePlot.Moved)
    def _plot_moved(self, event: CurvePlot.Moved) -> None:
        if not event.view:
            self._show_legend()
        else:
            self._retitle()
            if self._rest is not None:
                self._rest.stop()
            self._rest = self.set_timer(_REST_S, self._refine)

    def _refine(self) -> None:
        """Ask for more of the part in sight, if it may hold more than what is known."""
        shown = self._plot.shown_across
        if shown is None or self._plot.view.across is None or (self._settings, shown) == self._refined:
            return
        visible = [one for run, one in self._curves.items() if run not in self._hidden]
        counts = [stop - first for one in visible for first, stop in [one.curve.indices(*shown)]]
        if all(count >= _DENSE_POINTS * self._plot.columns for count in counts):
            return
        self._refined = self._settings, shown
        low, high = map(power_of_ten, shown) if self._settings.axes.log_across else shown
        self.run_worker(self._load_more(visible, low, high), exclusive=True, group="refine")

    async def _load_more(self, visible: list[RunCurve], low: float, high: float) -> None:
        loaded = await self._feed.refine(visible, self._settings, low, high)
        if loaded.settings == self._settings and not loaded.problem:
            self._curves |= {one.run: one for one in loaded.curves}
            self._show()

    # Showing

    def redraw(self) -> None:
        """Draw everything again, with other glyphs."""
        super().redraw()
        self._show()

    def repainting(self, rows: Iterable[WatchedRun]) -> Iterator[None]:
        """Show changes of the runs' states."""
        yield
        if any(row.run in self._rows for row in rows):
            self._show_legend()

    def _show(self) -> None:
        """Draw what is known."""
        curves = [
            PlottedCurve(self._places[run], one.curve)
            for run, one in self._curves.items()
            if run not in self._hidden and len(one.curve)
        ]
        self._plot.show(curves, self._settings.axes)
        message = "" if curves else self._message_without_curves
        self._plot.display, self._message.display = not message, bool(message)
        self._message.update(Content(self.glyphs.text(clean(message, 400))))
        self._show_legend()
        self._retitle()
        self._keys.disabled_actions = frozenset(a.full_id for a in ACTIONS if not self.applies(a))

    @property
    def _message_without_curves(self) -> str:
        if self._loading:
            return "loading…"
        return self._problem or self._no_metrics or why_nothing(self._settings, self._curves.values(), self._hidden)

    def _show_legend(self) -> None:
        lines = [
            LegendLine(
                self.session.watch_list.get(run) or row,
                self._places[run],
                self._curves[run].curve if run in self._curves else None,
                "hidden" if run in self._hidden else run_note(self._curves.get(run)),
                run in self._hidden,
            )
            for run, row in self._rows.items()
        ]
        self._legend.show(lines, self._settings.axes, self._plot.cursor)

    def _retitle(self) -> None:
        box = self.query_one("#compare-box", Vertical)
        settings, view = self._settings, self._plot.view
        remarks = plot_remarks(settings, self._metrics, zoomed=view.across is not None or view.up is not None)
        if self._problem and self._curves:
            remarks.insert(0, clean(self._problem, 200))
        elif self._loading:
            remarks.append("loading…")
        room = max(4, self.size.width - 6)
        titles = (
            self.glyphs.fit(clean(settings.metric, 200) or "Plot", room),
            self.glyphs.fit(" · ".join(remarks), room),
        )
        if titles != self._titles:
            self._titles = titles
            box.border_title, box.border_subtitle = Content(titles[0]), Content(titles[1]) if titles[1] else None

    @property
    def above_toasts(self) -> Widget:
        """The plot and the legend."""
        return self.query_one("#compare")

    @property
    def app_url(self) -> str:
        """Base address of the server's pages."""
        return app_context(self).app_url

    def target_rows(self) -> list[WatchedRun]:
        """The runs in the plot."""
        return list(self._rows.values())

    def applies(self, action: Action) -> bool:
        """Whether an action is possible now."""
        return action.needs is not Requirement.METRICS or len(self._metrics) > 1

    # Actions

    def action_metric_after(self) -> None:
        """Plot the next metric."""
        self._go(1)

    def action_metric_before(self) -> None:
        """Plot the previous metric."""
        self._go(-1)

    def _go(self, steps: int) -> None:
        if self._metrics:
            metric = self._settings.metric
            at = self._metrics.index(metric) if metric in self._metrics else -max(0, steps)
            self._change(replace(self._settings, metric=self._metrics[(at + steps) % len(self._metrics)]))

    def action_choose_metric(self) -> None:
        """Choose the metric."""
        self._ask("Plot a metric", self._settings.metric, lambda metric: replace(self._settings, metric=metric))

    def action_choose_across(self) -> None:
        """Choose a metric for the horizontal axis."""
        self._ask("Plot over a metric", self._settings.across, self._settings.over)

    def _ask(self, title: str, current: str, chosen: Callable[[str], PlotSettings]) -> None:
        async def load() -> list[str] | str:
            return self._metrics or await self._feed.metrics(self._runs)

        def take(metric: str | None) -> None:
            if metric is not None:
                self._change(chosen(metric))

        self.app.push_screen(MetricDialog(title, current, load, self.glyphs), take)

    def action_next_across(self) -> None:
        """Plot over the step, the time since the start, the time of day, or the chosen metric."""
        self._change(self._settings.next_across)

    def action_log_up(self) -> None:
        """Switch the vertical axis between linear and logarithmic."""
        options = self._settings.options
        self._change(replace(self._settings, options=replace(options, log_up=not options.log_up)))

    def action_log_across(self) -> None:
        """Switch the horizontal axis between linear and logarithmic."""
        options = self._settings.options
        self._change(replace(self._settings, options=replace(options, log_across=not options.log_across)))

    def action_smooth(self, steps: int) -> None:
        """Smooth the curves more, or less."""
        self._change(self._settings.smoother(steps))

    def action_magnify(self, steps: int) -> None:
        """Zoom the horizontal axis in, or out."""
        self._plot.zoom_across(ZOOM**steps)

    def action_magnify_up(self, steps: int) -> None:
        """Zoom the vertical axis in, or out."""
        self._plot.zoom_up(ZOOM**steps)

    def action_pan(self, across: int, up: int) -> None:
        """Move the part in sight."""
        if across:
            self._plot.pan_across(PAN * across)
        if up:
            self._plot.pan_up(PAN * up)

    def action_fit(self) -> None:
        """Show everything."""
        self._plot.fit()

    def action_point(self, columns: int) -> None:
        """Move the cursor."""
        self._plot.move_cursor(columns)

    def action_show_or_hide(self, place: int) -> None:
        """Show or hide a run."""
        for run, its_place in self._places.items():
            if its_place == place and run in self._rows:
                self._hidden ^= {run}
        self._show()

    @on(Legend.Toggled)
    def _legend_clicked(self, event: Legend.Toggled) -> None:
        self.action_show_or_hide(event.place)

    def action_reload(self) -> None:
        """Load everything again."""
        self._metrics, self._refined = [], None
        self.run_worker(self._reload(), exclusive=True, group="load")

    async def _reload(self) -> None:
        self._loading = True
        self._show()
        await self._feed.forget(self._runs)
        await self._load_all()

    def action_close(self) -> None:
        """Return to the table."""
        self.dismiss(None)
