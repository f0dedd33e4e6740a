"""One run of the watch list, and what its monitors have told of it so far."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from wandb_tui.core.address import RunAddress
from wandb_tui.core.attempt_handle import AttemptHandle
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.events import Failure
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt, LogLine
from wandb_tui.core.log_dedup import counting_down
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import PollPolicy, Times
from wandb_tui.core.state import State

LOG_LINES = 1000
"""How many lines of its log each run keeps at most."""

ALL_LINES = 100_000
"""How many lines all runs keep together, as long as each may keep `FEWEST_LINES`: about 35 MB."""

FEWEST_LINES = 100
"""How many lines of its log each run may keep, however many runs there are."""

_DUE = 0.5
"""A check that is nearer than that many seconds, which would be shown as 0, is due."""

_PATIENCE = 5.0
"""By so many seconds more than its interval a check may be late: a thousand runs are not all asked at once."""

MOST_ATTEMPTS = 100
"""How many attempts of a run are remembered."""


@dataclass(slots=True)
class WatchedRun:
    """One run of the watch list, as far as the events so far have told.

    Attributes:
        run: Whose row this is.
        goal: What it waits for.
        attempt: The current attempt, from 1; 0 before the first.
        state: The state of that attempt.
        message: The newest line.
        artifact: The newest version known, with its full name.
        failure: Which kind of failure it was, if it failed.
        error: The same as an error that a caller can raise.
        run_info: What is known of the run itself.
        reason: Why it waits, without the time of the next check, where the newest line says that; else empty.
        goal_warnings: What speaks against its goal ever being met, one sentence each.
        log: The newest lines of all attempts.
        lines_said: How many lines have been added to the log here.
        attempts: The newest attempts, oldest first.
        baseline: The version that was there when the waiting began, -1 for none; None while it is unknown.
        remembered: Whether the log holds what is on disk from earlier sessions, if there is anything.
        running: Whether a thread of this run is alive.
        resumes: Whether its attempt had not ended when the last session did, and goes on with the next thread.
        place: Where it stands in the list: after those whose place is lower.
    """

    run: RunAddress
    goal: Goal
    poll_policy: PollPolicy
    attempt: int = 0
    state: State = State.QUEUED
    message: str = ""
    artifact: str | None = None
    failure: Failure | None = None
    error: WandbTuiError | None = None
    run_info: RunInfo | None = None
    reason: str = ""
    goal_warnings: tuple[str, ...] = ()
    log: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    lines_said: int = 0
    attempts: deque[Attempt] = field(default_factory=lambda: deque(maxlen=MOST_ATTEMPTS))
    baseline: int | None = None
    remembered: bool = True
    running: bool = False
    resumes: bool = False
    place: float = 0.0
    control: AttemptHandle | None = None
    restart_wanted: bool = False
    heard_goal: Goal | None = None
    next_attempt: int = 0
    elapsed_then: float = 0.0
    clock_stopped: bool = True
    heard_at: float = 0.0
    next_probe_at: float | None = None
    answered_at: float | None = None

    def elapsed(self, now: float) -> float:
        """Seconds this attempt's clock has run, by the watch's clock."""
        if self.clock_stopped or not self.running:
            return self.elapsed_then
        return self.elapsed_then + now - self.heard_at

    def until_probe(self, now: float) -> float | None:
        """Seconds until the next probe; None where none is planned."""
        return None if self.next_probe_at is None else max(0.0, self.next_probe_at - now)

    def overdue(self, now: float) -> float:
        """Seconds for which the server has owed an answer; 0 where that is no longer than many runs would explain."""
        late = now - self.next_probe_at if self.next_probe_at is not None else 0.0
        return late if late > self.poll_policy.check_interval + _PATIENCE else 0.0

    def says(self, now: float) -> str:
        """The newest line, with its “next check in 17 s” counting down."""
        seconds = self.until_probe(now)
        if not self.reason or seconds is None:
            return self.message
        if (late := self.overdue(now)) > 0:
            return f"{self.reason}, no answer for {late:.0f} s"
        return counting_down(self.reason, seconds) if seconds >= _DUE else f"{self.reason}, checking now"

    def age(self, now: float) -> float | None:
        """Seconds since the server last told how it stands; None where it has not yet."""
        return None if self.answered_at is None else max(0.0, now - self.answered_at)

    @property
    def active(self) -> bool:
        """Whether an attempt is under way or about to be."""
        return self.restart_wanted or not self.state.final

    def restarts(self, goal: Goal) -> bool:
        """Whether it would begin its next attempt, were it to wait for this from now on."""
        return not self.active and (goal != self.goal or self.state is not State.AVAILABLE)

    def kept(self, now: float, usual: Times | None = None) -> StoredRun:
        """This row as it is kept on disk; its times only where they are not the `usual` ones."""
        return StoredRun(
            *(self.run, self.goal, self.attempt, self.state, self.message, self.artifact, self.elapsed(now)),
            baseline=self.baseline,
            attempts=tuple(self.attempts),
            run_info=self.run_info,
            failure=self.failure,
            times=None if self.poll_policy.times == usual else self.poll_policy.times,
        )

    def remark(self, line: LogLine) -> None:
        """Add a line to the log that says nothing of how its attempt stands."""
        self.log.append(line.after(self.log[-1]) if self.log else line)
        self.lines_said += 1

    def say(self, line: LogLine) -> None:
        """Add a line to the log; it may begin or end an attempt."""
        self.remark(line)
        last = self.attempts[-1] if self.attempts else None
        if last is None or last.number < line.attempt:
            last = Attempt(line.attempt, line.time)
            self.attempts.append(last)
        if last.number == line.attempt and last.state is not line.state:
            ended = line.time if line.state.final else None
            self.attempts[-1] = Attempt(last.number, last.started, ended, line.state, line.message)
