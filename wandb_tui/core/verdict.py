"""Verdicts on a goal, and warnings that it may never be met: as values, which `Goal` puts into words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class VerdictCode(StrEnum):
    """The kinds of verdict."""

    NO_ARTIFACT = "no-artifact"
    """There is no version yet."""
    AVAILABLE = "available"
    """A version that is good enough is there."""
    OLDER = "older"
    """The newest version is older than the wanted one."""
    NEW = "new"
    """A version is there that was not when the attempt began."""
    NOT_NEW = "not-new"
    """The newest version was there when the attempt began."""
    COVERS = "covers"
    """The export holds what is wanted."""
    FALLS_SHORT = "falls-short"
    """The export does not hold what is wanted yet."""
    UNKNOWN_COVERAGE = "unknown-coverage"
    """The server does not report what the export covers."""
    RUN_GOING_ON = "run-going-on"
    """The run may still log more."""
    RUN_ENDED = "run-ended"
    """The run has ended; the artifact does not matter."""
    UNKNOWN_STATE = "unknown-state"
    """The server does not report the run's own state."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of judging the server's answer; `Goal.describe` puts it into words.

    Attributes:
        code: The kind of verdict.
        met: Whether the goal is met.
        version: The newest version, -1 for none.
        step: The highest step that the export covers, -1 for none; None if unknown or irrelevant.
        last_step: The last step that the run has logged, where that matters and is known.
        run_state: The run's own state, where that is the reason.
        hint: How more could be learned, where the server does not report it.
        verified: Whether the exported files themselves show what is covered; otherwise only the server says so.
    """

    code: VerdictCode
    met: bool = False
    version: int = -1
    step: int | None = None
    last_step: int | None = None
    run_state: str = ""
    hint: str = ""
    verified: bool = False


class GoalWarningKind(StrEnum):
    """The reasons why a goal may never be met, or be of no use; a monitor gives each once."""

    RUNNING = "running"
    TOO_SHORT = "too-short"
    NOTHING_NEWER = "nothing-newer"
    NO_FORKS = "no-forks"
    STEPS_FALL = "steps-fall"


@dataclass(frozen=True, slots=True)
class GoalWarning:
    """The reason why a goal may never be met, or be of no use; `Goal.describe_warning` puts it into words.

    Attributes:
        kind: The kind of reason.
        version: The newest version, where that matters.
        run_state: The run's own state.
        run_ended: Whether the run has ended.
        last_step: The last step that it has logged, where that is known.
    """

    kind: GoalWarningKind
    version: int = -1
    run_state: str = ""
    run_ended: bool = False
    last_step: int | None = None
