"""The environment in which an unchanged training script forks or rewinds a run: ``wandb.init`` reads it there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wandb_tui.core.errors import UsageError
from wandb_tui.library.branch_init import MODES_WITHOUT_SERVER
from wandb_tui.services.credentials.redaction import without_password
from wandb_tui.services.wandb_api.sdk import branch_point_text

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.library.branch_target import Branching

_CLASHING = ("WANDB_RESUME", "WANDB_FORK_FROM", "WANDB_RESUME_FROM")


def branch_environment(
    parent: RunAddress,
    step: int,
    branching: Branching,
    environ: Mapping[str, str],
    *,
    base_url: str,
    api_key: str | None,
) -> dict[str, str]:
    """The environment for the script; nothing is sent for that.

    The parent's entity and project take the place of other ones, since a branch is made in its parent's project. The
    password for the browser is left out.

    Args:
        parent: The run to fork or rewind.
        step: The step to do it at.
        branching: Which of the two.
        environ: The environment to add to.
        base_url: The address of the server's API.
        api_key: The key for it; None for none.

    Raises:
        UsageError: A variable that is set would make the SDK refuse or ignore the branch point, or the run's id cannot
            stand in a variable.
    """
    check_clashes(parent, branching, environ)
    text = branch_point_text(parent.run_id, step)
    if text is None:
        raise UsageError(
            f"The id {parent.run_id} cannot stand in {branching.variable}, which the script would read.",
            f"Call {branching.function} in the script instead: it takes any id.",
        )
    return _inherited(environ, api_key) | {branching.variable: text} | _place(parent, base_url, api_key)


def check_clashes(parent: RunAddress, branching: Branching, environ: Mapping[str, str]) -> None:
    """Reject variables with which the SDK would refuse or ignore a branch.

    Args:
        parent: The run to fork or rewind.
        branching: Which of the two.
        environ: The environment.

    Raises:
        UsageError: One of them is set.
    """
    for name in _CLASHING:
        if environ.get(name):
            raise UsageError(
                f"{name}={environ[name]} is set, which the SDK does not combine with a {branching.name}.", "Unset it."
            )
    if (mode := environ.get("WANDB_MODE", "").lower()) in MODES_WITHOUT_SERVER:
        raise UsageError(f"WANDB_MODE={mode} is set, and a {branching.name} needs the server.", "Unset it.")
    own_id = environ.get("WANDB_RUN_ID")
    if branching.keeps_id and own_id and own_id != parent.run_id:
        raise UsageError(f"WANDB_RUN_ID={own_id} is set, which is not the run to rewind.", "Unset it.")
    if not branching.keeps_id and own_id == parent.run_id:
        raise UsageError(f"WANDB_RUN_ID={own_id} is set, which is the parent's own id.", "Unset it, or choose another.")


def resume_environment(
    child: RunAddress, environ: Mapping[str, str], *, base_url: str, api_key: str | None
) -> dict[str, str]:
    """The environment in which the script resumes a fork that it has made before.

    Args:
        child: The fork.
        environ: The environment to add to.
        base_url: The address of the server's API.
        api_key: The key for it; None for none.
    """
    resumed = {"WANDB_RESUME": "must", "WANDB_RUN_ID": child.run_id}
    return _inherited(environ, api_key) | resumed | _place(child, base_url, api_key)


def _place(run: RunAddress, base_url: str, api_key: str | None) -> dict[str, str]:
    """The variables for the script that name its run's project, the server and the key."""
    key = {"WANDB_API_KEY": api_key} if api_key else {}
    return {"WANDB_ENTITY": run.entity, "WANDB_PROJECT": run.project, "WANDB_BASE_URL": base_url} | key


def _inherited(environ: Mapping[str, str], api_key: str | None) -> dict[str, str]:
    """The environment that the script inherits: the SDK refuses an identity token beside the key that was chosen."""
    inherited = without_password(environ)
    if api_key:
        inherited.pop("WANDB_IDENTITY_TOKEN_FILE", None)
    return inherited
