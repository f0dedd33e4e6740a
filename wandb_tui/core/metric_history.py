"""The known values of a metric in a run, put together from samples of the run and of those it was forked from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wandb_tui.core.details import RUNTIME, MetricSeries

Point = tuple[float, float, float]
"""A step, the place on the horizontal axis, and the value, which may be NaN or infinite."""

_SURELY_SAMPLED = 0.5
"""From which share of the points asked for an answer may be a sample: servers do not hit the number exactly."""

_MAX_POINTS = 200_000
"""The maximum number of points that are kept of a run; beyond that, samples of its parts are dropped."""


@dataclass(slots=True)
class MetricHistory:
    """The rows of one run itself, as far as they have been loaded.

    Attributes:
        points: The points, by step.
        sampled: Whether there may be rows between them that were not loaded.
        whole: The ranges of steps of which every row has been loaded.
    """

    points: list[Point] = field(default_factory=list)
    sampled: bool = False
    whole: list[tuple[float, float]] = field(default_factory=list)
    _overview: list[Point] = field(default_factory=list)

    @property
    def last_step(self) -> float | None:
        """The last step that is known."""
        return self.points[-1][0] if self.points else None

    def begin(self, series: MetricSeries, asked: int) -> None:
        """Take in a sample of the whole run, in place of all that was known."""
        self.points = _points_of(series)
        self._overview = self.points
        self.sampled = len(self.points) >= _SURELY_SAMPLED * asked
        self.whole.clear()

    def extend(self, series: MetricSeries) -> int:
        """Take in the rows after those that are known; how many there are."""
        new = _points_of(series)
        self._overview = _merged(self._overview, new)
        self._add(new)
        return len(new)

    def refine(self, series: MetricSeries, first: float, last: float, asked: int) -> None:
        """Take in a sample of a range of steps."""
        new = _points_of(series)
        if len(new) < _SURELY_SAMPLED * asked:
            self.whole.append((first, last))
        self._add(new)

    def lacks(self, first: float, last: float) -> bool:
        """Whether rows in a range of steps may be unknown."""
        return self.sampled and not any(start <= first and last <= end for start, end in self.whole)

    def _add(self, new: list[Point]) -> None:
        self.points = _merged(self.points, new)
        if len(self.points) > _MAX_POINTS:
            self.points = _merged(self._overview, new)
            self.whole.clear()


def stitched(generations: Sequence[tuple[Sequence[Point], float | None]], across: str) -> list[Point]:
    """The rows of a run with those of its ancestors, each up to the step at which the next one was forked.

    Args:
        generations: The rows of each run, the oldest ancestor first, and the last step that the next one shares; None
            for the run itself.
        across: The key of the horizontal axis. Where that is the time since the start, each fork goes on at the time at
            which it branched off.
    """
    found: list[Point] = []
    shared: float | None = None
    for points, until in generations:
        own = [point for point in points if until is None or point[0] <= until]
        if own and shared is not None and not begins_late(own, shared):
            # The server tells a fork's rows with those of its parent.
            found = []
        elif across == RUNTIME and found and own and own[0][1] < found[-1][1]:
            later = found[-1][1]
            own = [(step, place + later, value) for step, place, value in own]
        found = [*found, *own]
        shared = until
        if until is not None:
            found = [point for point in found if point[0] <= until]
    return found


def begins_late(points: Sequence[Point], shared: float) -> bool:
    """Whether the rows of a fork begin after the last step that it shares with its parent."""
    return not points or points[0][0] > shared


def _points_of(series: MetricSeries) -> list[Point]:
    if series.across:
        return [(step, across, value) for (step, value), across in zip(series.points, series.across, strict=True)]
    return [(step, step, value) for step, value in series.points]


def _merged(old: Iterable[Point], new: Sequence[Point]) -> list[Point]:
    old = list(old)
    if not new:
        return old
    if not old or old[-1][0] < new[0][0]:
        return [*old, *new]
    by_step = {point[0]: point for point in (*old, *new)}
    return [by_step[step] for step in sorted(by_step)]
