"""The axes of a plot: their ranges, and labels at round numbers, powers of ten, or times of day."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, auto

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_TIME_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)),
)
"""The distances in seconds between two labels of a time axis."""

Tick = tuple[float, str]
"""The position of a label, from 0 to 1, and its text."""

Range = tuple[float, float]
"""The least and the greatest value."""


class AxisKind(Enum):
    """The meaning of the numbers along an axis."""

    VALUE = auto()
    STEP = auto()
    DURATION = auto()
    """Seconds since the start."""
    TIME = auto()
    """Unix time."""


class Span:
    """The range of some values; no size of values overflows it."""

    def __init__(self, values: Sequence[float]) -> None:
        self.low, self.high = min(values), max(values)
        self.scale = max(abs(self.low), abs(self.high)) or 1.0
        self.length = self.high / self.scale - self.low / self.scale

    def place(self, value: float) -> float:
        """The position of a value from 0 to 1; 0.5 if all are equal."""
        return (value / self.scale - self.low / self.scale) / self.length if self.length > 0 else 0.5

    def at(self, place: float) -> float:
        """The value at a position."""
        return (self.low / self.scale + place * self.length) * self.scale

    def ticks(self, count: int, shown: Callable[[float], str], *, whole: bool = False) -> list[Tick]:
        """About `count` labels at round numbers, at most one more, without duplicates; `whole`: at integers only."""
        labelled: dict[str, float] = {}
        for value in self._round(count, whole=whole) if self.length > 0 else ():
            labelled.setdefault(shown(value), self.place(value))
        labelled = labelled or {shown(self.low): self.place(self.low)}
        return [(place, text) for text, place in labelled.items()]

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


def ticks(span: Span, count: int, kind: AxisKind, *, log: bool = False) -> list[Tick]:
    """About `count` labels of an axis.

    Args:
        span: Its range; on a logarithmic axis that of the logarithms to base ten.
        count: How many labels there is room for.
        kind: The meaning of its numbers.
        log: Whether it is logarithmic.
    """
    if log:
        return _power_ticks(span, count)
    if kind in {AxisKind.DURATION, AxisKind.TIME} and span.length > 0:
        return _time_ticks(span, count, kind)
    return span.ticks(count, shown_step if kind is AxisKind.STEP else shown_value, whole=kind is AxisKind.STEP)


def shown(value: float, kind: AxisKind) -> str:
    """A value on an axis of this kind, as precisely as one reads it."""
    match kind:
        case AxisKind.STEP:
            return shown_step(value)
        case AxisKind.DURATION:
            return shown_duration(value)
        case AxisKind.TIME:
            moment = _moment(value)
            return f"{moment:%m-%d %H:%M:%S}" if moment is not None else shown_value(value)
        case AxisKind.VALUE:
            return shown_value(value)


def shown_value(value: float) -> str:
    """The label of a value."""
    return f"{value:.6g}"


def shown_step(step: float) -> str:
    """The label of a step."""
    whole = f"{step:,.0f}"
    return whole if len(whole) <= 11 else f"{step:.3g}"  # noqa: PLR2004 - cells


def shown_duration(seconds: float) -> str:
    """The label of a time since the start."""
    whole = round(abs(seconds))
    sign, (days, rest) = "-" if seconds < 0 else "", divmod(whole, _DAY)
    hours, minutes, left = rest // _HOUR, rest % _HOUR // _MINUTE, rest % _MINUTE
    if days:
        return f"{sign}{days} d" + (f" {hours} h" if hours else "")
    if hours:
        return f"{sign}{hours}:{minutes:02}:{left:02}"
    return f"{sign}{minutes}:{left:02}" if minutes else f"{seconds:.3g} s"


def _time_ticks(span: Span, count: int, kind: AxisKind) -> list[Tick]:
    length = span.high - span.low
    wanted = length / max(1, count)
    if wanted < _TIME_STEPS[0]:
        return span.ticks(count, lambda value: shown(value, kind))
    step = _TIME_STEPS[min(bisect_left(_TIME_STEPS, wanted), len(_TIME_STEPS) - 1)]
    if length / step > count + 1:
        return span.ticks(count, lambda value: shown(value, kind))
    # Days begin at midnight, where the user is.
    offset = _utc_offset(span.low) if kind is AxisKind.TIME else 0.0
    first = math.ceil((span.low + offset) / step)
    values = [number * step - offset for number in range(first, math.floor((span.high + offset) / step) + 1)]
    values = values or [span.low]
    return [(span.place(value), _clock_label(value, step) if kind is AxisKind.TIME else shown_duration(value))
            for value in values]  # fmt: skip


def _clock_label(value: float, step: int) -> str:
    moment = _moment(value)
    if moment is None:
        return shown_value(value)
    if step >= _DAY:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%m-%d %H:%M}" if step >= _HOUR else f"{moment:%H:%M:%S}"


def _utc_offset(value: float) -> float:
    moment = _moment(value)
    offset = moment.utcoffset() if moment is not None else None
    return offset.total_seconds() if offset else 0.0


def _moment(value: float) -> datetime | None:
    """A Unix time where the user is; None if no calendar has it."""
    try:
        return datetime.fromtimestamp(value, UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return None


def _power_ticks(span: Span, count: int) -> list[Tick]:
    """Labels at powers of ten; at twice and five times as much, too, where there is room for them."""
    first, last = math.ceil(span.low), math.floor(span.high)
    step = max(1, -(-(last - first + 1) // max(1, count)))
    powers = [power for power in range(first, last + 1) if power % step == 0]
    marks = [(float(power), power, 1) for power in powers]
    if len(powers) <= count:
        around = range(math.floor(span.low), last + 1)
        finer = [(power + math.log10(digit), power, digit) for power in around for digit in (1, 2, 5)]
        finer = [mark for mark in finer if span.low <= mark[0] <= span.high]
        marks = finer if len(finer) <= count + 1 else marks
    if len(marks) < 2:  # noqa: PLR2004 - one label tells of no distance
        places = [0.0, 1.0] if span.length > 0 else [0.5]
        return [(place, shown_value(power_of_ten(span.at(place)))) for place in places]
    return [(span.place(place), shown_value(float(f"{digit}e{power}"))) for place, power, digit in marks]


def power_of_ten(exponent: float) -> float:
    """The number whose logarithm to base ten this is; infinite if it is none of a computer's."""
    try:
        return float(10**exponent)
    except OverflowError:
        return math.inf
