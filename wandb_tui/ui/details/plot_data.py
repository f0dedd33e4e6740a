"""Prepares a curve for drawing: scaled to 0…1, split at gaps, with axis labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from itertools import groupby

from wandb_tui.core.details import MetricSeries

Stretch = tuple[list[float], list[float]]
"""The coordinates of a segment without gaps: x, y."""

Ticks = tuple[list[float], list[str]]
"""The positions and texts of an axis's labels."""


class Span:
    """The range of some values; no size of values overflows it."""

    def __init__(self, values: list[float]) -> None:
        self.low, self.high = min(values), max(values)
        self._scale = max(abs(self.low), abs(self.high)) or 1.0
        self._length = self.high / self._scale - self.low / self._scale

    def place(self, value: float) -> float:
        """The position of a value from 0 to 1; 0.5 if all are equal."""
        return (value / self._scale - self.low / self._scale) / self._length if self._length > 0 else 0.5

    def ticks(self, count: int, shown: Callable[[float], str], *, whole: bool = False) -> Ticks:
        """About `count` labels at round numbers, at most one more, without duplicates; `whole`: at integers only."""
        labelled: dict[str, float] = {}
        for value in self._round(count, whole=whole) if self._length > 0 else ():
            labelled.setdefault(shown(value), self.place(value))
        labelled = labelled or {shown(self.low): self.place(self.low)}
        return list(labelled.values()), list(labelled)

    def _round(self, count: int, *, whole: bool) -> list[float]:
        """Multiples of 1, 2 or 5 times a power of ten, for the smallest step that does not give too many.

        If every larger step leaves a single one, every second multiple is taken.
        """
        low, high = Decimal(self.low), Decimal(self.high)
        unit = Decimal(1).scaleb(((high - low) / count).adjusted())
        if whole:
            unit = max(unit, Decimal(1))
        taken, found = unit, range(0)
        for step in (unit * size for size in (1, 2, 5, 10, 20, 50)):
            there = range(math.ceil(low / step), math.floor(high / step) + 1)
            if found and (len(found) <= count + 1 or len(there) < 2):  # noqa: PLR2004 - one label tells of no distance
                break
            taken, found = step, there
        return [float(taken * number) for number in found if len(found) <= count + 1 or number % 2 == 0]


def spans(curve: MetricSeries) -> tuple[Span, Span] | None:
    """The ranges of steps and values; None if nothing can be drawn."""
    points = curve.finite
    return (Span([step for step, _ in points]), Span([value for _, value in points])) if points else None


def stretches(curve: MetricSeries, across: Span, up: Span) -> list[Stretch]:
    """The segments of the curve, split at values that are not finite."""
    found: list[Stretch] = []
    for drawn, group in groupby(curve.points, key=lambda point: math.isfinite(point[1])):
        if drawn:
            points = list(group)
            found.append(([across.place(step) for step, _ in points], [up.place(value) for _, value in points]))
    return found


def shown_value(value: float) -> str:
    """The label of a value."""
    return f"{value:.6g}"


def shown_step(step: float) -> str:
    """The label of a step."""
    whole = f"{step:,.0f}"
    return whole if len(whole) <= 11 else f"{step:.3g}"  # noqa: PLR2004 - cells
