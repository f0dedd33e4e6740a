"""Forking a run: when the server lets it happen, and in which words it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.resolvers.context import RefusedError

if TYPE_CHECKING:
    from wandb_tui.sandbox.resolvers.context import ResolverContext
    from wandb_tui.sandbox.state import Project, Run

NOT_EXPORTED = "Something went wrong on our side; if it stays so, contact support"
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
    covered = context.sandbox.exports.covered_step(parent)
    if covered is None:
        raise RefusedError(500, NOT_EXPORTED)
    if step > covered:
        raise RefusedError(400, TOO_FAR)
    return parent


def inherit(context: ResolverContext, parent: Run, child: Run, step: int) -> None:
    """Give the new run its parent's history up to the step, and the summary as it was there."""
    context.sandbox.histories.copy_until(parent, child, step)
    rows = context.sandbox.histories.rows(child)
    summary = {key: value for row in rows for key, value in row.items()}
    context.sandbox.state.update_run(child, parent=parent.name, fork_step=step, summary=summary)
