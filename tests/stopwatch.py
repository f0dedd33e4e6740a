"""A stop-watch for promises and patience in seconds: it stands still while the machine has too much to do."""

import contextlib
import os
import time
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")
# However crowded the machine says it is, so many seconds on the wall are one.
_CROWDED = 5.0


def _stalled():
    """For how long, since the machine's start, somebody has waited for a processor; None where no kernel says so."""
    with contextlib.suppress(OSError):
        some = _PRESSURE.read_text().splitlines()[0]
        return int(some.rpartition("total=")[2]) / 1e6
    return None


def _crowd():
    """How many want each processor, in the last minute; 1 where that is not known."""
    try:
        return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    except (AttributeError, OSError):
        return 1.0


class Stopwatch:
    """Runs from its making to the end of its ``with``, if it has one.

    Attributes:
        seconds: The time so far in which a processor was free, or a fifth of all the time, if that is more.
    """

    def __init__(self):
        self._began, self._stalled, self._ended = time.monotonic(), _stalled(), None

    def __enter__(self):
        self.__init__()
        return self

    def __exit__(self, *_):
        self._ended = self.seconds

    @property
    def seconds(self):
        if self._ended is not None:
            return self._ended
        passed = time.monotonic() - self._began
        free = passed / _crowd() if self._stalled is None else passed - (_stalled() - self._stalled)
        return max(free, passed / _CROWDED)


def until(condition, seconds=30.0, what=lambda: "it"):
    """Wait until something holds; `what` tells what did not come, once it has not."""
    watch = Stopwatch()
    while not condition():
        assert watch.seconds < seconds, f"{what()} never came"
        time.sleep(0.05)
