"""A preview of a fork or a rewind: how far the export reaches, and the risks that its rows show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.branch_order import BranchFinding, BranchOrder
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.events import Level
from wandb_tui.core.goal import Goal, GoalKind
from wandb_tui.core.optional_package import package_problem
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.core.verdict import GoalWarningKind
from wandb_tui.library.branch_check import BranchCheck

if TYPE_CHECKING:
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.wiring import Wiring

_ANSWER_TIMEOUT_S = 60.0


def preview(wiring: Wiring, order: BranchOrder) -> Iterator[BranchFinding]:
    """Yield the findings one after the other as the server answers. Nothing is visited or waited for.

    Args:
        wiring: The services.
        order: The order.
    """
    probe = wiring.prober.probe(order.run, coverage=True).result(_ANSWER_TIMEOUT_S)
    if probe.outcome not in {ProbeOutcome.FOUND, ProbeOutcome.NOT_YET}:
        yield BranchFinding(probe.message or "The server knows no such run", Level.ERROR)
        return
    if order.kind is BranchKind.REWIND:
        yield from _about_rewinding(probe)
    artifact = f"{order.run.history_artifact}:v{probe.artifact.version}" if probe.artifact else None
    target = order.target
    if not isinstance(target, int):
        if artifact is None:
            yield BranchFinding("no export yet; the metric is looked up once there is one", Level.WARNING)
            return
        found, finding = _metric_step(wiring, order, target, artifact)
        yield finding
        if found is None:
            return
        target = found
    yield from _about_export(wiring, order, target, probe)
    if artifact is not None and Goal(GoalKind.STEP, target).judge(probe, -1).met:
        yield from _about_rows(wiring, order, target, artifact)


def _about_rows(wiring: Wiring, order: BranchOrder, step: int, artifact: str) -> Iterator[BranchFinding]:
    if package_problem("pyarrow"):
        yield BranchFinding("the rows before it were not checked, which needs pyarrow", Level.WARNING)
        return
    try:
        findings = BranchCheck(wiring, order.run, artifact, step).findings_before()
    except Exception as error:  # noqa: BLE001 - as for the check when it is made: the fork may well succeed
        yield BranchFinding(f"the rows before it could not be checked ({type(error).__name__})", Level.WARNING)
        return
    for text in findings:
        yield BranchFinding(text, Level.WARNING)
    if not findings:
        yield BranchFinding("the rows before it look well: steps rise, no last value is NaN")


def _about_rewinding(probe: Probe) -> Iterator[BranchFinding]:
    if probe.run is not None and probe.run.going_on:
        yield BranchFinding(f"the run is still in progress ({probe.run.shown}): its end is waited for", Level.WARNING)
    yield BranchFinding("everything logged after it will be gone from this run", Level.WARNING)


def _metric_step(
    wiring: Wiring, order: BranchOrder, wanted: MetricValue, artifact: str
) -> tuple[int | None, BranchFinding]:
    """The step at which the metric has its value in this version, and what to say of it."""
    from wandb_tui.library.history_reader import check_pyarrow
    from wandb_tui.library.history_table import read_export
    from wandb_tui.library.metric_step import MetricStep, nearest_step

    try:
        check_pyarrow("Finding a metric's step")
        found = nearest_step(read_export(wiring, order.run, artifact, [wanted.metric]), wanted)
    except WandbTuiError as error:
        return None, BranchFinding(str(error), Level.ERROR)
    except OSError as error:
        return None, BranchFinding(f"the export could not be read ({type(error).__name__})", Level.WARNING)
    if found.step is None:
        text = (
            f"{wanted.metric} was never that low" if found.highest is not None else f"no value of {wanted.metric} yet"
        )
        return None, BranchFinding(text, Level.WARNING)
    passed = found.highest is not None and found.highest >= wanted.value
    text = MetricStep(found.step, found.value, artifact).describe(wanted)
    if passed or found.value == wanted.value:
        return found.step, BranchFinding(text)
    return found.step, BranchFinding(f"{text}, so far: a newer export may hold a nearer value", Level.WARNING)


def _about_export(wiring: Wiring, order: BranchOrder, step: int, probe: Probe) -> Iterator[BranchFinding]:
    """The findings about the end of the export, and about reasons why it may never reach the step."""
    goal = Goal(GoalKind.STEP, step)
    verdict = goal.judge(probe, -1)
    words = goal.describe(verdict)
    version = f"v{probe.artifact.version} " if probe.artifact else ""
    yield BranchFinding(f"{version}{words}", Level.INFO if verdict.met else Level.WARNING)
    for warning in goal.warnings(probe, forks=wiring.server.offers_forks):
        if order.replays and warning.kind is GoalWarningKind.NO_FORKS:
            yield BranchFinding("this server does not fork: the history is logged once more into a new run")
        else:
            yield BranchFinding(_uncapitalized(goal.describe_warning(warning)), Level.WARNING)


def _uncapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]
