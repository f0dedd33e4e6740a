"""Noticing that the machine was asleep: a laptop's lid was shut, or the process was stopped.

A monotonic clock may stand still meanwhile (Linux, macOS) or not (Windows). Either way the time asleep is nobody's
waiting time, and what the server asked for before it has long come to an end.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable

from wandb_tui.core.daemon_pool import start_daemon

log = logging.getLogger(__name__)

NOTICEABLE = 15.0
"""Seconds below which a pause is not called sleep: a busy machine may be that late."""

_EVERY = 2.0


def suspend_clock() -> float:
    """Seconds on a clock that runs on while the machine is asleep, as well as this system has one."""
    name = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC_RAW"}.get(sys.platform, "")
    number = getattr(time, name, None)
    return time.time() if number is None else time.clock_gettime(number)


class SuspendDetector:
    """Compares a clock that may stand still during sleep with one that does not."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, suspend_clock: Callable[[], float] = suspend_clock
    ) -> None:
        self._clock = clock
        self._suspend_clock = suspend_clock
        self._ahead = suspend_clock() - clock()

    def slept(self) -> float:
        """Seconds asleep since this was last asked; 0 where it was none worth a word."""
        ahead = self._suspend_clock() - self._clock()
        gone, self._ahead = ahead - self._ahead, ahead
        return gone if gone >= NOTICEABLE else 0.0


class SuspendWatcher:
    """Asks a gauge every few seconds, in a thread of its own, as long as there is anybody to tell."""

    def __init__(self, gauge: SuspendDetector, tell: Callable[[float], None]) -> None:
        """Prepare; `tell` gets the seconds asleep, in the guard's thread."""
        self._gauge = gauge
        self._tell = tell
        self._lock = threading.Lock()
        self._ending: threading.Event | None = None

    def begin(self) -> None:
        """Watch out from now on; nothing happens where that is so already."""
        with self._lock:
            if self._ending is not None:
                return
            self._gauge.slept()
            ending = threading.Event()
            try:
                start_daemon(lambda: self._watch_out(ending), "wandb-tui suspend watcher")
            except RuntimeError:
                log.warning("No thread is left to notice the machine's sleep; the next monitor tries again")
            else:
                self._ending = ending

    def end(self) -> None:
        """Stop watching out."""
        with self._lock:
            if self._ending is not None:
                self._ending.set()
                self._ending = None

    def _watch_out(self, ending: threading.Event) -> None:
        while not ending.wait(_EVERY):
            if (seconds := self._gauge.slept()) > 0:
                log.info("The machine was asleep for %.0f s", seconds)
                self._tell(seconds)
