"""The visits that wait for a tab: which is next, and how long all of them will take."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from wandb_tui.core.address import RunAddress
from wandb_tui.core.light_future import LightFuture
from wandb_tui.core.ports import Visit, VisitBacklog
from wandb_tui.core.schedule import Clock

PROJECT_HEAD_START_S = 60.0
"""Seconds by which a visit goes before older ones if the visit before it was of the same project."""

_PACE_OF = 30
"""The pace is that of so many visits; of those before, pages may have been faster or slower."""

_MIN_PACE_OF = 5
"""Of fewer visits, the pace would be a guess."""


class _QueuedVisit(LightFuture[Visit]):
    """A visit that waits for a tab or has one. Ten thousand may wait."""

    def __init__(self, run: RunAddress, opened: Callable[[], object], queued_at: float) -> None:
        super().__init__()
        self.run = run
        self.opened = opened
        self.queued_at = queued_at


class VisitQueue:
    """Starts visits as tabs become free. Safe from any thread.

    The one that has waited longest goes first; but within a minute, those of one project follow one another, so that
    one project after the other becomes available.
    """

    def __init__(
        self,
        tabs: int,
        start: Callable[[RunAddress, Callable[[], object]], Future[Visit]],
        clock: Clock = time.monotonic,
    ) -> None:
        """Begin empty.

        Args:
            tabs: How many visits are made at a time.
            start: Starts a visit, given what to call when its page has a tab. Cancelling its future abandons it.
            clock: Seconds on a clock that never goes back.
        """
        self._free = max(1, tabs)
        self._start = start
        self._clock = clock
        self._lock = threading.RLock()
        self._waiting: dict[str, OrderedDict[_QueuedVisit, None]] = {}
        self._count = 0
        self._project = ""
        self._filling = False
        self._ended: deque[float] = deque(maxlen=_PACE_OF)

    def add(self, run: RunAddress, opened: Callable[[], object]) -> Future[Visit]:
        """Queue a visit; cancelling the future gives it up."""
        visit = _QueuedVisit(run, opened, self._clock())
        with self._lock:
            if not self._count:
                # Visits from before a pause say nothing of the pace.
                self._ended.clear()
            self._waiting.setdefault(run.project_path, OrderedDict())[visit] = None
            self._count += 1
        visit.add_done_callback(self._given_up)
        self._fill()
        return visit

    @property
    def backlog(self) -> VisitBacklog:
        """The number of visits that wait for a tab, and the time that they will take."""
        with self._lock:
            if len(self._ended) < _MIN_PACE_OF:
                return VisitBacklog(self._count)
            pace = (self._ended[-1] - self._ended[0]) / (len(self._ended) - 1)
            # Where visits have become slower, the last one is late.
            pace = max(pace, (self._clock() - self._ended[0]) / len(self._ended))
            return VisitBacklog(self._count, self._count * pace)

    def close(self) -> None:
        """Give up all visits that have no tab yet."""
        with self._lock:
            waiting = [visit for visits in self._waiting.values() for visit in visits]
        for visit in waiting:
            visit.cancel()

    def _given_up(self, visit: Future[Visit]) -> None:
        """Take a visit out of the line that was cancelled there."""
        with self._lock:
            waited = visit.cancelled() and isinstance(visit, _QueuedVisit) and self._remove(visit)
            self._count -= waited
        if waited:
            visit.set_running_or_notify_cancel()

    def _remove(self, visit: _QueuedVisit) -> bool:
        line = self._waiting.get(visit.run.project_path)
        if line is None or visit not in line:
            return False
        del line[visit]
        if not line:
            del self._waiting[visit.run.project_path]
        return True

    def _fill(self) -> None:
        """Start visits until no tab is free or none waits."""
        with self._lock:
            if self._filling:
                # The thread that fills looks once more.
                return
            self._filling = True
        while (visit := self._next()) is not None:
            making = self._started(visit)
            visit.add_done_callback(partial(_abandon, making))
            making.add_done_callback(partial(self._end, visit))

    def _started(self, visit: _QueuedVisit) -> Future[Visit]:
        try:
            return self._start(visit.run, visit.opened)
        except Exception as error:  # noqa: BLE001 - whatever it is, as want of file handles, the next visit may begin
            failed: Future[Visit] = Future()
            failed.set_exception(error)
            return failed

    def _next(self) -> _QueuedVisit | None:
        with self._lock:
            if not self._free or not self._waiting:
                self._filling = False
                return None
            first = {project: next(iter(line)) for project, line in self._waiting.items()}
            visit = min(first.values(), key=lambda one: one.queued_at)
            same = first.get(self._project)
            if same is not None and same.queued_at <= visit.queued_at + PROJECT_HEAD_START_S:
                visit = same
            self._remove(visit)
            self._free -= 1
            self._count -= 1
            self._project = visit.run.project_path
            return visit

    def _end(self, visit: _QueuedVisit, made: Future[Visit]) -> None:
        with self._lock:
            self._free += 1
            if not made.cancelled():
                self._ended.append(self._clock())
        if made.cancelled():
            visit.cancel()
        if visit.set_running_or_notify_cancel():
            if (error := made.exception()) is not None:
                visit.set_exception(error)
            else:
                visit.set_result(made.result())
        self._fill()


def _abandon(making: Future[Visit], visit: Future[Visit]) -> None:
    if visit.cancelled():
        making.cancel()
