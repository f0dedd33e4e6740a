"""The lower part of the dashboard where it shows no logs: the details of the run under the cursor, or a plot.

Both follow the cursor once it rests, and ask for nothing while they are hidden.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import RunFacts
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.events import Failure
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import run_name
from wandb_tui.ui.common.section import Section
from wandb_tui.ui.details.rows import Frame, SectionPart, config_lines, run_lines, summary_lines
from wandb_tui.ui.logs.panes import Panes
from wandb_tui.ui.plots.feed import Loaded, PlotFeed
from wandb_tui.ui.plots.legend import Legend, LegendLine, value_at
from wandb_tui.ui.plots.plot import CurvePlot, PlottedCurve
from wandb_tui.ui.plots.settings import PlotSettings
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.session import Session

_REST_S = 0.15
"""Seconds for which the cursor must rest before anything is asked for."""

_REFRESH_S = 5.0
"""Seconds between two questions about a run that goes on."""

_MAX_FACTS = 200
"""The runs whose facts are kept."""

_WIDE_CELLS = 110
"""From this width on a plot of several runs has its legend beside it; the table has their signs and colours anyway."""


class Preview(Vertical):
    """A box that shows something of the run under the cursor."""

    # A style here depends on the screen's height, so it is no matter of what is inside alone.
    SCOPED_CSS = False
    DEFAULT_CSS = """
    Preview {
        height: 1fr; min-height: 4; padding: 0 1; margin-top: 1; background: $background;
        border: round $line; border-title-color: $foreground; border-subtitle-color: $quiet;
    }
    .-short Preview { margin-top: 0; }
    Preview VerticalScroll { width: 1fr; height: 1fr; scrollbar-size-vertical: 1; }
    Preview .preview-values { width: 1fr; height: auto; layout: vertical; }
    Preview.-wide #preview-right { width: 2fr; }
    Preview.-wide .preview-values { layout: horizontal; }
    Preview Section {
        width: 1fr; height: auto; min-height: 2; padding: 0 1; border-top: solid $line; border-title-color: $foreground;
    }
    PlotPreview Legend { width: 46; margin-left: 1; }
    Preview .plot-message { width: 1fr; height: 1fr; content-align: center middle; text-align: center; color: $quiet; }
    """

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__()
        self.session = session
        self.glyphs = glyphs
        self.rows: list[WatchedRun] = []
        self._places: Mapping[RunAddress, int] = {}
        self._rest: Timer | None = None
        self._asked_at = session.now
        self._dragged = False
        self._titles = ("", "")

    def follow(self, rows: list[WatchedRun], places: Mapping[RunAddress, int]) -> None:
        """Show these runs, once no others have been asked for in a while.

        Args:
            rows: The runs: the one under the cursor, or those to plot together.
            places: Their places in the palette.
        """
        known = [row.run for row in self.rows]
        self.rows, self._places = rows, places
        if known != [row.run for row in rows]:
            self.switch()
            if self._rest is not None:
                self._rest.stop()
            self._rest = self.set_timer(_REST_S, self.reload)
        else:
            self.update()

    def tick(self) -> None:
        """Update what changes with time; ask for news of runs that go on."""
        self.update()
        if self.session.now - self._asked_at >= _REFRESH_S and self.display and self.screen.is_active and self.goes_on:
            self.reload()

    def reload(self) -> None:
        """Ask for what is shown."""
        self._asked_at = self.session.now
        if self.rows:
            self.run_worker(self.load(), exclusive=True, group="load")

    @property
    def goes_on(self) -> bool:
        """Whether any of the runs may log more."""
        return any(row.run_info is None or not row.run_info.ended for row in self.rows)

    @abstractmethod
    def switch(self) -> None:
        """Show what is known of other runs."""

    @abstractmethod
    def update(self) -> None:
        """Show what has changed without a question to the server."""

    @abstractmethod
    async def load(self) -> None:
        """Ask for what is shown, and show it."""

    def title(self, text: str, note: str = "") -> None:
        """Set the title and the note at the lower edge."""
        room = max(4, self.size.width - 6)
        titles = self.glyphs.fit(text, room), self.glyphs.fit(note, room)
        if titles != self._titles:
            self._titles = titles
            self.border_title, self.border_subtitle = Content(titles[0]), Content(titles[1]) if note else None

    # The border to the table

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag the upper edge."""
        if event.screen_y == self.region.y:
            self._dragged = True
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag it."""
        if self._dragged:
            self.post_message(Panes.Raised(event.screen_y))

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """Let go of it."""
        if self._dragged:
            self._dragged = False
            self.release_mouse()
            self.post_message(Panes.Resized())


class DetailsPreview(Preview):
    """The facts, the summary and the config of a run."""

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__(session, glyphs)
        self._facts: dict[RunAddress, SectionPart[RunFacts]] = {}
        self._sections = [
            Section("Run", lambda width: [*self._run_lines(self._frame(width))], id="preview-run"),
            Section("Summary", lambda width: [*self._summary_lines(self._frame(width))], id="preview-summary"),
            Section("Config", lambda width: [*self._config_lines(self._frame(width))], id="preview-config"),
        ]

    def compose(self) -> ComposeResult:
        """The sections side by side; where it is narrow, the config below the summary."""
        run, *values = self._sections
        with Horizontal():
            with VerticalScroll(can_focus=False):
                yield run
            with VerticalScroll(can_focus=False, id="preview-right"), Container(classes="preview-values"):
                yield from values

    def on_resize(self) -> None:
        """Use the room."""
        self.set_class(self.size.width >= _WIDE_CELLS, "-wide")
        self.update()

    def switch(self) -> None:
        """Show what is known of the run."""
        self.update()

    def update(self) -> None:
        """Show what its monitor knows."""
        row = self._row
        if row is not None:
            enter = self.session.keys.first("details")
            self.title(clean(run_name(row), 200), f"{enter}: all details" if enter else "")
        for section in self._sections:
            section.update()

    async def load(self) -> None:
        """Ask for the facts."""
        make, row = self.session.backend.inspector, self._row
        if row is None or make is None:
            return
        run = row.run
        try:
            part = SectionPart(await asyncio.to_thread(lambda: make().facts(run)))
        except WandbTuiError as error:
            part = self._facts.get(run, SectionPart()).failed(str(error))
        self._facts[run] = part
        while len(self._facts) > _MAX_FACTS:
            self._facts.pop(next(iter(self._facts)))
        self.update()

    @property
    def _row(self) -> WatchedRun | None:
        return self.rows[0] if self.rows else None

    @property
    def _part(self) -> SectionPart[RunFacts]:
        problem = "" if self.session.backend.inspector is not None else "Details are not available here."
        return self._facts.get(self.rows[0].run, SectionPart(problem=problem))

    @property
    def _info(self) -> RunInfo:
        row, answer = self.rows[0], self._part.answer
        return row.run_info or (answer.info if answer is not None else RunInfo())

    def _frame(self, width: int) -> Frame:
        return Frame(self.glyphs, width, self.session.now)

    def _run_lines(self, frame: Frame) -> list[Content]:
        if self._row is None:
            return []
        app_url = app_context(self).app_url
        url = self._row.run.page(app_url) if app_url else ""
        return [*run_lines(self._row, url, self._part, self._info, frame)]

    def _summary_lines(self, frame: Frame) -> list[Content]:
        return [*summary_lines(self._part, self._info, frame)] if self.rows else []

    def _config_lines(self, frame: Frame) -> list[Content]:
        return [*config_lines(self._part, frame)] if self.rows else []


class PlotPreview(Preview):
    """A metric of the run under the cursor, or of the selected runs."""

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__(session, glyphs)
        self._feed = PlotFeed(session)
        self._loaded: Loaded | None = None
        self._wanted = PlotSettings()
        self._plot = CurvePlot(glyphs)
        self._legend = Legend(glyphs)
        self._message = Static(classes="plot-message", markup=False)

    def compose(self) -> ComposeResult:
        """The plot, and the legend beside it."""
        with Horizontal():
            yield self._plot
            yield self._legend
        yield self._message

    def switch(self) -> None:
        """Show nothing until the curves are there."""
        self._loaded = None
        self._show()

    def update(self) -> None:
        """Show the runs' names as they become known, and why there is nothing to plot."""
        if self._message.display:
            self._show()
        else:
            self._retitle()
            self._show_legend()

    async def load(self) -> None:
        """Ask for the curves; where the metric is none of these runs', choose another one."""
        runs = [row.run for row in self.rows]
        wanted = settings = PlotSettings.of(self.session.view.get("plot"))
        if self._loaded is not None and self._loaded.curves and wanted == self._wanted:
            # It may show another metric than is wanted, which these runs do not have.
            settings = self._loaded.settings
        loaded = await self._feed.load(runs, settings) if settings.metric else Loaded(settings)
        if not loaded.problem and not any(len(one.curve) for one in loaded.curves):
            metrics = await self._feed.metrics(runs)
            if isinstance(metrics, str):
                loaded = Loaded(settings, problem=metrics)
            elif metrics and settings.metric not in metrics:
                loaded = await self._feed.load(runs, settings.with_metric(metrics))
        if runs != [row.run for row in self.rows]:
            return
        self._loaded, self._wanted = loaded, wanted
        self._show()

    def on_resize(self) -> None:
        """The legend needs room beside the plot."""
        self._show()

    def _show(self) -> None:
        loaded, single = self._loaded, len(self.rows) == 1
        drawn = [one for one in loaded.curves if len(one.curve)] if loaded is not None else []
        message = "" if drawn else self._why_nothing(loaded)
        if drawn and loaded is not None:
            curves = [PlottedCurve(self._place(one.run), one.curve) for one in drawn]
            self._plot.show(curves, loaded.settings.axes)
        self._plot.display, self._message.display = bool(drawn), not drawn
        self._legend.display = bool(drawn) and not single and self.size.width >= _WIDE_CELLS
        self._message.update(Content(self.glyphs.text(clean(message, 400))))
        self._retitle()
        self._show_legend()

    def _place(self, run: RunAddress) -> int:
        return self._places.get(run, 0)

    def _why_nothing(self, loaded: Loaded | None) -> str:
        if self.session.backend.inspector is None:
            return "Plots are not available here."
        if loaded is None:
            return "loading…"
        found = {one.run: one.rows.found for one in loaded.curves}
        if loaded.problem:
            return loaded.problem
        if self.rows and not any(found.get(row.run, row.failure is not Failure.NOT_FOUND) for row in self.rows):
            return self._not_found
        return "No metric has been logged that could be plotted."

    @property
    def _not_found(self) -> str:
        one = len(self.rows) == 1
        missing = f"There is no run {self.rows[0].run}" if one else f"None of these {len(self.rows)} runs is there"
        them = "it" if one else "them"
        keys = [
            f"{key} {what}"
            for action, what in (
                ("dashboard.remove", f"removes {them} from the list"),
                ("runs.sign_in", "signs in with another key"),
            )
            if (key := self.session.keys.first(action))
        ]
        what_to_do = "; ".join([f"Check the address{'' if one else 'es'}", *keys])
        return f"{missing}, or this API key may not see {them}. {what_to_do}."

    def _retitle(self) -> None:
        loaded, rows = self._loaded, self.rows
        name = clean(run_name(rows[0]), 200) if len(rows) == 1 else f"{len(rows)} runs"
        metric = clean(loaded.settings.metric, 200) if loaded is not None else ""
        remarks = list(loaded.settings.remarks) if loaded is not None else []
        point = self._pointed_at
        keys = [
            f"{key} {what}"
            for action, what in (("compare", "full screen"), ("metric", "other metric"))
            if (key := self.session.keys.first(f"dashboard.{action}"))
        ]
        self.title(" · ".join(part for part in (metric, name) if part), " · ".join([*point, *remarks, *keys]))

    @property
    def _pointed_at(self) -> list[str]:
        """The value under the mouse, where there is no legend to tell it."""
        loaded, cursor = self._loaded, self._plot.cursor
        if loaded is None or cursor is None or len(loaded.curves) != 1:
            return []
        text = value_at(loaded.curves[0].curve, loaded.settings.axes, cursor)
        return [text] if text else []

    def _show_legend(self) -> None:
        if not self._legend.display or self._loaded is None:
            return
        curves = {one.run: one.curve for one in self._loaded.curves}
        lines = [LegendLine(row, self._place(row.run), curves.get(row.run)) for row in self.rows]
        self._legend.show(lines, self._loaded.settings.axes, self._plot.cursor)

    @on(CurvePlot.Moved)
    def _plot_moved(self) -> None:
        self._show_legend()
        self._retitle()
