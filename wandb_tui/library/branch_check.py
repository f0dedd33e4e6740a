"""Surprises in a fork: found in the parent's export before it is made, and in the fork's own history after."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.step_range import STEP, StepRange
from wandb_tui.library.history_check import NOT_FINITE, HistoryCheck, listed
from wandb_tui.library.history_table import read_export

if TYPE_CHECKING:
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

_STEPS_BEFORE = 1000
"""The number of steps before the branch point that are looked at in the export."""
_STEPS_COMPARED = 20
"""The number of these that are compared with the fork's own history."""
_TIMEOUT_S = 60.0
"""Seconds after which a fork is made, or returned, without having been checked."""
_MOST_NAMES = 3
_EVERY_SECOND = 2
_TOLERANCE = 1e-6

Rows = Mapping[int, Mapping[str, Any]]
"""Values by name, by step."""


class BranchCheck:
    """Looks at one branch point; every finding is logged as a warning. Nothing it meets with stops a fork."""

    def __init__(
        self,
        wiring: Wiring,
        parent: RunAddress,
        artifact: str | None,
        step: int,
        warn: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            wiring: The services.
            parent: The run to fork or rewind.
            artifact: The version of its history that covers the step; None for the newest.
            step: The step.
            warn: Receives each finding, as a sentence, too.
        """
        self._wiring = wiring
        self._parent, self._artifact, self._step = parent, artifact, step
        self._warn = warn
        self._table: Any = None

    def before(self) -> None:
        """Warn of what the export shows before the step."""
        self._report(self.findings_before, f"{self._parent} at step {self._step:,}")

    def after(self, child: RunAddress) -> None:
        """Warn of what the fork's history, as the API reports it, does not have like the parent's export."""
        if self._table is not None:
            self._report(lambda: self._after(child), str(child))

    def _report(self, look: Callable[[], Sequence[str]], where: str) -> None:
        try:
            findings = DaemonPool("wandb-tui branch check").submit(look).result(_TIMEOUT_S)
        except Exception as error:  # noqa: BLE001 - whatever it is, the fork matters more
            log.info("%s was not checked: %s", where, type(error).__name__)
            return
        for finding in findings:
            text = f"{where}: {finding}."
            log.warning("%s", text)
            self._warn(text)

    def findings_before(self) -> list[str]:
        """The findings in the export before the step, a clause each. Any error is raised."""
        steps = StepRange(max(0, self._step - _STEPS_BEFORE + 1), self._step + 1)
        self._table = read_export(self._wiring, self._parent, self._version(), (), steps, may_download=False)
        return findings_before(self._table)

    def _after(self, child: RunAddress) -> list[str]:
        first = max(0, self._step - _STEPS_COMPARED + 1)
        logged = self._wiring.inspector.rows(child, first, self._step + 1)
        if logged is None:
            return []
        return differences(_rows(self._table, first), {int(row[STEP]): flat(row) for row in logged if STEP in row})

    def _version(self) -> str:
        if self._artifact is None:
            found = self._wiring.prober.probe(self._parent).result().artifact
            self._artifact = f"{self._parent.history_artifact}:v{found.version if found else 0}"
        return self._artifact


def falls(wiring: Wiring, run: RunAddress, target: int | MetricValue) -> list[str]:
    """Warnings that a run's steps or the metric to branch off at fall, a sentence each; nothing is waited for.

    Args:
        wiring: The services.
        run: The run.
        target: The step, or a metric and its value.
    """
    try:
        falling = wiring.inspector.facts(run).falling
    except WandbTuiError:
        # The same error shows soon enough elsewhere.
        return []
    found = [f"{run}: its steps fall somewhere, so a fork or rewind may be refused."] if STEP in falling else []
    if not isinstance(target, int) and target.metric in falling:
        found.append(f"{run}: {target.metric} falls somewhere, so the last step with the value counts.")
    return found


def findings_before(table: Any) -> list[str]:
    """The surprises for a fork in the last rows before its branch point, a clause each.

    Args:
        table: The rows, as a ``pyarrow.Table``.
    """
    check = HistoryCheck({})
    for batch in table.to_batches():
        check.add(batch)
    findings = check.falling
    if check.usual_gap == _EVERY_SECOND:
        findings.append("every second step is missing")
    if names := [name for name in table.schema.names if _last_is_nan(table.column(name))]:
        verb = "the last value is NaN in" if len(names) == 1 else "the last values are NaN in"
        findings.append(f"{verb} {listed(names)}")
    return findings


def differences(parent: Rows, child: Rows) -> list[str]:
    """The differences between a fork's rows and its parent's, a clause each.

    Args:
        parent: The parent's last rows.
        child: The rows of the fork for the same steps.
    """
    if parent and not child:
        return ["the server reports none of the parent's rows in it"]
    findings = []
    if missing := sorted(parent.keys() - child.keys()):
        noun = "step" if len(missing) == 1 else "steps"
        findings.append(f"of the parent's rows it lacks {noun} {listed([f'{step:,}' for step in missing])}")
    differing: dict[str, str] = {}
    for step in sorted(parent.keys() & child.keys()):
        for name, value in parent[step].items():
            wanted, found = _number(value), _number(child[step].get(name))
            if wanted is not None and not _same(wanted, found):
                shown = "missing" if found is None else _written(found)
                differing.setdefault(name, f"{name} is {shown} at step {step:,}, and {_written(wanted)} in the parent")
    findings += list(differing.values())[:_MOST_NAMES]
    return findings


def _rows(table: Any, first: int) -> dict[int, dict[str, Any]]:
    """The rows of a table from a step on; without missing values and the SDK's own columns."""
    rows = table.slice(max(0, table.num_rows - _STEPS_COMPARED)).to_pylist()
    return {
        row[STEP]: {name: value for name, value in row.items() if value is not None and not name.startswith("_")}
        for row in rows
        if row[STEP] is not None and row[STEP] >= first
    }


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the API with dotted names, as exports have them."""
    return dict(_flattened(row, ""))


def _flattened(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and "_type" not in value:
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _last_is_nan(column: Any) -> bool:
    known = column.drop_null()
    last = known[-1].as_py() if len(known) else None
    return last == "NaN" or (isinstance(last, float) and math.isnan(last))


def _number(value: object) -> float | None:
    if isinstance(value, str) and value in NOT_FINITE:
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _same(wanted: float, found: float | None) -> bool:
    if found is None or math.isnan(wanted) or math.isnan(found):
        return found is not None and math.isnan(wanted) and math.isnan(found)
    return math.isclose(wanted, found, rel_tol=_TOLERANCE)


def _written(value: float) -> str:
    return "NaN" if math.isnan(value) else f"{value:g}"
