"""The handle on a running attempt, through which others cancel it, change its goal, or request a visit."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future
from typing import Any

from wandb_tui.core.goal import Goal


class AttemptHandle:
    """The handle on one attempt: cancel it, let it visit again, change its goal. Safe from any thread.

    The attempt's own thread sleeps in `wait`. Each of these calls wakes it immediately, and so does the end of a
    future passed to `wake_when_done`.
    """

    def __init__(self, goal: Goal) -> None:
        self._lock = threading.Lock()
        # Released to wake the thread, and taken by it. Ten thousand threads sleep on one each, and a condition would
        # take ten times the memory.
        self._asleep = threading.Lock()
        self._asleep.acquire()
        self._cancelled = False
        self._abandoned = False
        self._visit_wanted = False
        self._slept = 0.0
        self._goal = goal

    @property
    def cancelled(self) -> bool:
        """Whether a cancel was requested."""
        return self._cancelled

    @property
    def goal(self) -> Goal:
        """The goal now."""
        return self._goal

    def cancel(self) -> None:
        """Ask the attempt to end; it does so within milliseconds."""
        self._cancelled = True
        self.wake()

    def abandon(self) -> None:
        """Let the attempt sleep on, whatever comes: the process is about to end, and its thread with it."""
        self._abandoned = True

    def visit(self) -> None:
        """Ask for a visit now, regardless of the schedule."""
        self._visit_wanted = True
        self.wake()

    def change_goal(self, goal: Goal) -> None:
        """Change the goal."""
        self._goal = goal
        self.wake()

    def pop_visit_request(self) -> bool:
        """Whether a visit was requested since the last call."""
        if not self._visit_wanted:
            # Nearly always, and at each turn. A request that comes just now wakes the thread for another one.
            return False
        with self._lock:
            wanted, self._visit_wanted = self._visit_wanted, False
        return wanted

    def slept(self, seconds: float) -> None:
        """Report that the machine has just been asleep for that long."""
        with self._lock:
            self._slept += seconds
        self.wake()

    def pop_sleep(self) -> float:
        """Seconds for which the machine was asleep since the last call."""
        if not self._slept:
            return 0.0
        with self._lock:
            seconds, self._slept = self._slept, 0.0
        return seconds

    def wake(self) -> None:
        """Wake the sleeping attempt."""
        if self._abandoned:
            return
        # It is awake already if the lock is free.
        with contextlib.suppress(RuntimeError):
            self._asleep.release()

    def wake_when_done(self, future: Future[Any]) -> None:
        """Wake the attempt when `future` is done."""
        future.add_done_callback(self._wake_after)

    def _wake_after(self, _: Future[Any]) -> None:
        self.wake()

    def wait(self, seconds: float | None) -> None:
        """Sleep until woken, or for `seconds` at the most (None: until woken)."""
        self._asleep.acquire(timeout=-1 if seconds is None else min(max(0.0, seconds), threading.TIMEOUT_MAX))
