"""Garbage collection while the user does nothing, so that no key press waits for it."""

from __future__ import annotations

import gc
import time

_THRESHOLDS = (50_000, 100, 100)
"""New objects, and collections of the younger generation, after which Python collects by itself.

Its default of 700 objects comes due while a key press is drawn, which makes many. The youngest 10,000 take 3 to 12 ms,
all of them a tenth of a second with the logs of 200 runs.
"""

_YOUNG_IDLE_S, _FULL_IDLE_S = 1.0, 5.0
"""Seconds without input after which the younger objects, or all, are collected."""

_FULL_INTERVAL_S = 120.0
"""The least number of seconds between two collections of all objects."""

_FEW_OBJECTS = 1_000
"""New objects for which no collection is worth its while."""


class GarbageCollector:
    """Decides when to collect garbage. Belongs to the UI thread, and does nothing until it is started."""

    def __init__(self) -> None:
        self._started = False
        self._full_due = 0.0

    def start(self) -> None:
        """Exempt all objects there are, such as modules, and let Python collect rarely by itself from now on.

        To be called while collection is off: turned on before, Python would go through all of them at once.
        """
        gc.freeze()
        gc.set_threshold(*_THRESHOLDS)
        self._started, self._full_due = True, time.monotonic() + _FULL_INTERVAL_S

    def collect_some(self) -> None:
        """Collect the youngest objects once there are some: a thousand take a millisecond or two."""
        if self._started and gc.get_count()[0] >= _FEW_OBJECTS:
            gc.collect(0)

    def collect(self, idle_s: float) -> None:
        """Collect what is due, if the user has been idle for long enough; called once a second."""
        if not self._started or idle_s < _YOUNG_IDLE_S:
            return
        if idle_s >= _FULL_IDLE_S and time.monotonic() >= self._full_due:
            gc.collect()
            self._full_due = time.monotonic() + _FULL_INTERVAL_S
        elif gc.get_count()[0] >= _FEW_OBJECTS:
            gc.collect(1)
