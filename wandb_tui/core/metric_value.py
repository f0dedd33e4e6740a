"""A value of a metric that stands for a step of a run: for forking where ``global_step=121638``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wandb_tui.core.errors import UsageError
from wandb_tui.core.step_range import STEP

_SYNTAX = "It is written METRIC=VALUE, as in global_step=121638."


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A value of a metric that a step is looked for by.

    Attributes:
        metric: The name of the metric.
        value: Its value, a finite number.
        nearest: Whether the nearest value below will do where the metric never had exactly this one.
    """

    metric: str
    value: float
    nearest: bool = False

    @classmethod
    def parse(cls, text: str, *, nearest: bool = False) -> MetricValue:
        """Read ``METRIC=VALUE``; the name may hold equals signs itself.

        Args:
            text: The metric and its value.
            nearest: As for the attribute.

        Raises:
            UsageError: It is not written like that, or the value is not a finite number.
        """
        metric, _, value = str(text).rpartition("=")
        try:
            number = float(value.replace("_", "").replace(",", ""))
        except ValueError:
            number = math.nan
        if not metric.strip() or not math.isfinite(number):
            raise UsageError(f"“{text}” is not a metric and a number.", _SYNTAX)
        if metric.strip() == STEP:
            raise UsageError(f"{STEP} is the step itself.", "Give it as the step.")
        return cls(metric.strip(), number, nearest)

    def __str__(self) -> str:
        return f"{self.metric}={shown_number(self.value)}"


def shown_number(value: float) -> str:
    """A number as one writes it: without “.0”, and with all its digits."""
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)
