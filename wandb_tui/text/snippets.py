"""Lines of Python that people paste into their scripts."""

from __future__ import annotations

import json

from wandb_tui.core.address import RunAddress

STEP = "STEP"
"""Placeholder for an unknown step."""


def fork_call(run: RunAddress, step: int | None) -> str:
    """A call of the SDK that forks a run.

    Args:
        run: The run.
        step: The step to fork at; None if unknown.
    """
    at = f"{run.run_id}?_step={STEP if step is None else step}"
    # JSON strings are valid Python strings.
    moment, entity, project = (json.dumps(text, ensure_ascii=False) for text in (at, run.entity, run.project))
    return f"wandb.init(fork_from={moment}, entity={entity}, project={project})"


def waiting_fork_call(run: RunAddress, step: int) -> str:
    """A call of our library that waits until a run can be forked, and forks it.

    Args:
        run: The run.
        step: The step to fork at.
    """
    return f"fork_when_ready({json.dumps(str(run), ensure_ascii=False)}, step={step})"
