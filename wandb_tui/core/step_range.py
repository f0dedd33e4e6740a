"""A range of steps, as in ``--steps A:B``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wandb_tui.core.errors import UsageError

STEP = "_step"
"""The name under which a history holds its steps."""
_SHAPE = re.compile(r"(\d[\d_,]*)?\s*:\s*(\d[\d_,]*)?")


@dataclass(frozen=True, slots=True)
class StepRange:
    """Steps from `start` up to, not including, `stop`, as Python's slices count; None for no bound.

    Attributes:
        start: The first step.
        stop: The step after the last one.
    """

    start: int | None = None
    stop: int | None = None

    @classmethod
    def of(cls, steps: object) -> StepRange:
        """The range that a caller means: a text ``A:B``, a `range` or `slice` without a step width, a pair, or None.

        Raises:
            UsageError: It is none of these, or holds no step.
        """
        match steps:
            case None:
                return cls()
            case StepRange():
                found = steps
            case str():
                shape = _SHAPE.fullmatch(steps.strip())
                if shape is None:
                    raise UsageError(f"“{steps}” is no range of steps.", "Give A:B, A: or :B, such as 90000:100000.")
                found = cls(*(int(re.sub(r"\D", "", text)) if text else None for text in shape.groups()))
            case range(start=start, stop=stop, step=1) | slice(start=start, stop=stop, step=None | 1):
                found = cls(start, stop)
            case (int() | None as start, int() | None as stop):
                found = cls(start, stop)
            case _:
                raise UsageError(f"{steps!r} is no range of steps.", "Give “A:B”, range(A, B) or a pair.")
        if found.stop is not None and found.stop <= (found.start or 0):
            raise UsageError(f"The range of steps {found} is empty.", "It is A:B with A below B; B is left out.")
        return found

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return self.start is not None or self.stop is not None

    def __str__(self) -> str:
        return f"{'' if self.start is None else self.start}:{'' if self.stop is None else self.stop}"

    def overlaps(self, low: int, high: int) -> bool:
        """Whether any of the steps from `low` to `high`, both included, is in the range."""
        return (self.start is None or high >= self.start) and (self.stop is None or low < self.stop)

    def intersection(self, other: StepRange) -> StepRange:
        """The steps that are in both; where there are none, its `stop` is not above its `start`."""
        starts = [step for step in (self.start, other.start) if step is not None]
        stops = [step for step in (self.stop, other.stop) if step is not None]
        return StepRange(max(starts, default=None), min(stops, default=None))
