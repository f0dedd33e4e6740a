"""A row of the watch list: a run, with its attempts and its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from wandb_tui.core.address import RunAddress
from wandb_tui.core.attempt_handle import AttemptHandle
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.events import Failure, Level, MonitorEvent, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt, LogLine, counted
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import PollPolicy, Times
from wandb_tui.core.state import State
from wandb_tui.core.verdict import GoalWarning

if TYPE_CHECKING:
    from wandb_tui.core.feed import FeedClock

MAX_LOG_LINES = 1000
"""The maximum number of lines in the log of a run."""

MAX_TOTAL_LINES = 100_000
"""The maximum number of lines of all runs together, as long as each may have `MIN_LOG_LINES`: about 45 MB."""

MIN_LOG_LINES = 100
"""The number of lines that the log of each run may have, however many runs there are."""

_OVERDUE_AFTER_S = 5.0
"""An answer may be late by the interval and this much more; with a thousand runs the last ones are."""

_ANSWERS = frozenset({MonitorStatus.NOT_AVAILABLE, MonitorStatus.AVAILABLE})
"""The status lines after an answer of the server to a probe."""

_BEFORE_ANSWERS = frozenset({EventKind.QUEUED, EventKind.ATTEMPT_STARTED, EventKind.RESUMED, EventKind.MONITORING})
"""The events of an attempt before the server has answered."""

MAX_ATTEMPTS = 100
"""The maximum number of attempts remembered of a run."""


@dataclass(slots=True)
class WatchedRun:
    """One run of the watch list. The watch list changes it, under its lock.

    Attributes:
        run: Which run.
        goal: The goal that it waits for.
        attempt: The current attempt, from 1; 0 before the first.
        state: The state of that attempt.
        poll_policy: How often to probe, and for how long.
        notice: The newest event; None before the first attempt.
        artifact: The newest version known, with its full name.
        failure: The kind of failure, if it failed.
        error: The same as an error that a caller can raise.
        run_info: The run itself, as last reported by the server.
        warnings: Why its goal may never be met.
        log: The newest lines of all attempts.
        line_count: How many lines have been added to the log, those that have left it included.
        attempts: The newest attempts, oldest first.
        baseline: The newest version when the attempt began, -1 for none; None while it is unknown.
        log_loaded: Whether the log includes the lines of earlier sessions.
        running: Whether a thread of this run is alive.
        resumes: Whether the next thread resumes its attempt, which an earlier session did not finish.
        carried: The clock's seconds and the baseline that the next attempt takes over from an earlier one, if any.
        position: Its position in the list: after the runs with a lower one.
        handle: The handle on the attempt whose thread is alive.
        restart_wanted: Whether the next attempt begins when that thread has ended.
        reported_goal: The goal that the attempt's newest event named.
        next_attempt: The lowest number that the next attempt may have.
        elapsed_then: Seconds that the attempt's clock had run at `reported_at`.
        clock_stopped: Whether that clock is stopped.
        reported_at: When the newest event came, by the watch list's clock.
        next_probe_at: When the next probe is due, by that clock; None where none is planned.
        answered_at: When the server last answered a probe, by that clock; None if never.
        feed: When the feeds of its project are read, if it is left to them, by that clock.
    """

    run: RunAddress
    goal: Goal
    poll_policy: PollPolicy
    attempt: int = 0
    state: State = State.QUEUED
    notice: Notice | None = None
    artifact: str | None = None
    failure: Failure | None = None
    error: WandbTuiError | None = None
    run_info: RunInfo | None = None
    warnings: tuple[GoalWarning, ...] = ()
    log: list[LogLine] = field(default_factory=list)
    line_count: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    baseline: int | None = None
    log_loaded: bool = True
    running: bool = False
    resumes: bool = False
    carried: tuple[float, int | None] | None = None
    position: float = 0.0
    handle: AttemptHandle | None = None
    restart_wanted: bool = False
    reported_goal: Goal | None = None
    next_attempt: int = 0
    elapsed_then: float = 0.0
    clock_stopped: bool = True
    reported_at: float = 0.0
    next_probe_at: float | None = None
    answered_at: float | None = None
    feed: FeedClock | None = None

    @classmethod
    def of(cls, stored: StoredRun, poll_policy: PollPolicy) -> Self:
        """The row of a run that is stored on disk, without its log; the reverse of `stored`."""
        row = cls(stored.run, stored.goal, poll_policy, stored.attempt, stored.state, stored.notice, stored.artifact)
        row.elapsed_then, row.baseline, row.log_loaded = stored.elapsed, stored.baseline, False
        row.run_info, row.failure = stored.run_info, stored.failure
        row.attempts.extend(stored.attempts[-MAX_ATTEMPTS:])
        return row

    def elapsed(self, now: float) -> float:
        """Seconds this attempt's clock has run, by the watch list's clock."""
        if self.clock_stopped or not self.running:
            return self.elapsed_then
        return self.elapsed_then + now - self.reported_at

    def until_probe(self, now: float) -> float | None:
        """Seconds until the next probe; None where none is planned."""
        due = self.feed.next_at if self.feed else self.next_probe_at
        return None if due is None else max(0.0, due - now)

    def overdue(self, now: float) -> float:
        """Seconds that an answer is late; 0 if that is normal with many runs."""
        due = self.feed.next_at if self.feed else self.next_probe_at
        late = now - due if due is not None else 0.0
        return late if late > self.poll_policy.check_interval + _OVERDUE_AFTER_S else 0.0

    def age(self, now: float) -> float | None:
        """Seconds since the server last answered; None if it has not yet."""
        if self.answered_at is None:
            return None
        answered_at = max(self.answered_at, self.feed.read_at) if self.feed else self.answered_at
        return max(0.0, now - answered_at)

    @property
    def awaits_first_answer(self) -> bool:
        """Whether an attempt has begun that has had no answer of the server yet, good or bad."""
        return self.running and (self.notice is None or self.notice.kind in _BEFORE_ANSWERS)

    @property
    def active(self) -> bool:
        """Whether an attempt is under way or about to be."""
        return self.restart_wanted or not self.state.final

    @property
    def stopping(self) -> bool:
        """Whether its attempt has been cancelled, which its thread has not reported yet."""
        return self.handle is not None and self.handle.cancelled and not self.restart_wanted and not self.state.final

    def restarts(self, goal: Goal) -> bool:
        """Whether changing the goal to this one would begin the next attempt."""
        return not self.active and (goal != self.goal or self.state is not State.AVAILABLE)

    def stored(self, now: float, default_times: Times | None = None) -> StoredRun:
        """This row as it is stored on disk; its times only if they are not the default ones."""
        return StoredRun(
            self.run,
            self.goal,
            self.attempt,
            self.state,
            self.notice,
            self.artifact,
            self.elapsed(now),
            baseline=self.baseline,
            attempts=tuple(self.attempts),
            run_info=self.run_info,
            failure=self.failure,
            times=None if self.poll_policy.times == default_times else self.poll_policy.times,
        )

    def apply(self, event: MonitorEvent, now: float) -> None:
        """Apply an event of the current attempt."""
        self.state, self.notice, self.reported_goal = event.state, event.notice, event.goal
        self.warnings = event.warnings
        self.artifact = event.artifact or self.artifact
        self.failure, self.error = event.failure, event.error
        self.run_info = event.run_info or self.run_info
        self.reported_at, self.elapsed_then = now, event.elapsed
        self.clock_stopped = event.clock_stopped or event.state.final
        if event.status in _ANSWERS:
            self.answered_at = now
        self.next_probe_at = None if event.next_probe is None else now + event.next_probe
        self.baseline, self.feed = event.baseline, event.feed
        self.add_line(LogLine(event.time, event.attempt, event.notice, event.status, event.level, event.state))

    def stop_clock(self, elapsed: float) -> None:
        """Stop the clock at these seconds; no probe is due any more."""
        self.elapsed_then, self.clock_stopped, self.next_probe_at, self.feed = elapsed, True, None, None

    def report(self, state: State, notice: Notice, level: Level = Level.INFO) -> None:
        """Change the state without an event of the monitor, with a line in the log."""
        self.state, self.notice = state, notice
        self.add_line(LogLine(datetime.now(UTC), max(self.attempt, 1), notice, level=level, state=state))

    def show_earlier(self, earlier: StoredRun) -> None:
        """Show again how an earlier attempt ended; the current one is over, without an event of its own."""
        self.handle, self.running, self.restart_wanted, self.resumes, self.carried = None, False, False, False, None
        self.goal = self.reported_goal = earlier.goal
        self.stop_clock(earlier.elapsed)
        self.warnings = ()
        if self.attempt == earlier.attempt and not earlier.undone:
            # It had not begun.
            self.notice = earlier.notice
        else:
            self.attempt = max(self.attempt, earlier.attempt)
            self.report(State.CANCELLED, Notice(EventKind.ATTEMPT_UNDONE, attempt=self.attempt))
        self.state, self.failure, self.error = earlier.state, earlier.failure, None

    def take_success(self, stored: StoredRun) -> None:
        """Take over that the attempt has met its goal in another dashboard."""
        self.artifact, self.run_info, self.reported_goal = stored.artifact, stored.run_info, self.goal
        self.elapsed_then, self.clock_stopped, self.warnings = stored.elapsed, True, ()
        self.failure, self.error = stored.failure, None

    def prepend_log(self, lines: Sequence[LogLine], max_lines: int) -> bool:
        """Put the lines of earlier sessions before the others, up to a number of lines; False if they are there."""
        if self.log_loaded:
            return False
        self.log_loaded = True
        if not lines and not self.log and self.notice is not None:
            lines = [LogLine(datetime.now(UTC), self.attempt, self.notice, state=self.state)]
        room = max_lines - len(self.log)
        if room > 0:
            self.log[:0] = counted(lines)[-room:]
        return True

    def add_remark(self, line: LogLine) -> None:
        """Add a line to the log that does not change the attempt."""
        self.log.append(line.after(self.log[-1]) if self.log else line)
        self.line_count += 1

    def add_line(self, line: LogLine) -> None:
        """Add a line to the log; it may begin or end an attempt."""
        self.add_remark(line)
        last = self.attempts[-1] if self.attempts else None
        if last is None or last.number < line.attempt:
            last = Attempt(line.attempt, line.time)
            self.attempts.append(last)
            del self.attempts[:-MAX_ATTEMPTS]
        if last.number == line.attempt and last.state is not line.state:
            ended = line.time if line.state.final else None
            self.attempts[-1] = Attempt(last.number, last.started, ended, line.state, line.notice)
