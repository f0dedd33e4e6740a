"""The ways to branch off a run, and the place for it: a fork or a rewind, at a step or at a metric's value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING

from wandb_tui.core.errors import UsageError

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.library.metric_step import MetricStep
    from wandb_tui.library.results import MonitorResult
    from wandb_tui.wiring import Wiring

Wait = Callable[["RunAddress", str, float], "MonitorResult"]
"""Waits until a run meets a goal, for so many seconds; 0 for ever."""


@dataclass(frozen=True, slots=True)
class Branching:
    """A way to go on from a step of a run.

    Attributes:
        name: The verb, and the noun as well.
        argument: The argument of ``wandb.init`` that asks for it.
        keeps_id: Whether the run continues under its own id; it must have ended then.
    """

    name: str
    argument: str
    keeps_id: bool

    @property
    def function(self) -> str:
        """The function that does it."""
        return f"{self.name}_when_ready"

    @property
    def variable(self) -> str:
        """The variable of the environment that asks ``wandb.init`` for it."""
        return f"WANDB_{self.argument.upper()}"


FORK = Branching("fork", "fork_from", keeps_id=False)
REWIND = Branching("rewind", "resume_from", keeps_id=True)
CONTINUATION = Branching("continued run", "resume", keeps_id=True)
"""Resuming where the run ended: not branched off at all, but begun by the same call."""


def branch_target(step: int | None, at: str | None, *, nearest: bool, branching: Branching) -> int | MetricValue:
    """The step or value to branch off at, as the user has given it.

    Args:
        step: The step.
        at: A metric and its value, ``METRIC=VALUE``, in place of the step.
        nearest: Whether the nearest value below will do.
        branching: The way to branch off there.

    Raises:
        UsageError: Neither or both are given, or one is not valid, or pyarrow is missing, which reads the export.
    """
    if at is None:
        if step is None:
            raise UsageError("No step is given.", "Give a step, or a metric and its value.")
        if nearest:
            raise UsageError("The nearest is looked for by a metric's value only.", "Give at, or leave nearest out.")
        given: object = step
        # NumPy's integers are Integral as well.
        if isinstance(given, bool) or not isinstance(given, Integral) or given < 0:
            raise UsageError(f"{step!r} is not a step to {branching.name} at.", "A step is a whole number, 0 or above.")
        return int(given)
    if step is not None:
        raise UsageError("A step and a metric's value cannot both be given.", "Leave one out.")
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.library.history_reader import check_pyarrow

    wanted = MetricValue.parse(at, nearest=nearest)
    check_pyarrow("Finding a metric's step")
    return wanted


def find_branch_step(
    parent: RunAddress, wanted: MetricValue, *, wiring: Wiring, wait: Wait, left: Callable[[], float | None]
) -> MetricStep:
    """Wait until the export of a run tells at which step a metric had a value; see `find_step`."""
    from wandb_tui.library.history_table import read_export
    from wandb_tui.library.metric_step import find_step

    return find_step(
        parent,
        wanted,
        left=left,
        wait=wait,
        read=lambda run, artifact, columns: read_export(wiring, run, artifact, columns),
        probe=lambda run: wiring.prober.probe(run, coverage=True).result(),
    )
