"""A curve made ready for drawing: within 0 to 1 both ways, in stretches, with a few labels at its axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from itertools import groupby

from wandb_tui.core.details import MetricSeries

Stretch = tuple[list[float], list[float]]
"""Where the points of an unbroken stretch are, across and up."""

Ticks = tuple[list[float], list[str]]
"""Where the labels of an axis are, and the labels."""


class Span:
    """From the lowest to the highest of some values. Whatever their size, nothing here overflows."""

    def __init__(self, values: list[float]) -> None:
        self.low, self.high = min(values), max(values)
        self._scale = max(abs(self.low), abs(self.high)) or 1.0
        self._length = self.high / self._scale - self.low / self._scale

    def place(self, value: float) -> float:
        """Where a value is, from 0 to 1; in the middle where all are the same."""
        return (value / self._scale - self.low / self._scale) / self._length if self._length > 0 else 0.5

    def ticks(self, count: int, shown: Callable[[float], str], *, whole: bool = False) -> Ticks:
        """About so many labels, one more at the most, at round numbers; each text once; `whole`: at whole ones only."""
        labelled: dict[str, float] = {}
        for value in self._round(count, whole=whole) if self._length > 0 else ():
            labelled.setdefault(shown(value), self.place(value))
        labelled = labelled or {shown(self.low): self.place(self.low)}
        return list(labelled.values()), list(labelled)

    def _round(self, count: int, *, whole: bool) -> list[float]:
        """The multiples of 1, 2 or 5 times a power of ten, of the smallest that has not too many.

        Where all longer steps leave a single one, every second of those there are.
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
    """How far the curve reaches across and up; None where none of it can be drawn."""
    points = curve.finite
    return (Span([step for step, _ in points]), Span([value for _, value in points])) if points else None


def stretches(curve: MetricSeries, across: Span, up: Span) -> list[Stretch]:
    """The curve in stretches, which break where a value is not finite."""
    found: list[Stretch] = []
    for drawn, group in groupby(curve.points, key=lambda point: math.isfinite(point[1])):
        if drawn:
            points = list(group)
            found.append(([across.place(step) for step, _ in points], [up.place(value) for _, value in points]))
    return found


def shown_value(value: float) -> str:
    """A value as a label."""
    return f"{value:.6g}"


def shown_step(step: float) -> str:
    """A step as a label."""
    whole = f"{step:,.0f}"
    return whole if len(whole) <= 11 else f"{step:.3g}"  # noqa: PLR2004 - cells
