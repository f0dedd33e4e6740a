"""The step at which a metric had a value, found in a run's export: for forking where ``global_step=121638``."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandb_tui.core.errors import ForkError, UsageError, WaitTimeoutError
from wandb_tui.core.metric_value import MetricValue, shown_number
from wandb_tui.core.probe import Probe
from wandb_tui.core.step_range import STEP

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.library.results import MonitorResult

log = logging.getLogger(__name__)

_MAX_PAUSE_S = 30.0
"""Seconds to wait for a newer export before asking again whether the run has ended."""
_MIN_WAIT_S = 0.1
"""Never 0, which would mean for ever."""


@dataclass(frozen=True, slots=True)
class MetricStep:
    """A step that was found by a metric's value.

    Attributes:
        step: The step: the last one at which the metric had the value.
        value: The value: the wanted one, or the nearest below.
        artifact: The version in which it was found, as ``entity/project/run-<id>-history:v0``.
    """

    step: int
    value: float
    artifact: str

    def describe(self, wanted: MetricValue) -> str:
        """The value and its step, as a sentence without a full stop."""
        nearest = "" if self.value == wanted.value else f"nearest below {shown_number(wanted.value)}: "
        return f"{nearest}{wanted.metric}={shown_number(self.value)} is step {self.step:,}"


@dataclass(frozen=True, slots=True)
class NearestStep:
    """The step that one version of an export has for a metric's value.

    Attributes:
        step: The last step with the value nearest at or below the wanted one; None where there is no such value.
        value: That value; not a number where there is none.
        highest: The highest value in the export; None where it holds none.
    """

    step: int | None = None
    value: float = math.nan
    highest: float | None = None


def nearest_step(table: Any, wanted: MetricValue) -> NearestStep:
    """Look for a metric's value in an export.

    Args:
        table: A ``pyarrow.Table`` with the columns ``_step`` and the metric.
        wanted: The metric and its value.

    Raises:
        UsageError: The metric does not hold numbers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = table.schema.field(wanted.metric).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise UsageError(f"{wanted.metric} does not hold numbers.", "Name another metric, or a step.")
    values = pc.cast(table.column(wanted.metric), pa.float64(), safe=False)
    known = table.append_column("value", values).filter(pc.is_finite(values))
    if not known.num_rows:
        return NearestStep()
    highest = pc.max(known.column("value")).as_py()
    below = known.filter(pc.less_equal(known.column("value"), float(wanted.value)))
    if not below.num_rows:
        return NearestStep(highest=highest)
    value = pc.max(below.column("value")).as_py()
    step = pc.max(below.filter(pc.equal(below.column("value"), value)).column(STEP)).as_py()
    return NearestStep(step, value, highest)


def find_step(
    run: RunAddress,
    wanted: MetricValue,
    *,
    left: Callable[[], float | None],
    wait: Callable[[RunAddress, str, float], MonitorResult],
    read: Callable[[RunAddress, str, list[str]], Any],
    probe: Callable[[RunAddress], Probe],
) -> MetricStep:
    """Wait until a run's export tells at which step a metric had a value.

    Args:
        run: The run.
        wanted: The metric and its value.
        left: Gives the seconds that are left; None for no limit.
        wait: Waits until a run meets a goal, for so many seconds; 0 for ever.
        read: Reads columns of a version of the run's history artifact into a table.
        probe: Asks the server how far the export reaches, and whether the run has ended.

    Returns:
        The step that was found: with exactly this value, or, if that will do, the nearest below.

    Raises:
        ForkError: The run never had this value.
        UsageError: The metric does not hold numbers, or no metric has such a name.
        WaitTimeoutError: The export did not reach the value in time.
        WandbTuiError: The export does not come, or cannot be read.
    """
    seconds = left()
    result = wait(run, "exists", 0.0 if seconds is None else max(seconds, _MIN_WAIT_S))
    result.raise_if_not_met()
    artifact = str(result.artifact_name)
    while True:
        missing: UsageError | None = None
        try:
            found = nearest_step(read(run, artifact, [wanted.metric]), wanted)
        except UsageError as error:
            # The export may be older than the metric.
            found, missing = NearestStep(), error
        passed = found.highest is not None and found.highest >= wanted.value
        if found.step is not None and (found.value == wanted.value or (passed and wanted.nearest)):
            return MetricStep(found.step, found.value, artifact)
        answer = probe(run)
        if passed or _is_final(artifact, answer):
            if missing is not None:
                raise missing
            if wanted.nearest and found.step is not None:
                return MetricStep(found.step, found.value, artifact)
            raise ForkError(*_never(run, wanted, found))
        seconds = left()
        if seconds is not None and seconds <= 0:
            highest = "no value of it" if found.highest is None else f"only {shown_number(found.highest)}"
            raise WaitTimeoutError(f"The export of {run} holds {highest} while {wanted} is waited for.")
        log.info("The export of %s does not reach %s yet", run, wanted)
        result = wait(run, "newer", _MAX_PAUSE_S if seconds is None else min(_MAX_PAUSE_S, max(seconds, _MIN_WAIT_S)))
        if result.failure is not None:
            result.raise_if_not_met()
        artifact = result.artifact_name or artifact


def _is_final(artifact: str, answer: Probe) -> bool:
    """Whether the run has ended, and this version is the newest and holds all that it has logged."""
    return (
        answer.run is not None
        and answer.run.ended
        and answer.coverage is not None
        and bool(answer.coverage.complete)
        and answer.artifact is not None
        and artifact.endswith(f":v{answer.artifact.version}")
    )


def _never(run: RunAddress, wanted: MetricValue, found: NearestStep) -> tuple[str, str]:
    """The error for a missing step: the reason, and advice."""
    if found.highest is None:
        return f"{run} has no value of {wanted.metric}.", "Name another metric, or a step."
    if found.step is None:
        return f"{wanted.metric} was never as low as {shown_number(wanted.value)} in {run}.", "Ask for a higher value."
    nearest = f"{shown_number(found.value)} at step {found.step:,}"
    return (
        f"{wanted.metric} was never {shown_number(wanted.value)} in {run}; the nearest below is {nearest}.",
        "Ask for that value, or for the nearest.",
    )
