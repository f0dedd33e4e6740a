"""The details of one run: address, facts, metrics, exported versions, attempts.

The screen opens with what is known already. Queries run in threads, part by part; an error is shown in the place of its
part. Answers that arrive after the screen was closed are dropped with its workers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from wandb_tui.core.details import RunFacts, VersionCoverage, Versions
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import short_name
from wandb_tui.ui.common.key_bar import KeyBar
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.common.section import Section
from wandb_tui.ui.details.lineage_rows import RunLineage, chain_of, lineage_lines
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
from wandb_tui.ui.plots.feed import PlotFeed, RunCurve
from wandb_tui.ui.plots.metric_choice import by_importance, first_choice
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.ports import Inspector
from wandb_tui.ui.runtime.session import Session

T = TypeVar("T")

_MAX_CANDIDATES = 6
"""The number of metrics that are fetched at first, to find one that changes."""

_NO_INSPECTOR = "Details are not available here."


class DetailsScreen(RunScreen):
    """One run, in two columns if there is room."""

    CSS_PATH = Path(__file__).with_name("details.tcss")
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
        self._lineage: SectionPart[RunLineage] = SectionPart()
        self._covered: SectionPart[Mapping[int, VersionCoverage]] = SectionPart()
        self._metrics: tuple[str, ...] = ()
        self._metric = ""
        self._curves: dict[str, RunCurve] = {}
        self._feed = PlotFeed(session)
        self._info_at_query, self._last_artifact = row.run_info, row.artifact
        self._pending_queries = 0
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
        if session.backend.lineage is not None:
            lineage = Section(
                "Lineage", lambda width: [*lineage_lines(self._lineage, self._frame(width))], id="lineage"
            )
            self._sections.insert(2, lineage)

    def compose(self) -> ComposeResult:
        """The sections, first those that identify the run."""
        run, *others = self._sections
        with VerticalScroll(id="details"), Vertical(id="details-columns"):
            with Vertical(classes="details-column"):
                yield run
                yield self._panel
            with Vertical(classes="details-column"):
                yield from others
        yield self._keys

    def on_mount(self) -> None:
        """Query the server at once."""
        self._update()
        self.run_worker(self._query_all(), exclusive=True, group="ask")

    # Updates

    def repainting(self, rows: Iterable[WatchedRun]) -> Iterator[None]:
        """Show changes of the run's monitor."""
        yield
        if any(row.run == self._row.run for row in rows):
            self._update()
            if self._row.artifact != self._last_artifact:
                self._last_artifact = self._row.artifact
                self.run_worker(self._query_versions(), exclusive=True, group="versions")

    def tick(self) -> None:
        """Update the clock of the attempt, and what was not known at the start."""
        self._update()

    def _update(self) -> None:
        # A run that was removed and added again has another row.
        self._row = self.session.watch_list.get(self._row.run) or self._row
        for section in self._sections:
            section.update()
        self._retitle()
        self._keys.disabled_actions = frozenset(a.full_id for a in ACTIONS if not self.applies(a))

    def _retitle(self) -> None:
        run = self._sections[0]
        name, run_id = self._known_name, clean(self._row.run.run_id)
        whole = f"{name} {run_id}" if name != run_id else run_id
        note = self.glyphs.text("loading…") if self._pending_queries else ""
        if self._row.run not in self.session.watch_list:
            note = "no longer on the list"
        # The width is unknown before the first layout.
        title = Content(self.glyphs.fit(whole, max(4, run.size.width - 4) if run.size.width else len(whole)))
        if (title, note) != self._titled:
            self._titled = (title, note)
            run.border_title, run.border_subtitle = title, note or None

    @property
    def _known_name(self) -> str:
        name = clean(self._facts.answer.info.name, 200) if self._facts.answer else ""
        return name if name.strip() else short_name(self._row)

    @property
    def _url(self) -> str:
        return self._row.run.page(self.app_url) if self.app_url else ""

    @property
    def above_toasts(self) -> Widget:
        """The sections."""
        return self.query_one("#details")

    @property
    def app_url(self) -> str:
        """Base address of the server's pages."""
        return app_context(self).app_url

    def target_rows(self) -> list[WatchedRun]:
        """The one run."""
        return [self._row]

    @property
    def _info(self) -> RunInfo:
        """The newest facts: from the query here, or from the monitor since."""
        monitored, answer = self._row.run_info, self._facts.answer
        if answer is None or (monitored is not None and monitored is not self._info_at_query):
            return monitored or RunInfo()
        return answer.info

    def _frame(self, width: int) -> Frame:
        return Frame(self.glyphs, width, self.session.now)

    # Queries

    def action_refresh(self) -> None:
        """Query everything again; what is shown stays until then."""
        self.run_worker(self._query_again(), exclusive=True, group="ask")

    async def _query_again(self) -> None:
        await self._feed.forget([self._row.run])
        await self._query_all()

    async def _query_all(self) -> None:
        if self.session.backend.inspector is None:
            self._facts = self._facts.failed(_NO_INSPECTOR)
            self._versions = self._versions.failed(_NO_INSPECTOR)
            self._panel.show_message(_NO_INSPECTOR)
            self._update()
            return
        self._pending_queries += 1
        self._update()
        try:
            await asyncio.gather(self._query_run(), self._query_versions(), self._query_lineage())
        finally:
            self._pending_queries -= 1
        self._update()

    async def _query_run(self) -> None:
        if not self._metrics:
            self._panel.show_message("loading…")
        self._facts = await self._query(self._facts, lambda inspector: inspector.facts(self._row.run))
        self._info_at_query = self._row.run_info
        self._update()
        if self._facts.answer is None:
            self._panel.show_message("Nothing to plot: the server reports nothing.")
            return
        metrics = self._facts.answer.metrics
        if metrics is None:
            self._panel.show_message("Unknown: the server does not list the run's metrics.")
            return
        self._metrics = by_importance(metrics)
        self._curves.clear()
        if self._metric not in self._metrics:
            self._metric = ""
        await self._plot()

    async def _query_versions(self) -> None:
        self._versions = await self._query(self._versions, lambda inspector: inspector.versions(self._row.run))
        self._update()
        if self._versions.answer is not None and not self._versions.problem:
            numbers = [one.version.version for one in self._versions.answer.newest]
            self._covered = await self._query(
                self._covered, lambda inspector: inspector.covered(self._row.run, numbers)
            )
            self._update()

    async def _query_lineage(self) -> None:
        run, make = self._row.run, self.session.backend.lineage
        if make is None:
            return

        def ask() -> RunLineage:
            lineage = make()
            return RunLineage(chain_of(run, lineage.of_runs([run])), lineage.forks_of(run))

        try:
            self._lineage = SectionPart(await asyncio.to_thread(ask))
        except WandbTuiError as error:
            self._lineage = self._lineage.failed(str(error))
        self._update()

    async def _query(self, before: SectionPart[T], ask: Callable[[Inspector], T]) -> SectionPart[T]:
        """The server's answer, or its error in one sentence."""
        make = self.session.backend.inspector
        if make is None:
            return before.failed(_NO_INSPECTOR)
        try:
            return SectionPart(await asyncio.to_thread(lambda: ask(make())))
        except WandbTuiError as error:
            return before.failed(str(error))

    # The plot

    async def _plot(self) -> None:
        """Plot the chosen metric, or choose one."""
        if not self._metrics:
            self._panel.show_message("This run has logged no metric yet.")
            return
        wanted = [self._metric] if self._metric else list(self._metrics[:_MAX_CANDIDATES])
        if self._metric not in self._curves:
            if not self._metric or self._panel.showing != self._metric:
                self._panel.show_message("loading…", self._metric, self._place)
            found = await self._feed.load_metrics(self._row.run, wanted)
            if isinstance(found, str):
                self._metric = self._metric or self._metrics[0]
                self._panel.show_message(found, self._metric, self._place)
                return
            self._curves |= dict(zip(wanted, found, strict=True))
            self._metric = self._metric or wanted[first_choice([one.curve for one in found])]
        # If the user has moved on meanwhile, the wanted curve is still on its way.
        if (curve := self._curves.get(self._metric)) is not None:
            self._panel.show(self._metric, curve, self._place)
        self._update()

    @property
    def _place(self) -> str:
        count = len(self._metrics)
        return f"{self._metrics.index(self._metric) + 1} of {count}" if count > 1 and self._metric else ""

    def action_next_metric(self) -> None:
        """Plot the next metric."""
        self._go(1)

    def action_previous_metric(self) -> None:
        """Plot the previous metric."""
        self._go(-1)

    def _go(self, step: int) -> None:
        if len(self._metrics) > 1:
            at = self._metrics.index(self._metric) if self._metric else -max(0, step)
            self._metric = self._metrics[(at + step) % len(self._metrics)]
            self.run_worker(self._plot(), exclusive=True, group="plot")

    # Leaving

    def applies(self, action: Action) -> bool:
        """Whether an action is possible now."""
        return action.needs is not Requirement.METRICS or len(self._metrics) > 1

    def action_leave(self) -> None:
        """Return to the table."""
        self.dismiss(None)
