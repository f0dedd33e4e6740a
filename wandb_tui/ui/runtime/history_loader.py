"""Loads the histories of metrics for plots, in as few requests as it takes. Every call may block."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ServerError, WandbTuiError

if TYPE_CHECKING:
    # The first frame shows nothing of these.
    from wandb_tui.core.details import BranchPoint, MetricSeries, SampleQuery
    from wandb_tui.core.metric_history import MetricHistory, Point
    from wandb_tui.ui.runtime.ports import Inspector, Lineage

_MAX_HISTORIES = 400
"""The maximum number of histories kept, the ones used last."""

_BATCH_SIZE = 50
"""Runs per request."""

_MAX_GENERATIONS = 100

_MIN_REFRESH_S = 4.0
"""Seconds after which a run is asked for its newest rows at the earliest, however many plots show it."""

_MAX_IDLE = 15
"""A run without new rows is asked ever more rarely, at most so many times as rarely."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """A metric of a run, and what to plot it over.

    Attributes:
        run: The run.
        metric: The metric.
        across: The key of the horizontal axis, as in `core.details.SampleQuery`.
    """

    run: RunAddress
    metric: str
    across: str


@dataclass(frozen=True, slots=True)
class PlotRows:
    """The rows of a run for a plot, with those of the runs that it was forked from.

    Attributes:
        points: The rows.
        branch_steps: The steps at which it was forked off, the oldest ancestor's first.
        found: Whether the server knows the run.
    """

    points: Sequence[Point]
    branch_steps: tuple[int, ...] = ()
    found: bool = True


@dataclass(slots=True)
class _Entry:
    history: MetricHistory
    asked_at: float
    idle: int = 0
    found: bool = True


class HistoryLoader:
    """Keeps what was loaded, so that screens share it; safe to use from several threads."""

    def __init__(
        self,
        inspector: Callable[[], Inspector] | None,
        lineage: Callable[[], Lineage] | None,
        samples: int = 1000,
        clock: Clock = time.monotonic,
    ) -> None:
        """Prepare; nothing is loaded yet.

        Args:
            inspector: Returns what asks the server; None: nothing can be loaded.
            lineage: Returns what looks up where runs came from; None: forks are shown without their parents' rows.
            samples: The points of a run that are asked for at a time.
            clock: Tells how long ago a run was asked for its newest rows.
        """
        self._inspector = inspector
        self._lineage = lineage
        self._samples = samples
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[SeriesKey, _Entry] = OrderedDict()
        self._branch_points: dict[RunAddress, BranchPoint | None] = {}

    def load(self, wanted: Sequence[SeriesKey], ended: Iterable[RunAddress] = ()) -> dict[SeriesKey, PlotRows]:
        """The rows of some runs: those that are missing are loaded, and the newest ones of runs that go on.

        Args:
            wanted: The metrics.
            ended: The runs that log nothing any more.

        Raises:
            WandbTuiError: The server cannot be asked.
        """
        with self._lock:
            self._learn_origins([one.run for one in wanted])
            self._begin(wanted)
            self._extend(wanted, frozenset(ended))
            parents = [one for own in wanted for one in self._missing_parents(own)]
            while parents:
                self._begin(parents)
                parents = [one for own in wanted for one in self._missing_parents(own)]
            return self._rows(wanted)

    def refine(self, wanted: Sequence[SeriesKey], first: float, last: float) -> dict[SeriesKey, PlotRows]:
        """The rows of some runs, with more of those in a range of steps.

        Raises:
            WandbTuiError: The server cannot be asked.
        """
        from wandb_tui.core.details import SampleQuery

        with self._lock:
            asked: dict[SeriesKey, SampleQuery] = {}
            for own in wanted:
                for one, until in self._generations(own):
                    start, end, entry = self._first_own_step(one, first), min(last, until), self._entries.get(one)
                    if entry is not None and start <= end and entry.history.lacks(start, end):
                        asked[one] = SampleQuery(one.run, one.metric, one.across, int(start), int(end), self._samples)
            for (one, query), series in zip(asked.items(), self._ask(list(asked.values())), strict=True):
                if series is not None:
                    self._entries[one].history.refine(series, query.first or 0, query.last or 0, self._samples)
            return self._rows(wanted)

    def metrics(self, runs: Sequence[RunAddress]) -> Mapping[RunAddress, Sequence[str]]:
        """The metrics that each of some runs has logged, as far as the server tells.

        Raises:
            WandbTuiError: The server cannot be asked.
        """
        return self._require().metrics_of(runs)

    def forget(self, runs: Iterable[RunAddress]) -> None:
        """Load these runs and the runs that they came from again."""
        with self._lock:
            gone = set(runs)
            for run in list(gone):
                gone.update(self._ancestors(run))
            for one in [one for one in self._entries if one.run in gone]:
                del self._entries[one]
            for run in gone:
                self._branch_points.pop(run, None)

    # Loading

    def _require(self) -> Inspector:
        if self._inspector is None:
            raise ServerError("Plots are not available here.")
        return self._inspector()

    def _ask(self, queries: Sequence[SampleQuery]) -> list[MetricSeries | None]:
        found: list[MetricSeries | None] = []
        for start in range(0, len(queries), _BATCH_SIZE):
            found += self._require().samples(queries[start : start + _BATCH_SIZE])
        return found

    def _begin(self, wanted: Sequence[SeriesKey]) -> None:
        """Load what is not there yet."""
        from wandb_tui.core.details import SampleQuery
        from wandb_tui.core.metric_history import MetricHistory

        missing = [one for one in dict.fromkeys(wanted) if one not in self._entries]
        queries = [SampleQuery(one.run, one.metric, one.across, samples=self._samples) for one in missing]
        for one, series in zip(missing, self._ask(queries), strict=True):
            self._entries[one] = entry = _Entry(MetricHistory(), self._clock(), found=series is not None)
            if series is not None:
                entry.history.begin(series, self._samples)
        for one in wanted:
            self._entries.move_to_end(one)
        while len(self._entries) > max(_MAX_HISTORIES, 2 * len(wanted)):
            self._entries.popitem(last=False)

    def _extend(self, wanted: Sequence[SeriesKey], ended: frozenset[RunAddress]) -> None:
        """Load the newest rows of the runs that go on."""
        from wandb_tui.core.details import SampleQuery

        now = self._clock()
        due: list[SeriesKey] = []
        for one in dict.fromkeys(wanted):
            entry = self._entries[one]
            gap = _MIN_REFRESH_S * (1 + min(_MAX_IDLE, entry.idle))
            # Of a run that has ended, the last rows are asked for once more: the answer may be older than its end.
            if now - entry.asked_at >= gap and not (one.run in ended and entry.idle):
                due.append(one)
        queries = [
            SampleQuery(one.run, one.metric, one.across, first=self._next_step(one), samples=self._samples)
            for one in due
        ]
        for one, series in zip(due, self._ask(queries), strict=True):
            entry = self._entries[one]
            entry.asked_at = now
            entry.found = series is not None
            entry.idle = 0 if series is not None and entry.history.extend(series) else entry.idle + 1

    def _next_step(self, one: SeriesKey) -> int:
        last = self._entries[one].history.last_step
        return 0 if last is None else int(last) + 1

    # Lineage

    def _learn_origins(self, runs: Sequence[RunAddress]) -> None:
        unknown = [run for run in dict.fromkeys(runs) if run not in self._branch_points]
        if self._lineage is None or not unknown:
            return
        try:
            origins = self._lineage().of_runs(unknown)
        except WandbTuiError:
            # Without it there are still the run's own rows, which is better than none; the next load asks again.
            return
        self._branch_points |= dict.fromkeys(unknown)
        self._branch_points |= {run: origin.branch_point for run, origin in origins.items()}

    def _ancestors(self, run: RunAddress) -> list[RunAddress]:
        """The runs that it was forked from, the nearest first."""
        found: list[RunAddress] = []
        while (point := self._branch_points.get(run)) is not None and len(found) < _MAX_GENERATIONS:
            run = RunAddress(run.entity, run.project, point.run_id)
            if run in found:
                break
            found.append(run)
        return found

    def _generations(self, own: SeriesKey) -> list[tuple[SeriesKey, float]]:
        """The run and its ancestors, the oldest first, with the last step that each has in common with the run."""
        found, until = [(own, float("inf"))], float("inf")
        for run in self._ancestors(own.run):
            point = self._branch_points[found[-1][0].run]
            until = min(until, float("inf") if point is None else point.step)
            found.append((SeriesKey(run, own.metric, own.across), until))
        return found[::-1]

    def _first_own_step(self, one: SeriesKey, first: float) -> float:
        """The first step from `first` on whose row is a run's own; not that of its parent, if that is asked as well."""
        from wandb_tui.core.metric_history import begins_late

        point, entry = self._branch_points.get(one.run), self._entries.get(one)
        if point is not None and entry is not None and begins_late(entry.history.points, point.step):
            return max(first, point.step + 1)
        return first

    def _missing_parents(self, own: SeriesKey) -> list[SeriesKey]:
        """The nearest ancestor whose rows are needed and not loaded yet."""
        from wandb_tui.core.metric_history import begins_late

        at = own
        for run in self._ancestors(own.run):
            entry, point = self._entries.get(at), self._branch_points[at.run]
            if entry is None:
                return [at]
            if point is None or not begins_late(entry.history.points, point.step):
                return []
            at = SeriesKey(run, own.metric, own.across)
        return [] if at in self._entries else [at]

    def _rows(self, wanted: Sequence[SeriesKey]) -> dict[SeriesKey, PlotRows]:
        from wandb_tui.core.metric_history import stitched

        found: dict[SeriesKey, PlotRows] = {}
        for own in wanted:
            generations = [
                (self._entries[one].history.points if one in self._entries else [], None if one == own else until)
                for one, until in self._generations(own)
            ]
            steps = tuple(int(until) for _, until in generations if until is not None)
            points = stitched(generations, own.across) if steps else list(generations[-1][0])
            found[own] = PlotRows(points, steps, self._entries[own].found)
        return found
