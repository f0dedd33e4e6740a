"""What speaks against a goal ever being met, told before anybody waits in vain."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from wandb_tui.core.goal import Goal, GoalKind
from wandb_tui.core.probe import Probe, RunInfo


class GoalWarning(StrEnum):
    """The kinds of doubt; each is told once."""

    RUNNING = "running"
    TOO_SHORT = "too-short"
    NOTHING_NEWER = "nothing-newer"
    NO_FORKS = "no-forks"
    STEPS_FALL = "steps-fall"


def goal_warnings(goal: Goal, probe: Probe, *, forks: bool | None) -> Iterator[tuple[GoalWarning, str]]:
    """What an answer gives to fear for a goal that it does not meet.

    Args:
        goal: What is waited for.
        probe: An answer that found the run.
        forks: Whether the server offers forking; None where nobody knows.

    Yields:
        The kind of doubt, and a sentence without a full stop.
    """
    run = probe.run or RunInfo()
    match goal.kind:
        case GoalKind.COMPLETE if run.going_on:
            yield GoalWarning.RUNNING, f"The run is still {run.shown}: its export is complete only after its end"
        case GoalKind.NEWER if run.ended and probe.artifact and probe.coverage and probe.coverage.complete:
            what = f"The run has ended and v{probe.artifact.version} holds all of it"
            yield GoalWarning.NOTHING_NEWER, f"{what}: a newer one comes only if it is resumed"
        case GoalKind.STEP:
            yield from _about_forks(goal.number, run, forks=forks)
        case _:
            pass


def _about_forks(step: int, run: RunInfo, *, forks: bool | None) -> Iterator[tuple[GoalWarning, str]]:
    last = run.last_step
    if run.ended and (last is None or last < step):
        reached = f"at step {last:,}" if last is not None else "without logging a step"
        yield GoalWarning.TOO_SHORT, f"The run has ended {reached}: step {step:,} comes only if it is resumed"
    elif run.going_on and last is not None and last < step:
        yield GoalWarning.TOO_SHORT, f"The run has reached step {last:,} only: step {step:,} is still to be logged"
    if forks is False:
        yield GoalWarning.NO_FORKS, "Self-managed W&B servers offer no forking: the step can be waited for, not forked"
    if run.steps_rise is False:
        yield GoalWarning.STEPS_FALL, "The steps of this run do not only rise, so it cannot be forked"
