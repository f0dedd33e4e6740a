"""Loads what a plot shows, off the UI thread: rows from the server, made into curves there as well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import STEP
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.metric_history import Point
from wandb_tui.ui.plots.curve import Curve, CurveOptions
from wandb_tui.ui.plots.metric_choice import by_importance
from wandb_tui.ui.plots.settings import PlotSettings
from wandb_tui.ui.runtime.history_loader import PlotRows, SeriesKey
from wandb_tui.ui.runtime.session import Session

_MAX_MADE = 32
"""The maximum number of curves kept ready."""


@dataclass(frozen=True, slots=True)
class RunCurve:
    """A run in a plot.

    Attributes:
        run: The run.
        curve: Its curve; may be empty.
        rows: The rows that it was made of.
    """

    run: RunAddress
    curve: Curve
    rows: PlotRows


@dataclass(frozen=True, slots=True)
class Loaded:
    """The curves loaded for a plot.

    Attributes:
        settings: The settings that they were loaded for.
        curves: The runs' curves, in the order asked for.
        problem: Why nothing could be loaded, in one sentence; else empty.
    """

    settings: PlotSettings
    curves: Sequence[RunCurve] = ()
    problem: str = ""


class PlotFeed:
    """Loads the curves of one plot. For the UI thread, which it never holds up."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: dict[SeriesKey, tuple[CurveOptions, int, Point | None, RunCurve]] = {}

    async def load(self, runs: Sequence[RunAddress], settings: PlotSettings) -> Loaded:
        """The curves of some runs, with their newest rows."""
        ended = self._ended(runs)

        def ask() -> Mapping[SeriesKey, PlotRows]:
            return self._session.histories.load(_wanted(runs, settings), ended)

        return await self._loaded(runs, settings, ask)

    async def load_metrics(self, run: RunAddress, metrics: Sequence[str]) -> list[RunCurve] | str:
        """The curves of several metrics of one run over its steps; or why they cannot be loaded."""
        ended = self._ended([run])

        def work() -> list[RunCurve]:
            wanted = [SeriesKey(run, metric, STEP) for metric in metrics]
            rows = self._session.histories.load(wanted, ended)
            return [self._curve(one, rows[one], CurveOptions()) for one in wanted]

        try:
            return await asyncio.to_thread(work)
        except WandbTuiError as error:
            return str(error)

    async def refine(self, shown: Sequence[RunCurve], settings: PlotSettings, low: float, high: float) -> Loaded:
        """Curves with more of their rows in a part of the horizontal axis.

        Args:
            shown: The curves as they are.
            settings: The settings of their plot.
            low: The left end of the part.
            high: Its right end.
        """
        runs = [one.run for one in shown]
        wanted = _wanted(runs, settings)

        def ask() -> Mapping[SeriesKey, PlotRows]:
            if settings.across == STEP:
                return self._session.histories.refine(wanted, low, high)
            steps = [step for one in shown for step, place, _ in one.rows.points if low <= place <= high]
            if not steps:
                return {one: made.rows for one, made in zip(wanted, shown, strict=True)}
            return self._session.histories.refine(wanted, min(steps), max(steps))

        return await self._loaded(runs, settings, ask)

    async def metrics(self, runs: Sequence[RunAddress]) -> list[str] | str:
        """The metrics that any of some runs has logged, the most telling first; or why they are unknown."""
        try:
            found = await asyncio.to_thread(self._session.histories.metrics, runs)
        except WandbTuiError as error:
            return str(error)
        return list(by_importance({name for names in found.values() for name in names}))

    async def forget(self, runs: Iterable[RunAddress]) -> None:
        """Load these runs again the next time."""
        await asyncio.to_thread(self._session.histories.forget, runs)

    def goes_on(self, runs: Iterable[RunAddress]) -> bool:
        """Whether any of these runs may log more."""
        runs = list(runs)
        return len(self._ended(runs)) < len(runs)

    def _ended(self, runs: Iterable[RunAddress]) -> set[RunAddress]:
        rows = {run: self._session.watch_list.get(run) for run in runs}
        return {run for run, row in rows.items() if row is not None and row.run_info and row.run_info.ended}

    async def _loaded(
        self, runs: Sequence[RunAddress], settings: PlotSettings, ask: Callable[[], Mapping[SeriesKey, PlotRows]]
    ) -> Loaded:
        def work() -> list[RunCurve]:
            rows = ask()
            return [self._curve(one, rows[one], settings.curve_options) for one in _wanted(runs, settings)]

        try:
            return Loaded(settings, await asyncio.to_thread(work))
        except WandbTuiError as error:
            return Loaded(settings, problem=str(error))

    def _curve(self, one: SeriesKey, rows: PlotRows, options: CurveOptions) -> RunCurve:
        """The curve of a run; the one made before if nothing has changed."""
        last = rows.points[-1] if rows.points else None
        before = self._made.get(one)
        if before is not None and before[:3] == (options, len(rows.points), last):
            return before[3]
        made = RunCurve(one.run, Curve(rows.points, options), rows)
        self._made[one] = options, len(rows.points), last, made
        while len(self._made) > _MAX_MADE:
            self._made.pop(next(iter(self._made)))
        return made


def _wanted(runs: Sequence[RunAddress], settings: PlotSettings) -> list[SeriesKey]:
    return [SeriesKey(run, settings.metric, settings.across) for run in runs]
