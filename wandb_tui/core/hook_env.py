"""What a command of the user's is told of a run: the variables of its environment."""

from __future__ import annotations

from wandb_tui.core.address import RunAddress


def run_environment(run: RunAddress, artifact: str) -> dict[str, str]:
    """The run, and the newest version of its history; empty where there is none."""
    return {
        "WANDB_TUI_RUN": str(run),
        "WANDB_TUI_ENTITY": run.entity,
        "WANDB_TUI_PROJECT": run.project,
        "WANDB_TUI_RUN_ID": run.run_id,
        "WANDB_TUI_ARTIFACT": artifact,
    }
