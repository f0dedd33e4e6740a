"""The watch list: many monitors, their attempts, and their bounded logs."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from wandb_tui.core.address import RunAddress
from wandb_tui.core.attempt_launcher import AttemptLauncher, Spawn
from wandb_tui.core.dismissed_attempts import DismissedAttempts
from wandb_tui.core.events import AttemptEnded, Level, MonitorMessage
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import LogLine
from wandb_tui.core.monitor import Turns
from wandb_tui.core.notice import EventKind, Notice, text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.ports import Services
from wandb_tui.core.schedule import Clock, PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.suspend import SuspendDetector, SuspendWatcher, suspend_clock
from wandb_tui.core.watched_run import MAX_LOG_LINES, MAX_TOTAL_LINES, MIN_LOG_LINES, WatchedRun

__all__ = ["MAX_LOG_LINES", "LogLine", "Spawn", "WatchList", "WatchedRun"]


class WatchList:
    """The watch list and its threads.

    The monitors' messages go, from their threads, to `publish`; the receiver passes each of them to `apply`, in order.
    Everything else may be called from any thread.
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
        """Start with no run.

        Args:
            services: The services to use.
            spawn: Starts a thread.
            publish: Receives the messages of the monitors.
            clock: Seconds on a clock that never goes back.
            suspend_clock: The same, but running on while the machine is asleep.
            turns: Held by each monitor while it works, provided that `publish` never blocks; see `MonitorTurns`.
        """
        self._launcher = AttemptLauncher(services, spawn, publish, clock=clock, turns=turns)
        self._clock = clock
        self._rows: dict[RunAddress, WatchedRun] = {}
        self._positions = itertools.count()
        self._dismissed = DismissedAttempts()
        self._changed = threading.Condition(threading.RLock())
        self._counts: Counter[State] | None = None
        self._suspend_watcher = SuspendWatcher(SuspendDetector(clock, suspend_clock), self._machine_woke_up)

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
        """The number of runs in each state."""
        # Asked for at each key press: of ten thousand runs, they are counted only after a change.
        with self._changed:
            if self._counts is None:
                self._counts = Counter(row.state for row in self._rows.values())
            return self._counts

    @property
    def active(self) -> list[WatchedRun]:
        """The runs with an attempt under way."""
        return [row for row in self if row.active]

    def add(
        self, run: RunAddress, goal: Goal, poll_policy: PollPolicy | None = None, *, before: WatchedRun | None = None
    ) -> WatchedRun:
        """Watch a run and begin its first attempt; a run that is watched already gets the goal and the poll policy.

        Args:
            run: Which run.
            goal: Its goal. If that is new, or the last attempt did not succeed, the next attempt begins.
            poll_policy: How often to probe, from its next attempt on.
            before: Its row as it was removed: it keeps its log and its attempts.
        """
        with self._changed:
            row = self._rows.get(run)
            if row is not None:
                row.poll_policy = poll_policy or row.poll_policy
                self.change_goal(run, goal)
                return row
            row = before or WatchedRun(run, goal, poll_policy or PollPolicy(), self._dismissed.last_number(run))
            row.position = next(self._positions)
            if before is not None:
                row.goal, row.poll_policy = goal, poll_policy or row.poll_policy
                self._detach_thread(row)
            self._rows[run] = row
            self._start(row)
            return row

    def _detach_thread(self, row: WatchedRun) -> None:
        """Let a removed row count on from the attempt that its removal ended, whose events are dropped."""
        row.handle, row.running, row.resumes = None, False, False
        row.next_attempt = self._dismissed.last_number(row.run) + 1
        if not row.state.final:
            self._report(row, State.CANCELLED, Notice(EventKind.ADDED_AGAIN))

    def hold_starts(self, reason: Notice | None = None) -> None:
        """Start no attempt until `release_starts`: what would start or resume stays queued, with its clock stopped.

        Args:
            reason: The text that the queued runs show until then, if any.
        """
        with self._changed:
            self._launcher.hold(reason)
            for row in self._queued:
                row.notice = reason or row.notice

    def release_starts(self) -> list[RunAddress]:
        """Let attempts start again; the queued runs, each of which the caller is to `start`."""
        with self._changed:
            self._launcher.release()
            return [row.run for row in self._queued]

    @property
    def _queued(self) -> list[WatchedRun]:
        """The runs that should start and have no thread."""
        return [row for row in self._rows.values() if row.state is State.QUEUED and not row.running]

    def restore(
        self, stored: StoredRun, poll_policy: PollPolicy | None = None, *, above: RunAddress | None = None
    ) -> WatchedRun:
        """Restore a row from disk; an attempt that had not ended is resumed with its clock.

        Args:
            stored: The row on disk.
            poll_policy: How often to look.
            above: The run that it is placed right above; without one, it goes to the end of the list.
        """
        with self._changed:
            if stored.run in self._rows:
                return self._rows[stored.run]
            before = self._dismissed.last_number(stored.run)
            row = WatchedRun.of(stored, poll_policy or PollPolicy())
            row.position = next(self._positions) if above is None else self._position_above(above)
            self._insert(row)
            if not stored.state.final:
                # If a later attempt was here, the next one begins instead.
                row.resumes = 0 < stored.attempt >= before
                row.state, self._counts = State.QUEUED, None
                if not self._dismissed.attach_thread(row):
                    self._start(row)
            return row

    def start(self, run: RunAddress) -> WatchedRun | None:
        """Start a queued run; None if it is not queued any more."""
        with self._changed:
            row = self._rows.get(run)
            if row is None or row.running or row.state is not State.QUEUED:
                return None
            self._start(row)
            return row

    def prepend_log(self, row: WatchedRun, lines: Sequence[LogLine]) -> WatchedRun | None:
        """Put the lines of earlier sessions before those of a restored run's log; None if it has them already."""
        with self._changed:
            return row if row.prepend_log(lines, self._max_lines_each) else None

    def cancel(self, run: RunAddress) -> None:
        """Cancel the current attempt, if there is one."""
        with self._changed:
            row = self._rows[run]
            row.restart_wanted, row.carried = False, None
            if row.handle is not None and not self._dismissed.includes(row):
                row.handle.cancel()
            elif not row.state.final:
                row.resumes = False
                self._report(row, State.CANCELLED, Notice(EventKind.CANCELLED))

    def cancel_all(self) -> None:
        """Cancel every current attempt."""
        for row in self:
            self.cancel(row.run)
        # The caller may never apply their last events.
        self._suspend_watcher.end()

    def abandon_all(self) -> None:
        """Let the threads of all attempts sleep until the process ends: to wake ten thousand would take seconds."""
        for row in self:
            if row.handle is not None:
                row.handle.abandon()
        self._suspend_watcher.end()

    def restart(self, run: RunAddress, attempt: int = 0) -> None:
        """Start a new attempt: now, or when the thread of the current one has ended.

        Args:
            run: Which run.
            attempt: Its number, if higher than the next one: another dashboard may have counted on.
        """
        with self._changed:
            row = self._rows[run]
            row.resumes, row.next_attempt, row.carried = False, attempt, None
            self._begin_next(row)

    def resume(self, run: RunAddress, elapsed: float, baseline: int | None) -> None:
        """Start a new attempt as `restart` does, but with the clock and the baseline of one that was ended.

        Args:
            run: Which run.
            elapsed: Seconds that the clock had run.
            baseline: The newest version when that attempt began, -1 for none; None if unknown.
        """
        with self._changed:
            row = self._rows[run]
            row.resumes, row.next_attempt, row.carried = False, 0, (elapsed, baseline)
            self._begin_next(row)

    def _begin_next(self, row: WatchedRun) -> None:
        if row.running and row.handle is not None:
            row.restart_wanted = True
            row.handle.cancel()
        else:
            self._start(row)

    def withdraw(self, run: RunAddress, earlier: StoredRun) -> None:
        """End the current attempt, if any, and show again how an earlier one ended; nothing of its thread follows.

        Args:
            run: Which run.
            earlier: The row as it was, or as another dashboard shows it; its state is final.
        """
        with self._changed:
            row = self._rows[run]
            self._dismissed.dismiss(row)
            row.show_earlier(earlier)
            self._counts = None
            self._bound_log(row)

    def take_success(self, stored: StoredRun, notice: Notice) -> None:
        """Show that the attempt which failed here has met its goal in another dashboard.

        Args:
            stored: The row as the other dashboard shows it; its state is `State.AVAILABLE`.
            notice: The event that says so.
        """
        with self._changed:
            row = self._rows[stored.run]
            row.take_success(stored)
            self._report(row, stored.state, notice)

    def remove(self, run: RunAddress) -> WatchedRun:
        """Remove a run from the list, ending its attempt; `undo_remove` takes its row back."""
        with self._changed:
            row = self._rows.pop(run)
            # Its clock stops, in case the removal is undone.
            row.stop_clock(row.elapsed(self._clock()))
            self._dismissed.dismiss(row)
            self._counts = None
            self._changed.notify_all()
            return row

    def undo_remove(self, row: WatchedRun) -> WatchedRun:
        """Put a removed row back in its position, with all that is known of it; a current attempt is resumed."""
        with self._changed:
            if row.run in self._rows:
                return self._rows[row.run]
            before = self._dismissed.last_number(row.run)
            if row.active:
                if row.running and not row.restart_wanted:
                    row.resumes = row.attempt >= before
                row.next_attempt = max(row.next_attempt, before + 1)
                row.state = State.QUEUED
            self._insert(row)
            if not self._dismissed.attach_thread(row) and row.active:
                self._start(row)
            return row

    def _insert(self, row: WatchedRun) -> None:
        self._counts = None
        last = next(reversed(self._rows.values()), None)
        self._rows[row.run] = row
        if last is not None and last.position > row.position:
            self._rows = dict(sorted(self._rows.items(), key=lambda item: item[1].position))

    def _position_above(self, run: RunAddress) -> float:
        """A position between that of a run and that of the run before it."""
        position = self._rows[run].position
        before = max((row.position for row in self._rows.values() if row.position < position), default=position - 1)
        return (before + position) / 2

    def visit(self, run: RunAddress) -> None:
        """Visit a run's page again now; nothing happens without a current attempt."""
        with self._changed:
            if (handle := self._rows[run].handle) is not None:
                handle.visit()

    def change_goal(self, run: RunAddress, goal: Goal) -> None:
        """Wait for another goal; if the attempt had ended, the next one begins."""
        with self._changed:
            row = self._rows[run]
            restarts, changed = row.restarts(goal), row.goal != goal
            row.goal = goal
            if row.handle is not None:
                row.handle.change_goal(goal)
                # Its thread may still have to end before the next attempt can begin.
                row.restart_wanted |= restarts
            elif restarts or (row.state is State.QUEUED and changed):
                self._start(row)

    def apply(self, message: MonitorMessage) -> WatchedRun | None:
        """Apply a message of a monitor; its row, or None if it is stale: of an older attempt or of a removed run."""
        with self._changed:
            row = self._rows.get(message.run)
            if isinstance(message, AttemptEnded):
                self._dismissed.forget(message)
            elif self._dismissed.sent(message):
                return None
            if row is None or message.attempt != row.attempt:
                return None
            if isinstance(message, AttemptEnded):
                self._apply_end(row)
            else:
                if row.state is not message.state:
                    self._counts = None
                row.apply(message, self._clock())
                self._bound_log(row)
            self._changed.notify_all()
            return row

    def add_remark(self, run: RunAddress, text: str, level: Level) -> WatchedRun | None:
        """Add a line to a run's log that does not change its attempt; None if the run is gone."""
        with self._changed:
            row = self._rows.get(run)
            if row is not None:
                row.add_remark(LogLine(datetime.now(UTC), max(row.attempt, 1), text_notice(text), level=level))
                self._bound_log(row)
            return row

    def wait(self, done: Callable[[], bool], timeout: float | None = None) -> bool:
        """Block until `done()` is true, checked after each change; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(done, timeout)

    def wake(self) -> None:
        """Let those who `wait` check again: something else than a run has changed."""
        with self._changed:
            self._changed.notify_all()

    def _start(self, row: WatchedRun) -> None:
        """Start the next attempt, or the one that is resumed."""
        self._counts = None
        if self._launcher.launch(row):
            self._suspend_watcher.begin()
        self._bound_log(row)

    def _machine_woke_up(self, seconds: float) -> None:
        for row in self:
            if (handle := row.handle) is not None:
                handle.slept(seconds)

    def _apply_end(self, row: WatchedRun) -> None:
        row.running, row.handle, row.next_probe_at, row.feed = False, None, None, None
        # An attempt may have ended before it could take over its new goal.
        missed = row.goal != row.reported_goal and row.state in {State.AVAILABLE, State.TIMED_OUT}
        if row.restart_wanted or missed:
            self._start(row)
        elif not row.state.final:
            self._report(row, State.FAILED, Notice(EventKind.THREAD_DIED), Level.ERROR)
        if waiting := self._queued:
            self._start(waiting[0])
        if not any(other.running for other in self._rows.values()):
            self._suspend_watcher.end()

    def _report(self, row: WatchedRun, state: State, notice: Notice, level: Level = Level.INFO) -> None:
        """Report a change of a row that its monitor does not report."""
        self._counts = None
        row.report(state, notice, level)
        self._bound_log(row)

    def _bound_log(self, row: WatchedRun) -> None:
        if len(row.log) > MIN_LOG_LINES:
            del row.log[: -self._max_lines_each]

    @property
    def _max_lines_each(self) -> int:
        """The number of lines that the log of each run may have."""
        return max(MIN_LOG_LINES, min(MAX_LOG_LINES, MAX_TOTAL_LINES // max(1, len(self._rows))))
