"""Detects that the machine was asleep: a laptop's lid was shut, or the process was stopped.

A monotonic clock may stand still meanwhile (Linux, macOS) or not (Windows). Either way the time asleep
does not count as waiting, and the server's earlier requests to wait have expired.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable

from wandb_tui.core.daemon_pool import start_daemon

log = logging.getLogger(__name__)

NOTICEABLE_S = 15.0
"""A shorter pause does not count as sleep: a busy machine may be that late."""

_CHECK_INTERVAL_S = 2.0


def suspend_clock() -> float:
    """Seconds on a clock that runs on while the machine is asleep, as well as this system has one."""
    name = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC_RAW"}.get(sys.platform, "")
    number = getattr(time, name, None)
    return time.time() if number is None else time.clock_gettime(number)


class SuspendDetector:
    """Compares a clock that may stop while the machine sleeps with one that does not."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, suspend_clock: Callable[[], float] = suspend_clock
    ) -> None:
        self._clock = clock
        self._suspend_clock = suspend_clock
        self._ahead = suspend_clock() - clock()

    def slept(self) -> float:
        """Seconds asleep since the last call; 0 if that is not noticeable."""
        ahead = self._suspend_clock() - self._clock()
        gone, self._ahead = ahead - self._ahead, ahead
        return gone if gone >= NOTICEABLE_S else 0.0


class SuspendWatcher:
    """Checks a detector every few seconds, in a thread of its own, while there are monitors."""

    def __init__(self, detector: SuspendDetector, on_wake: Callable[[float], None]) -> None:
        """Prepare; `on_wake` receives the seconds asleep, in the watcher's thread."""
        self._detector = detector
        self._on_wake = on_wake
        self._lock = threading.Lock()
        self._ending: threading.Event | None = None

    def begin(self) -> None:
        """Start watching; nothing happens if that is so already."""
        with self._lock:
            if self._ending is not None:
                return
            self._detector.slept()
            ending = threading.Event()
            try:
                start_daemon(lambda: self._watch(ending), "wandb-tui suspend watcher")
            except RuntimeError:
                log.warning("No thread is left to notice the machine's sleep; the next monitor tries again")
            else:
                self._ending = ending

    def end(self) -> None:
        """Stop watching."""
        with self._lock:
            if self._ending is not None:
                self._ending.set()
                self._ending = None

    def _watch(self, ending: threading.Event) -> None:
        while not ending.wait(_CHECK_INTERVAL_S):
            if (seconds := self._detector.slept()) > 0:
                log.info("The machine was asleep for %.0f s", seconds)
                self._on_wake(seconds)
