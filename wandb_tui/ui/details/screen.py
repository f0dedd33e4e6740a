"""All about one run: where it is, what it is, what it has logged, what has been exported, how its attempts went.

The screen opens with what is known here. The server is asked off this thread, part by part; what it cannot tell is
said in the part's place. Answers that come after the screen was closed go nowhere: its workers end with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from wandb_tui.core.details import MetricSeries, RunFacts, VersionCoverage, Versions
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import short_name
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.common.section import Section
from wandb_tui.ui.dashboard.key_bar import KeyBar
from wandb_tui.ui.details.metric_choice import by_worth, first_choice
from wandb_tui.ui.details.metric_panel import MetricPanel
from wandb_tui.ui.details.rows import (
    Frame,
    SectionPart,
    attempt_lines,
    config_lines,
    run_lines,
    summary_lines,
    version_lines,
)
from wandb_tui.ui.input.actions import ACTIONS, Action, Requirement, Scope, bindings
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.ports import Inspector
from wandb_tui.ui.runtime.session import Session

T = TypeVar("T")

_CANDIDATES = 6
"""So many metrics are fetched at first, to find one that changes."""

_NO_INSPECTOR = "There is no way to ask the server here."


class DetailsScreen(RunScreen):
    """One run, in two columns where there is room for them."""

    PLACES = (Scope.DETAILS, Scope.RUNS)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    AUTO_FOCUS = "#details"

    def __init__(self, session: Session, row: WatchedRun, glyphs: Glyphs) -> None:
        super().__init__()
        self.session = session
        self._row = row
        self.glyphs = glyphs
        self._facts: SectionPart[RunFacts] = SectionPart()
        self._versions: SectionPart[Versions] = SectionPart()
        self._covered: SectionPart[Mapping[int, VersionCoverage]] = SectionPart()
        self._metrics: tuple[str, ...] = ()
        self._metric = ""
        self._curves: dict[str, MetricSeries] = {}
        self._info_then, self._artifact_then = row.run_info, row.artifact
        self._asking = 0
        self._titled: tuple[Content, str] | None = None
        self._panel = MetricPanel(glyphs)
        self._keys = KeyBar(session.keys, *self.PLACES)
        self._sections = [
            Section(
                "Run",
                lambda width: [*run_lines(self._row, self._url, self._facts, self._info, self._frame(width))],
                id="run",
            ),
            Section(
                "History artifact",
                lambda width: [*version_lines(self._versions, self._covered, self._info.last_step, self._frame(width))],
                id="versions",
            ),
            Section("Attempts", lambda width: [*attempt_lines(self._row, self._frame(width))], id="attempts"),
            Section(
                "Summary", lambda width: [*summary_lines(self._facts, self._info, self._frame(width))], id="summary"
            ),
            Section("Config", lambda width: [*config_lines(self._facts, self._frame(width))], id="config"),
        ]

    def compose(self) -> ComposeResult:
        """What tells whether it is the right run comes first."""
        run, *others = self._sections
        with VerticalScroll(id="details"), Vertical(id="details-columns"):
            with Vertical(classes="details-column"):
                yield run
                yield self._panel
            with Vertical(classes="details-column"):
                yield from others
        yield self._keys

    def on_mount(self) -> None:
        """Ask at once."""
        self._update()
        self.action_ask_again()

    # What changes by itself

    def repainting(self, rows: Iterable[WatchedRun]) -> Iterator[None]:
        """How the run's monitor stands may have changed."""
        yield
        if any(row.run == self._row.run for row in rows):
            self._update()
            if self._row.artifact != self._artifact_then:
                self._artifact_then = self._row.artifact
                self.run_worker(self._ask_versions(), exclusive=True, group="versions")

    def tick(self) -> None:
        """The clock of its attempt goes on, and what was not known at the start may be known now."""
        self._update()

    def _update(self) -> None:
        # Removed and added again, it has another row.
        self._row = self.session.watch_list.get(self._row.run) or self._row
        for section in self._sections:
            section.update()
        self._retitle()
        self._keys.disabled_actions = frozenset(a.id for a in ACTIONS if not self.applies(a))

    def _retitle(self) -> None:
        run = self._sections[0]
        name, run_id = self._known_name, clean(self._row.run.run_id)
        whole = f"{name} {run_id}" if name != run_id else run_id
        note = self.glyphs.text("asking…") if self._asking else ""
        if self._row.run not in self.session.watch_list:
            note = "no longer on the list"
        # Before the first layout nobody knows how wide the box is.
        title = Content(self.glyphs.fit(whole, max(4, run.size.width - 4) if run.size.width else len(whole)))
        if (title, note) != self._titled:
            self._titled = (title, note)
            run.border_title, run.border_subtitle = title, note or None

    @property
    def _known_name(self) -> str:
        told = clean(self._facts.told.info.name, 200) if self._facts.told else ""
        return told if told.strip() else short_name(self._row)

    @property
    def _url(self) -> str:
        return self._row.run.page(self.app_url) if self.app_url else ""

    @property
    def app_url(self) -> str:
        """As the app has learnt it."""
        return app_context(self).app_url

    def target_rows(self) -> list[WatchedRun]:
        """The one run."""
        return [self._row]

    @property
    def _info(self) -> RunInfo:
        """The newest that is known of the run: what the server told here, or the monitor has heard since."""
        heard, told = self._row.run_info, self._facts.told
        if told is None or (heard is not None and heard is not self._info_then):
            return heard or RunInfo()
        return told.info

    def _frame(self, width: int) -> Frame:
        return Frame(self.glyphs, width, self.session.now)

    # Asking

    def action_ask_again(self) -> None:
        """Ask for everything anew; what is shown stays until then."""
        self.run_worker(self._ask_all(), exclusive=True, group="ask")

    async def _ask_all(self) -> None:
        if self.session.backend.inspector is None:
            self._facts = self._facts.failed(_NO_INSPECTOR)
            self._versions = self._versions.failed(_NO_INSPECTOR)
            self._panel.say(_NO_INSPECTOR)
            self._update()
            return
        self._asking += 1
        self._update()
        try:
            await asyncio.gather(self._ask_run(), self._ask_versions())
        finally:
            self._asking -= 1
        self._update()

    async def _ask_run(self) -> None:
        if not self._metrics:
            self._panel.say("asking…")
        self._facts = await self._part(self._facts, lambda inspector: inspector.facts(self._row.run))
        self._info_then = self._row.run_info
        self._update()
        if self._facts.told is None:
            self._panel.say("Nothing to plot, as the server tells nothing of the run.")
            return
        metrics = self._facts.told.metrics
        if metrics is None:
            self._panel.say("The server does not tell which metrics the run has logged.")
            return
        self._metrics = by_worth(metrics)
        self._curves.clear()
        if self._metric not in self._metrics:
            self._metric = ""
        await self._plot()

    async def _ask_versions(self) -> None:
        self._versions = await self._part(self._versions, lambda inspector: inspector.versions(self._row.run))
        self._update()
        if self._versions.told is not None and not self._versions.problem:
            numbers = [one.version.version for one in self._versions.told.newest]
            self._covered = await self._part(self._covered, lambda inspector: inspector.covered(self._row.run, numbers))
            self._update()

    async def _part(self, before: SectionPart[T], ask: Callable[[Inspector], T]) -> SectionPart[T]:
        """What the server answers, or why it does not, in one sentence."""
        make = self.session.backend.inspector
        if make is None:
            return before.failed(_NO_INSPECTOR)
        try:
            return SectionPart(await asyncio.to_thread(lambda: ask(make())))
        except WandbTuiError as error:
            return before.failed(str(error))

    # The plot

    async def _plot(self) -> None:
        """Show the chosen metric, or choose one."""
        if not self._metrics:
            self._panel.say("This run has logged no metric yet.")
            return
        wanted = [self._metric] if self._metric else list(self._metrics[:_CANDIDATES])
        if self._metric not in self._curves:
            if not self._metric or self._panel.showing != self._metric:
                self._panel.say("asking…", self._metric, self._place)
            found = await self._ask_curves(wanted)
            if isinstance(found, str):
                self._metric = self._metric or self._metrics[0]
                self._panel.say(found, self._metric, self._place)
                return
            self._curves |= {curve.metric: curve for curve in found}
            self._metric = self._metric or found[first_choice(found)].metric
        # Where the user has gone on meanwhile, the curve that is wanted now is on its way.
        if (curve := self._curves.get(self._metric)) is not None:
            await self._panel.show(curve, self._place)
        self._update()

    async def _ask_curves(self, metrics: Sequence[str]) -> list[MetricSeries] | str:
        """The curves, or why there are none. What draws them is brought in on that thread as well."""

        def ask(inspector: Inspector) -> Sequence[MetricSeries]:
            curves = inspector.curves(self._row.run, metrics)
            _import_plot()
            return curves

        part: SectionPart[Sequence[MetricSeries]] = await self._part(SectionPart(), ask)
        return list(part.told) if part.told else part.problem

    @property
    def _place(self) -> str:
        count = len(self._metrics)
        return f"{self._metrics.index(self._metric) + 1} of {count}" if count > 1 and self._metric else ""

    def action_next_metric(self) -> None:
        """Plot the next metric."""
        self._go(1)

    def action_previous_metric(self) -> None:
        """Plot the metric before."""
        self._go(-1)

    def _go(self, step: int) -> None:
        if len(self._metrics) > 1:
            at = self._metrics.index(self._metric) if self._metric else -max(0, step)
            self._metric = self._metrics[(at + step) % len(self._metrics)]
            self.run_worker(self._plot(), exclusive=True, group="plot")

    # Leaving

    def applies(self, action: Action) -> bool:
        """Whether an action makes sense now."""
        return action.needs is not Requirement.METRICS or len(self._metrics) > 1

    def action_leave(self) -> None:
        """Back to the table."""
        self.dismiss(None)


def _import_plot() -> None:
    """Import the plotting library, which takes a while, before there is something to draw."""
    from wandb_tui.ui.details import metric_plot

    del metric_plot
