"""Forking and rewinding a run: when the server lets it happen, and in which words it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.resolvers.context import RefusedError

if TYPE_CHECKING:
    from wandb_tui.sandbox.resolvers.context import ResolverContext
    from wandb_tui.sandbox.state import Project, Run

NOT_EXPORTED = "Something went wrong on our side; if it stays so, contact support"
STILL_RUNNING = "the run is still running and cannot be rewound"
TOO_FAR = "fromStep is greater than the run's last step"


class ForkRefusedError(Exception):
    """A refusal that comes with HTTP 200, as a GraphQL error."""


def branch_point(config: dict[str, Any]) -> tuple[str, int] | None:
    """The parent's id and the step that the SDK asks to fork from, if it does."""
    internal = config.get("_wandb", {})
    point = internal.get("value", {}).get("branch_point") if isinstance(internal, dict) else None
    return (str(point["run_id"]), int(point["step"])) if point else None


def parent_for(context: ResolverContext, project: Project, point: tuple[str, int]) -> Run | None:
    """The run to fork from; None where the server knows nothing of forks.

    Raises:
        RefusedError: The parent is unknown, not exported, or not exported far enough.
        ForkRefusedError: A fault says so.
    """
    try:
        return _parent(context, project, *point)
    except (RefusedError, ForkRefusedError):
        context.sandbox.stats.count("fork_refusals")
        raise


def _parent(context: ResolverContext, project: Project, parent_id: str, step: int) -> Run | None:
    faults = context.sandbox.faults
    if faults.get("fork-unsupported"):
        return None
    if fault := faults.strike("fork-refused"):
        raise RefusedError(fault.whole("code"), fault.text("message"))
    if fault := faults.strike("fork-graphql-error"):
        raise ForkRefusedError(fault.text("message"))
    parent = context.sandbox.state.run(project, parent_id)
    if parent is None:
        raise RefusedError(404, f"could not find run {project.path}/{parent_id} to fork from")
    _check_export(context, parent, step)
    return parent


def _check_export(context: ResolverContext, run: Run, step: int) -> None:
    covered = context.sandbox.exports.covered_step(run)
    if covered is None:
        raise RefusedError(500, NOT_EXPORTED)
    if step > covered:
        raise RefusedError(400, TOO_FAR)


def rewind(context: ResolverContext, run: Run, step: int) -> None:
    """Cut a run's history after the step, and give it the summary as it was there.

    Raises:
        RefusedError: The run has not ended, or is not exported far enough; or a fault says so.
        ForkRefusedError: A fault says so.
    """
    try:
        _check_rewind(context, run, step)
    except (RefusedError, ForkRefusedError):
        context.sandbox.stats.count("fork_refusals")
        raise
    context.sandbox.histories.cut_after(run, step)
    context.sandbox.exports.outdate(run)
    context.sandbox.state.update_run(run, summary=_summary(context, run))


def _check_rewind(context: ResolverContext, run: Run, step: int) -> None:
    faults = context.sandbox.faults
    if fault := faults.strike("fork-refused"):
        raise RefusedError(fault.whole("code"), fault.text("message"))
    if fault := faults.strike("fork-graphql-error"):
        raise ForkRefusedError(fault.text("message"))
    if run.live_state == "running":
        raise RefusedError(400, STILL_RUNNING)
    _check_export(context, run, step)


def inherit(context: ResolverContext, parent: Run, child: Run, step: int) -> None:
    """Give the new run its parent's history up to the step, and the summary as it was there."""
    context.sandbox.histories.copy_until(parent, child, step)
    context.sandbox.state.update_run(child, parent=parent.name, fork_step=step, summary=_summary(context, child))


def _summary(context: ResolverContext, run: Run) -> dict[str, Any]:
    rows = context.sandbox.histories.rows(run)
    return {key: value for row in rows for key, value in row.items()}
