"""Publishes the events of an attempt, each with the attempt's state after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.events import Failure, Level, MonitorEvent, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import Schedule
from wandb_tui.core.state import State, may_move
from wandb_tui.core.verdict import GoalWarning, GoalWarningKind

if TYPE_CHECKING:
    from wandb_tui.core.feed import FeedClock

Publish = Callable[[MonitorEvent], object]


class EventReporter:
    """Publishes the events of one attempt, and holds what each of them carries.

    Attributes:
        state: The attempt's state; changed by `report` alone.
        goal: The goal that the attempt waits for.
        artifact: The newest version known, with its full name.
        run_info: The run itself, as last reported by the server.
        baseline: The newest version when the attempt began, -1 for none; None while it is unknown.
        warnings: Why the goal may never be met, one of each kind.
        feed: When the feeds are read that the run is left to; None if it is probed itself.
    """

    def __init__(
        self,
        run: RunAddress,
        attempt: int,
        goal: Goal,
        *,
        schedule: Schedule,
        publish: Publish,
        baseline: int | None = None,
    ) -> None:
        self._run = run
        self._attempt = attempt
        self._schedule = schedule
        self._publish = publish
        self.state = State.QUEUED
        self.goal = goal
        self.artifact: str | None = None
        self.run_info: RunInfo | None = None
        self.baseline = baseline
        self.warnings: dict[GoalWarningKind, GoalWarning] = {}
        self.feed: FeedClock | None = None

    @property
    def until_probe(self) -> float:
        """Seconds until the server is asked again."""
        return self._schedule.until_probe if self.feed is None else self._schedule.until(self.feed.next_at)

    def report(
        self,
        state: State,
        notice: Notice,
        *,
        status: MonitorStatus | None = None,
        level: Level = Level.INFO,
        failure: Failure | None = None,
        error: WandbTuiError | None = None,
    ) -> MonitorEvent:
        """Publish that something happened, after which the attempt is in `state`; the event."""
        if not may_move(self.state, state):
            raise AssertionError(f"illegal move from {self.state} to {state}")
        self.state = state
        event = MonitorEvent(
            self._run,
            self._attempt,
            state,
            notice,
            self.goal,
            status=status,
            level=level,
            artifact=self.artifact,
            elapsed=self._schedule.elapsed,
            clock_stopped=self._schedule.stopped,
            next_probe=None if state.final else self.until_probe,
            failure=failure,
            error=error,
            run_info=self.run_info,
            warnings=tuple(self.warnings.values()),
            baseline=self.baseline,
            feed=self.feed,
        )
        self._publish(event)
        return event

    def fail(self, failure: Failure, error: WandbTuiError) -> MonitorEvent:
        """Publish that the attempt has failed."""
        notice = Notice(EventKind.FAILED, detail=str(error))
        return self.report(State.FAILED, notice, level=Level.ERROR, failure=failure, error=error)
