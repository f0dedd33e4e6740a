"""Turns that threads take: one monitor at a time, and none while a key press takes effect."""

from __future__ import annotations

import time
from threading import Lock
from types import TracebackType

_GAP_S = 0.02
"""Seconds of work between two pauses, so that a key held down does not stop the monitors."""


class MonitorTurns:
    """Held by a monitor while it works, which is briefly after each sleep.

    Hundreds of monitors that work at once would starve the UI thread of the GIL.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._paused_until = 0.0

    def pause(self, seconds: float) -> None:
        """Let no monitor begin a turn for some seconds; without effect if a pause has just ended. Never blocks."""
        now = time.monotonic()
        if now >= self._paused_until + _GAP_S:
            self._paused_until = now + seconds

    def give_way(self) -> None:
        """Wait for the end of a pause, as a thread with much to do does between its steps."""
        if (left := self._paused_until - time.monotonic()) > 0:
            time.sleep(left)

    def __enter__(self) -> None:
        self._lock.acquire()
        # Waits with the lock held, so that of all the monitors only this one wakes meanwhile.
        self.give_way()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._lock.release()
