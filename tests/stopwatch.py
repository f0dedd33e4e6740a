"""A clock for tests that wait, which stands still while the machine has too much to do.

For patience alone: no test asserts that something takes less than so many seconds, `tests.benchmarks` measures that.
"""

import contextlib
import os
import time
from pathlib import Path

HANG_S = 300.0
"""The time of the wall after which a process counts as hanging, on however busy a machine."""

_PRESSURE = Path("/proc/pressure/cpu")
# On however busy a machine, so many seconds on the wall count as one.
_CROWDED = 5.0


def _stalled():
    """Seconds since boot in which some process waited for a processor; None where the kernel does not report it."""
    with contextlib.suppress(OSError):
        some = _PRESSURE.read_text().splitlines()[0]
        return int(some.rpartition("total=")[2]) / 1e6
    return None


def _crowd():
    """Processes per processor in the last minute; 1 where that is unknown."""
    try:
        return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    except (AttributeError, OSError):
        return 1.0


class Stopwatch:
    """Runs from its making on.

    Attributes:
        seconds: Seconds so far in which a processor was free, or a fifth of the time on the wall, if that is more.
    """

    def __init__(self):
        self._began, self._stalled = time.monotonic(), _stalled()

    @property
    def seconds(self):
        passed = time.monotonic() - self._began
        free = passed / _crowd() if self._stalled is None else passed - (_stalled() - self._stalled)
        return max(free, passed / _CROWDED)


def until(condition, seconds=60.0, what=lambda: "it"):
    """Wait until a condition holds; `what` names it in the failure."""
    watch = Stopwatch()
    while not condition():
        assert watch.seconds < seconds, f"{what()} never came"
        time.sleep(0.05)
