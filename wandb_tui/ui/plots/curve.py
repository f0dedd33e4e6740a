"""A curve as it is drawn: smoothed, on linear or logarithmic axes, and ready to be looked up range by range."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from wandb_tui.core.metric_history import Point
from wandb_tui.ui.plots.axis import Range

_FAN = 4
"""The number of values that share an entry of the next level."""

Level = tuple[list[float], list[float]]
"""The least and the greatest of each so many neighbours."""

_SMOOTHED_RANGE = 1000
"""Smoothing forgets as fast as if the whole curve had so many points, however many of them are loaded."""


@dataclass(frozen=True, slots=True)
class CurveOptions:
    """The options by which the values of a metric become a curve.

    Attributes:
        smoothing: The weight of the past in an exponential moving average, from 0 (none) to below 1.
        log_across: Whether the horizontal axis is logarithmic.
        log_up: Whether the vertical axis is.
    """

    smoothing: float = 0.0
    log_across: bool = False
    log_up: bool = False


class Extremes:
    """Finds the least and the greatest of any range of values in about the time that a short range takes."""

    def __init__(self, values: list[float]) -> None:
        self.levels: list[Level] = [(values, values)]
        while len(self.levels[-1][0]) > _FAN:
            lows, highs = self.levels[-1]
            starts = range(0, len(lows), _FAN)
            self.levels.append(
                (
                    [min(lows[start : start + _FAN]) for start in starts],
                    [max(highs[start : start + _FAN]) for start in starts],
                )
            )

    def of(self, first: int, stop: int) -> Range:
        """The least and the greatest value from index `first` up to, not including, `stop`, which must be more."""
        least: list[float] = []
        greatest: list[float] = []
        for lows, highs in self.levels:
            above, below = -(-first // _FAN) * _FAN, stop // _FAN * _FAN
            # The ends, which no whole entry of the next level covers.
            ends = ((first, stop),) if stop - first <= 2 * _FAN else ((first, above), (below, stop))
            for start, end in ends:
                least += lows[start:end]
                greatest += highs[start:end]
            first, stop = above // _FAN, below // _FAN
            if len(ends) == 1 or first >= stop:
                break
        return min(least), max(greatest)


class Curve:
    """The points of a curve that can be drawn, from left to right.

    Attributes:
        xs: Their places on the horizontal axis; on a logarithmic one the logarithms.
        ys: Their heights, likewise.
        breaks: The indices of points that are not connected with the one before.
        not_finite: How many values were NaN or infinite.
        off_axis: How many were left out for not being positive on a logarithmic axis.
    """

    def __init__(self, points: Sequence[Point], options: CurveOptions = CurveOptions()) -> None:
        self.xs: list[float] = []
        self.ys: list[float] = []
        self.not_finite = self.off_axis = 0
        breaks: set[int] = set()
        last = -math.inf
        ordered = all(before[1] <= after[1] for before, after in pairwise(points))
        for x, y in _smoothed(points if ordered else sorted(points, key=lambda point: point[1]), options.smoothing):
            finite = math.isfinite(x) and math.isfinite(y)
            if finite and ((options.log_across and x <= 0) or (options.log_up and y <= 0)):
                self.off_axis += 1
                finite = False
            elif not finite:
                self.not_finite += 1
            if not finite:
                breaks.add(len(self.xs))
                continue
            last = math.log10(x) if options.log_across else x
            self.xs.append(last)
            self.ys.append(math.log10(y) if options.log_up else y)
        self.breaks = frozenset(breaks)
        self._extremes = Extremes(self.ys)
        self._starts = {1: self.xs}

    def __len__(self) -> int:
        return len(self.xs)

    @property
    def across(self) -> Range | None:
        """The range of the horizontal axis; None if there is no point."""
        return (self.xs[0], self.xs[-1]) if self.xs else None

    @property
    def up(self) -> Range | None:
        """The range of the heights; None if there is no point."""
        return self._extremes.of(0, len(self.ys)) if self.ys else None

    def indices(self, low: float, high: float) -> tuple[int, int]:
        """The index of the first point in a range of the horizontal axis, and the one after the last."""
        return bisect_left(self.xs, low), bisect_right(self.xs, high)

    def up_within(self, low: float, high: float) -> Range | None:
        """The range of the heights between two places; None if there is no point between them."""
        first, stop = self.indices(low, high)
        return self._extremes.of(first, stop) if first < stop else None

    def blocks(self, most: int) -> tuple[int, list[float], Level]:
        """The points in blocks.

        Args:
            most: The most points in a block.

        Returns:
            How many points there are in a block, the place of the first of each, and the extremes of each.
        """
        depth, size = 0, 1
        while size * _FAN <= most and depth + 1 < len(self._extremes.levels):
            depth, size = depth + 1, size * _FAN
        if size not in self._starts:
            self._starts[size] = self.xs[::size]
        return size, self._starts[size], self._extremes.levels[depth]

    def nearest(self, x: float) -> tuple[float, float] | None:
        """The point whose place is nearest; None if there is no point."""
        if not self.xs:
            return None
        at = bisect_left(self.xs, x)
        index = min((i for i in (at - 1, at) if 0 <= i < len(self.xs)), key=lambda i: abs(self.xs[i] - x))
        return self.xs[index], self.ys[index]


def _smoothed(points: Sequence[Point], weight: float) -> list[tuple[float, float]]:
    """The points after an exponential moving average that counts distances, so that dense parts are not smoothed more.

    The weight of the past falls with the distance to it, and the average is not pulled to zero at its beginning. Values
    that are not finite stay as they are.
    """
    if weight <= 0:
        return [(x, y) for _, x, y in points]
    finite = [x for _, x, y in points if math.isfinite(y) and math.isfinite(x)]
    length = finite[-1] - finite[0] if finite else 0.0
    unit = length / _SMOOTHED_RANGE
    found: list[tuple[float, float]] = []
    total = weights = 0.0
    before: float | None = None
    for _, x, y in points:
        if not (math.isfinite(y) and math.isfinite(x)):
            found.append((x, y))
            continue
        distance = (x - before) / unit if before is not None and unit > 0 else 1.0
        kept = weight ** max(distance, 1e-9)
        total, weights, before = total * kept + y, weights * kept + 1.0, x
        found.append((x, total / weights))
    return found
