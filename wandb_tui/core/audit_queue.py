"""The order in which followed runs are asked themselves: those that were asked longest ago go first."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from wandb_tui.core.address import RunAddress

AskedAt = Callable[[RunAddress], float | None]
"""The time of the last query about the run itself; None if it is not followed now."""


class AuditQueue:
    """Runs by when they were asked. One that is followed again meanwhile keeps its place."""

    def __init__(self, asked_at: AskedAt) -> None:
        """Begin empty; `asked_at` decides which entries still count."""
        self._asked_at = asked_at
        self._heap: list[tuple[float, int, RunAddress]] = []
        self._queued: dict[RunAddress, float] = {}
        self._numbers = itertools.count()

    def add(self, run: RunAddress, asked_at: float) -> None:
        """Queue a run, unless it is queued with this time already."""
        if self._queued.get(run) != asked_at:
            self._queued[run] = asked_at
            heapq.heappush(self._heap, (asked_at, next(self._numbers), run))

    @property
    def oldest(self) -> float | None:
        """The time of the query about the first run; None without any."""
        while self._heap:
            asked_at, _, run = self._heap[0]
            if self._asked_at(run) == asked_at:
                return asked_at
            self._pop()
        return None

    def take(self, limit: int, until: float) -> list[RunAddress]:
        """Take out the first runs, at most `limit`, that were asked until a time."""
        taken: list[RunAddress] = []
        while len(taken) < limit and (oldest := self.oldest) is not None and oldest <= until:
            taken.append(self._pop())
        return taken

    def _pop(self) -> RunAddress:
        asked_at, _, run = heapq.heappop(self._heap)
        if self._queued.get(run) == asked_at:
            del self._queued[run]
        return run
