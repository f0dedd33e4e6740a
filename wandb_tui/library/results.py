"""Results of a group of monitors: how each wait ended, and a summary of all."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WaitTimeoutError, WandbTuiError
from wandb_tui.core.events import Failure
from wandb_tui.core.goal import Goal
from wandb_tui.core.state import State
from wandb_tui.core.watched_run import WatchedRun
from wandb_tui.text.event_text import event_text


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """The result of waiting for one run.

    Attributes:
        success: Whether the goal was met.
        artifact_available: Whether any version of the history artifact was seen.
        artifact_name: ``entity/project/run-<id>-history:v0`` of the newest version seen, or None.
        wait_time: Seconds waited, not counting the time spent waiting for the user.
        error_message: Why the goal was not met, or None.
        state: The last state.
        failure: Which kind of failure, in state `failed`.
        error: The typed error behind the failure; after a time-out, the last `ServerError`, if the server
            did not answer; else None.
        last_step: The last step that the run had logged, or None if unknown.
    """

    success: bool
    artifact_available: bool
    artifact_name: str | None
    wait_time: float
    error_message: str | None
    state: State = State.AVAILABLE
    failure: Failure | None = None
    error: WandbTuiError | None = None
    last_step: int | None = None

    @classmethod
    def of(cls, row: WatchedRun, now: float) -> MonitorResult:
        """The result of a row, or its state at `now` by the watch list's clock."""
        met = row.state is State.AVAILABLE
        return cls(
            success=met,
            artifact_available=row.artifact is not None,
            artifact_name=row.artifact,
            wait_time=row.elapsed(now),
            error_message=None if met else event_text(row.notice, countdown=False),
            state=row.state,
            failure=row.failure,
            error=row.error,
            last_step=row.run_info.last_step if row.run_info else None,
        )

    def raise_if_not_met(self) -> None:
        """Raise the reason why the goal was not met; return if it was met.

        Raises:
            WaitTimeoutError: The time was over; its cause is a `ServerError` if the server did not answer.
            SignInError: The browser could not be signed in.
            ApiKeyError: The server refused the API key.
            RunNotFoundError: There is no such run, or the key may not see it.
            NoBrowserError: There is no browser on this machine.
            WandbTuiError: It was cancelled, or has not ended yet.
        """
        if self.success:
            return
        message = self.error_message or "The goal was not met."
        if self.state is State.TIMED_OUT:
            raise WaitTimeoutError(message) from self.error
        # A copy for each caller: several runs may share one refused sign-in.
        raise copy(self.error) if self.error else WandbTuiError(message)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The present state of one run of a group.

    Attributes:
        run: The run.
        goal: The goal.
        state: The state of the current attempt.
        attempt: The attempt, counted from 1.
        message: The newest line of its log.
        artifact: ``entity/project/run-<id>-history:v0`` of the newest version seen, or None.
        elapsed: Seconds the attempt's clock has run.
        next_check: Seconds until the next check, or None where none is planned.
    """

    run: RunAddress
    goal: Goal
    state: State
    attempt: int
    message: str
    artifact: str | None
    elapsed: float
    next_check: float | None

    @classmethod
    def of(cls, row: WatchedRun, now: float) -> RunSummary:
        """The state of a row at `now` by the watch list's clock."""
        return cls(
            run=row.run,
            goal=row.goal,
            state=row.state,
            attempt=row.attempt,
            message=event_text(row.notice),
            artifact=row.artifact,
            elapsed=row.elapsed(now),
            next_check=row.until_probe(now),
        )


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """The state of a whole group at one moment.

    Attributes:
        runs: Each run, in the order in which they were added.
    """

    runs: tuple[RunSummary, ...]

    @property
    def counts(self) -> Mapping[State, int]:
        """The number of runs in each state."""
        counted: dict[State, int] = {}
        for run in self.runs:
            counted[run.state] = counted.get(run.state, 0) + 1
        return MappingProxyType(counted)

    @property
    def active(self) -> int:
        """The number of runs still being waited for."""
        return sum(not run.state.final for run in self.runs)
