"""When what the monitors say is taken in and painted: in slices, so that a key press never waits for a flood."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.runtime.session import Session

FLUSH = 0.1
"""Seconds between two paintings of what the monitors say, where that is little, or the user has just done something."""

_SLICE = 64
"""How many sayings are taken in, or rows kept, at a stretch: a millisecond's work."""

_BREATH = 0.001
"""Seconds between two slices, in which keys are heard."""

_FRAME = 0.006
"""The same between two parts of a painting, so that each is drawn by itself."""

_ROUND = 1000
"""About how many sayings are taken in before they are painted, though more may have come."""

_SHARE = 80
"""How many times as long as taking in kept the processor there is a rest before the next. What is taken in is painted,
which takes longer still: so of twenty keys nineteen find the thread free, however much the monitors say."""

_LONGEST_REST = 0.4

_WAY = 0.03
"""For so many seconds after a key press nothing is done that its effect would have to wait for."""

_LONGEST_WAY = 0.5
"""So long a round is put off at the most, however many keys are pressed."""

_EAGER = 0.5
"""For so many seconds after the user has done something nothing rests longer than `FLUSH`."""


class Timer(Protocol):
    """Something that will happen."""

    def stop(self) -> None:
        """Let it not happen."""


class EventPump:
    """Takes in what lies in the session's bridge, round by round. Belongs to the UI thread."""

    def __init__(
        self,
        session: Session,
        later: Callable[[float, Callable[[], None]], Timer],
        paint: Callable[[Collection[WatchedRun]], Iterator[None]],
    ) -> None:
        """Begin with a rest.

        Args:
            session: Whose monitors are heard.
            later: Calls a function so many seconds later, on this thread.
            paint: Shows the rows that have changed, part by part.
        """
        self._session = session
        self._later = later
        self._paint = paint
        self._changed: dict[RunAddress, WatchedRun] = {}
        self._resting: Timer | None = None
        self._rested_at = 0.0
        self._eager_until = 0.0
        self._way_until = 0.0
        self._closed = False

    def heard(self) -> None:
        """Something was said: take it in now, or when the last painting is long enough ago."""
        self._rest(self._rested_at - time.monotonic())

    def at_once(self) -> None:
        """The user has done something: what comes of it is painted without a long rest."""
        self._rested_at, self._eager_until = 0.0, time.monotonic() + _EAGER
        if self._resting is not None:
            self._rest(0)

    def give_way(self) -> None:
        """The user has pressed a key: what comes of it goes first."""
        self._way_until = time.monotonic() + _WAY

    def close(self) -> None:
        """Take in and keep all that was said until now, and nothing after that."""
        self._closed = True
        self._session.keep((self._changed | self._session.hear()).values())

    def _rest(self, seconds: float) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self._later(max(_BREATH, seconds), self._begin)

    def _begin(self) -> None:
        self._resting = None
        self._go_on(self._round(), until=time.monotonic() + _LONGEST_WAY)

    def _round(self) -> Iterator[float]:
        """Take in, keep, paint; tells after each part how many seconds are free for other things."""
        for _ in range(0, _ROUND, _SLICE):
            self._changed |= self._session.hear(_SLICE)
            if not self._session.event_queue.waiting:
                break
            yield _BREATH
        rows = list(self._changed.values())
        for start in range(0, len(rows), _SLICE):
            yield _BREATH
            self._session.keep(rows[start : start + _SLICE])
        self._changed = {}
        for _ in self._paint(rows):
            yield _FRAME

    def _go_on(self, parts: Iterator[float], *, until: float, cost: float = 0.0) -> None:
        """Do the next part of a round: now, or after what a key press has set going.

        Args:
            parts: What is left of the round.
            until: How long it can be put off.
            cost: Seconds of the processor that it has taken.
        """
        if self._closed:
            return
        now, began = time.monotonic(), time.thread_time()
        wait = self._way_until - now if now < min(self._way_until, until) else next(parts, None)
        cost += time.thread_time() - began
        if wait is not None:
            self._later(wait, lambda: self._go_on(parts, until=until, cost=cost))
        else:
            self._end(cost)

    def _end(self, cost: float) -> None:
        now = time.monotonic()
        rest = min(_LONGEST_REST if now >= self._eager_until else FLUSH, max(FLUSH, _SHARE * cost))
        self._rested_at = now + rest
        if not self._session.event_queue.done():
            self._rest(rest)
