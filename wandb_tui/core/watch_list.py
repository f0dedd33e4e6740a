"""Many monitors: add, cancel, restart, remove, visit, wait; their attempts and their bounded logs."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from wandb_tui.core.address import RunAddress
from wandb_tui.core.attempt_handle import AttemptHandle
from wandb_tui.core.events import AttemptEnded, Event, Level, MonitorMessage, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import LogLine, counted
from wandb_tui.core.monitor import Monitor, Services, Turns
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.schedule import Clock, PollPolicy, resumed
from wandb_tui.core.state import State
from wandb_tui.core.suspend import SuspendDetector, SuspendWatcher, suspend_clock
from wandb_tui.core.watched_run import ALL_LINES, FEWEST_LINES, LOG_LINES, WatchedRun

__all__ = ["LOG_LINES", "LogLine", "Spawn", "WatchList", "WatchedRun"]

Spawn = Callable[[RunAddress, Callable[[], None]], None]
"""Starts a thread for a run; raises `RuntimeError` where the system has no thread left."""


_ANSWERS = frozenset({MonitorStatus.NOT_AVAILABLE, MonitorStatus.AVAILABLE})
"""What a monitor says when the server has answered what was asked."""


class WatchList:
    """The watch list and its threads.

    What the monitors say goes, from their threads, to `publish`; whoever receives it there calls `fold`, once for each
    and in order. Everything else may be called from any thread.
    """

    def __init__(
        self,
        services: Services,
        spawn: Spawn,
        publish: Callable[[MonitorMessage], None],
        *,
        clock: Clock = time.monotonic,
        suspend_clock: Clock = suspend_clock,
        turns: Turns | None = None,
    ) -> None:
        """Begin with no run.

        Args:
            services: What the monitors work with.
            spawn: Starts a thread.
            publish: Gets what the monitors say.
            clock: Seconds on a clock that never goes back.
            suspend_clock: The same, but going on while the machine is asleep.
            turns: Held by each monitor while it is at work, where `publish` never blocks: with a lock, hundreds that
                are due together do not all stand in line for the interpreter before whoever draws the screen.
        """
        self._services = services
        self._spawn = spawn
        self._publish = publish
        self._clock = clock
        self._turns = turns
        self._rows: dict[RunAddress, WatchedRun] = {}
        self._places = itertools.count()
        # A removed run's thread may still speak; a run that is added again counts on, so that it is not believed.
        self._attempts_before: dict[RunAddress, int] = {}
        # Removed while their threads ran: what these still say is not heard, until they have ended.
        self._leaving: dict[tuple[RunAddress, int], AttemptHandle] = {}
        self._held: str | None = None
        self._changed = threading.Condition(threading.RLock())
        self._guard = SuspendWatcher(SuspendDetector(clock, suspend_clock), self._woke_up)

    def __iter__(self) -> Iterator[WatchedRun]:
        with self._changed:
            return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, run: object) -> bool:
        return run in self._rows

    def __getitem__(self, run: RunAddress) -> WatchedRun:
        return self._rows[run]

    def get(self, run: RunAddress) -> WatchedRun | None:
        """The row of `run`, if it is watched."""
        return self._rows.get(run)

    @property
    def counts(self) -> Counter[State]:
        """How many runs are in which state."""
        return Counter(row.state for row in self)

    @property
    def active(self) -> list[WatchedRun]:
        """The runs with an attempt under way."""
        return [row for row in self if row.active]

    def add(
        self, run: RunAddress, goal: Goal, poll_policy: PollPolicy | None = None, *, before: WatchedRun | None = None
    ) -> WatchedRun:
        """Watch a run and begin its first attempt; a run that is watched already gets the goal and the pace.

        Args:
            run: Which run.
            goal: What it waits for. Where that is new, or where it had ended without success, it begins anew.
            poll_policy: How often to look, from its next attempt on.
            before: Its row as it was removed: its log and its attempts stay with it.
        """
        with self._changed:
            row = self._rows.get(run)
            if row is not None:
                row.poll_policy = poll_policy or row.poll_policy
                self.change_goal(run, goal)
                return row
            row = before or WatchedRun(run, goal, poll_policy or PollPolicy(), self._attempts_before.get(run, 0))
            row.place = next(self._places)
            if before is not None:
                row.goal, row.poll_policy = goal, poll_policy or row.poll_policy
                self._part_from_thread(row)
            self._rows[run] = row
            self._begin(row)
            return row

    def _part_from_thread(self, row: WatchedRun) -> None:
        """Let a removed row count on from the attempt that its removal has ended; nobody hears that one any more."""
        row.control, row.running, row.resumes = None, False, False
        row.next_attempt = self._attempts_before.get(row.run, 0) + 1
        if not row.state.final:
            self._note(row, State.CANCELLED, "Taken off the list, and added again")

    def hold(self, why: str = "") -> None:
        """Begin nothing until `release`: what is to begin or to go on stays queued, its clock where it stands.

        Args:
            why: What those runs say meanwhile, if anything.
        """
        with self._changed:
            self._held = why
            for row in self._queued:
                row.message, row.reason = why or row.message, ""

    def release(self) -> list[RunAddress]:
        """Hold nothing back any more; the runs that are to `begin` now."""
        with self._changed:
            self._held = None
            return [row.run for row in self._queued]

    @property
    def _queued(self) -> list[WatchedRun]:
        """The runs that are to begin, and have no thread."""
        return [row for row in self._rows.values() if row.state is State.QUEUED and not row.running]

    def restore(
        self, kept: StoredRun, poll_policy: PollPolicy | None = None, *, above: RunAddress | None = None
    ) -> WatchedRun:
        """Take a row back from disk; an attempt that had not ended goes on, with its clock where it stood.

        Args:
            kept: What was on disk.
            poll_policy: How often to look.
            above: The run that it stands right above; without one, at the end of the list.
        """
        with self._changed:
            if kept.run in self._rows:
                return self._rows[kept.run]
            before = self._attempts_before.get(kept.run, 0)
            row = WatchedRun(
                kept.run, kept.goal, poll_policy or PollPolicy(), kept.attempt, kept.state, kept.message, kept.artifact
            )
            row.elapsed_then, row.baseline, row.remembered = kept.elapsed, kept.baseline, False
            row.run_info, row.failure = kept.run_info, kept.failure
            row.place = next(self._places) if above is None else self._place_above(above)
            row.attempts.extend(kept.attempts)
            self._put_in_place(row)
            if not kept.state.final:
                # Where a later attempt was here, the next one begins instead.
                row.resumes = 0 < kept.attempt >= before
                row.state = State.QUEUED
                if not self._awaits_old_thread(row):
                    self._begin(row)
            return row

    def begin(self, run: RunAddress) -> WatchedRun | None:
        """Begin what was held back; None where that is not due any more."""
        with self._changed:
            row = self._rows.get(run)
            if row is None or row.running or row.state is not State.QUEUED:
                return None
            self._begin(row)
            return row

    def recall(self, row: WatchedRun, lines: Sequence[LogLine]) -> WatchedRun | None:
        """Put the lines of earlier sessions before those of a restored run's log; None where it has them already."""
        with self._changed:
            if row.remembered:
                return None
            row.remembered = True
            if not lines and not row.log and row.message:
                lines = [LogLine(datetime.now(UTC), row.attempt, row.message, state=row.state)]
            room = self._lines_each - len(row.log)
            if room > 0:
                row.log.extendleft(reversed(counted(lines)[-room:]))
            return row

    def cancel(self, run: RunAddress) -> None:
        """End the attempt under way, if there is one."""
        with self._changed:
            row = self._rows[run]
            row.restart_wanted = False
            if row.control is not None and (run, row.attempt) not in self._leaving:
                row.control.cancel()
            elif not row.state.final:
                row.resumes = False
                self._note(row, State.CANCELLED, "Cancelled")

    def cancel_all(self) -> None:
        """End every attempt under way."""
        for row in self:
            self.cancel(row.run)

    def restart(self, run: RunAddress, attempt: int = 0) -> None:
        """Begin the next attempt: at once, or when the thread of the one under way has really ended.

        Args:
            run: Which run.
            attempt: Its number, where that is higher than the next: another dashboard may have counted on.
        """
        with self._changed:
            row = self._rows[run]
            row.resumes, row.next_attempt = False, attempt
            if row.running and row.control is not None:
                row.restart_wanted = True
                row.control.cancel()
            else:
                self._begin(row)

    def remove(self, run: RunAddress) -> WatchedRun:
        """Take a run off the list, ending its attempt; its row may be put back."""
        with self._changed:
            row = self._rows.pop(run)
            self._attempts_before[run] = row.attempt
            # It stands where it stood, should it be put back.
            row.elapsed_then, row.clock_stopped, row.next_probe_at = row.elapsed(self._clock()), True, None
            if row.control is not None:
                self._leaving[run, row.attempt] = row.control
                row.control.cancel()
            self._changed.notify_all()
            return row

    def put_back(self, row: WatchedRun) -> WatchedRun:
        """Take a removed row back to its place with all that is known of it; what was under way goes on."""
        with self._changed:
            if row.run in self._rows:
                return self._rows[row.run]
            before = self._attempts_before.get(row.run, 0)
            if row.active:
                if row.running and not row.restart_wanted:
                    row.resumes = row.attempt >= before
                row.next_attempt = max(row.next_attempt, before + 1)
                row.state, row.reason = State.QUEUED, ""
            self._put_in_place(row)
            if not self._awaits_old_thread(row) and row.active:
                self._begin(row)
            return row

    def _put_in_place(self, row: WatchedRun) -> None:
        last = next(reversed(self._rows.values()), None)
        self._rows[row.run] = row
        if last is not None and last.place > row.place:
            self._rows = dict(sorted(self._rows.items(), key=lambda item: item[1].place))

    def _place_above(self, run: RunAddress) -> float:
        """A place between that of a run and that of the one before it."""
        place = self._rows[run].place
        before = max((row.place for row in self._rows.values() if row.place < place), default=place - 1)
        return (before + place) / 2

    def _awaits_old_thread(self, row: WatchedRun) -> bool:
        """Let a row that has come back begin when its old thread has ended; whether that is still to come."""
        row.control = self._leaving.get((row.run, row.attempt))
        row.running = row.control is not None
        row.restart_wanted = row.running and row.active
        return row.running

    def visit(self, run: RunAddress) -> None:
        """Let a run's page be visited again now; nothing happens where no attempt is under way."""
        with self._changed:
            if (control := self._rows[run].control) is not None:
                control.visit()

    def change_goal(self, run: RunAddress, goal: Goal) -> None:
        """Wait for something else; an attempt that had ended begins anew."""
        with self._changed:
            row = self._rows[run]
            replace, changed = row.restarts(goal), row.goal != goal
            row.goal = goal
            if row.control is not None:
                row.control.change_goal(goal)
                # Its thread may still have to end before the next attempt can begin.
                row.restart_wanted |= replace
            elif replace or (row.state is State.QUEUED and changed):
                self._begin(row)

    def fold(self, said: MonitorMessage) -> WatchedRun | None:
        """Take in what a monitor said; None if it is stale: of an older attempt or of a removed run."""
        with self._changed:
            row, thread = self._rows.get(said.run), (said.run, said.attempt)
            if isinstance(said, AttemptEnded):
                self._leaving.pop(thread, None)
            elif thread in self._leaving:
                return None
            if row is None or said.attempt != row.attempt:
                return None
            if isinstance(said, AttemptEnded):
                self._ended(row)
            else:
                self._heard(row, said)
            self._changed.notify_all()
            return row

    def remark(self, run: RunAddress, message: str, level: Level) -> WatchedRun | None:
        """Add a line to a run's log that says nothing of how its attempt stands; None if the run is gone."""
        with self._changed:
            row = self._rows.get(run)
            if row is not None:
                row.remark(LogLine(datetime.now(UTC), max(row.attempt, 1), message, level=level))
            return row

    def wait(self, done: Callable[[], bool], timeout: float | None = None) -> bool:
        """Block until `done()` is true, asked after each change; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(done, timeout)

    def _begin(self, row: WatchedRun) -> None:
        """Start the thread of the next attempt, or of the one that goes on."""
        if self._held is not None:
            row.state, row.message, row.reason = State.QUEUED, self._held or row.message, ""
            row.failure, row.error, row.restart_wanted = None, None, False
            return
        before, goes_on = row.attempt, row.resumes
        attempt = before if goes_on else max(before + 1, row.next_attempt)
        row.restart_wanted = False
        control = AttemptHandle(row.goal)
        if goes_on:
            row.elapsed_then = resumed(row.elapsed_then, row.poll_policy)
        else:
            row.elapsed_then, row.baseline = 0.0, None
        monitor = Monitor(
            *(row.run, self._services, control, self._publish),
            poll_policy=row.poll_policy,
            attempt=attempt,
            clock=self._clock,
            turns=self._turns,
            elapsed=row.elapsed_then,
            baseline=row.baseline,
        )

        def work() -> None:
            try:
                monitor.run()
            finally:
                self._publish(AttemptEnded(row.run, attempt))

        row.attempt, row.control, row.running = attempt, control, True
        row.failure = row.error = None
        row.heard_goal, row.goal_warnings = row.goal, ()
        row.heard_at, row.clock_stopped = self._clock(), False
        first = f"Attempt {attempt}" if attempt > 1 else "Queued"
        self._note(row, State.QUEUED, f"Goes on after {row.elapsed_then:.0f} s of waiting" if goes_on else first)
        try:
            self._spawn(row.run, work)
        except RuntimeError:
            row.attempt, row.control, row.running = before, None, False
            row.clock_stopped = True
            self._note(row, State.QUEUED, "The system has no thread left; starts when another monitor ends")
        else:
            row.resumes = False
            self._guard.begin()

    def _woke_up(self, seconds: float) -> None:
        for row in self:
            if (control := row.control) is not None:
                control.slept(seconds)

    def _ended(self, row: WatchedRun) -> None:
        row.running, row.control, row.next_probe_at = False, None, None
        # An attempt may have been over before it could hear of its new goal.
        missed = row.goal != row.heard_goal and row.state in {State.AVAILABLE, State.TIMED_OUT}
        if row.restart_wanted or missed:
            self._begin(row)
        elif not row.state.final:
            self._note(row, State.FAILED, "The monitor ended without a word", Level.ERROR)
        if waiting := self._queued:
            self._begin(waiting[0])
        if not any(other.running for other in self._rows.values()):
            self._guard.end()

    def _heard(self, row: WatchedRun, event: Event) -> None:
        row.state, row.message, row.reason, row.heard_goal = event.state, event.message, event.reason, event.goal
        row.goal_warnings = event.goal_warnings
        row.artifact = event.artifact or row.artifact
        row.failure, row.error = event.failure, event.error
        row.run_info = event.run_info or row.run_info
        row.heard_at, row.elapsed_then, row.clock_stopped = self._clock(), event.elapsed, event.clock_stopped
        if event.status in _ANSWERS:
            row.answered_at = row.heard_at
        if event.state.final:
            row.clock_stopped = True
        row.next_probe_at = None if event.next_probe is None else row.heard_at + event.next_probe
        row.baseline = event.baseline
        self._say(row, LogLine(event.time, event.attempt, event.message, event.status, event.level, event.state))

    def _note(self, row: WatchedRun, state: State, message: str, level: Level = Level.INFO) -> None:
        row.state, row.message, row.reason = state, message, ""
        self._say(row, LogLine(datetime.now(UTC), max(row.attempt, 1), message, level=level, state=state))

    def _say(self, row: WatchedRun, line: LogLine) -> None:
        row.say(line)
        most = self._lines_each
        while len(row.log) > most:
            row.log.popleft()

    @property
    def _lines_each(self) -> int:
        """How many lines each run may keep."""
        return max(FEWEST_LINES, min(LOG_LINES, ALL_LINES // max(1, len(self._rows))))
