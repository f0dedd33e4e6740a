"""The outcome of an attempt, as the environment variables of the user's commands."""

from __future__ import annotations

from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """The outcome of an attempt.

    Attributes:
        run: The run.
        state: The attempt's final state.
        message: The last line of its log.
        artifact: The newest version of the history artifact, with its full name; None if there is none.
    """

    run: RunAddress
    state: State
    message: str = ""
    artifact: str | None = None


def run_environment(run: RunAddress, artifact: str) -> dict[str, str]:
    """The environment variables for a run; `artifact` is empty if there is none."""
    return {
        "WANDB_TUI_RUN": str(run),
        "WANDB_TUI_ENTITY": run.entity,
        "WANDB_TUI_PROJECT": run.project,
        "WANDB_TUI_RUN_ID": run.run_id,
        "WANDB_TUI_ARTIFACT": artifact,
    }
