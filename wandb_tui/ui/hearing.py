"""When what the monitors say is taken in and painted: in slices, so that a key press never waits for a flood."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Protocol

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch import Watched
from wandb_tui.ui.session import Session

FLUSH = 0.1
"""Seconds between two paintings of what the monitors say, where that is little, or the user has just done something."""

_SLICE = 40
"""How many sayings are taken in, or rows kept, at a stretch: a millisecond's work."""

_BREATH = 0.001
"""Seconds between two slices, in which keys are heard."""

_ROUND = 1000
"""How many sayings are taken in before they are painted, though more may have come."""

_SHARE = 80
"""How many times as long as taking in kept the processor there is a rest before the next. What is taken in is painted,
which takes longer still: so of twenty keys nineteen find the thread free, however much the monitors say."""

_LONGEST_REST = 0.4

_EAGER = 0.5
"""For so many seconds after the user has done something nothing rests longer than `FLUSH`."""


class Timer(Protocol):
    """Something that will happen."""

    def stop(self) -> None:
        """Let it not happen."""


class Hearing:
    """Takes in what lies in the session's bridge, round by round. Belongs to the UI thread."""

    def __init__(
        self,
        session: Session,
        later: Callable[[float, Callable[[], None]], Timer],
        paint: Callable[[Collection[Watched]], None],
    ) -> None:
        """Begin with a rest.

        Args:
            session: Whose monitors are heard.
            later: Calls a function so many seconds later, on this thread.
            paint: Shows the rows that have changed.
        """
        self._session = session
        self._later = later
        self._paint = paint
        self._changed: dict[RunAddress, Watched] = {}
        self._to_keep: list[Watched] = []
        self._heard = 0
        self._cost = 0.0
        self._next = 0.0
        self._eager_until = 0.0
        self._resting: Timer | None = None
        self._closed = False

    def heard(self) -> None:
        """Something was said: take it in now, or when the last painting is long enough ago."""
        self._rest(self._next - time.monotonic())

    def at_once(self) -> None:
        """The user has done something: what comes of it is painted without a long rest."""
        self._next, self._eager_until = 0.0, time.monotonic() + _EAGER
        if self._resting is not None:
            self._rest(0)

    def close(self) -> None:
        """Take in and keep all that was said until now, and nothing after that."""
        self._closed = True
        self._session.keep((self._changed | self._session.hear()).values())

    def _rest(self, seconds: float) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = None
        if seconds > 0:
            self._resting = self._later(seconds, self._take)
        else:
            self._take()

    def _take(self) -> None:
        """Take in a slice of what was said; what comes after the last one is keeping what has changed."""
        self._resting = None
        if self._closed:
            return
        began = time.thread_time()
        changed = self._session.hear(_SLICE)
        self._changed |= changed
        self._heard += _SLICE
        self._cost += time.thread_time() - began
        if self._session.bridge.waiting and self._heard < _ROUND:
            self._later(_BREATH, self._take)
        else:
            self._to_keep = list(self._changed.values())
            self._keep()

    def _keep(self) -> None:
        """Keep a slice of the rows that have changed; after the last one all of them are painted."""
        if self._closed:
            return
        began = time.thread_time()
        self._session.keep(self._to_keep[:_SLICE])
        del self._to_keep[:_SLICE]
        self._cost += time.thread_time() - began
        if self._to_keep:
            self._later(_BREATH, self._keep)
        else:
            self._end_round()

    def _end_round(self) -> None:
        began = time.thread_time()
        self._paint(self._changed.values())
        now = time.monotonic()
        self._cost += time.thread_time() - began
        longest = FLUSH if now < self._eager_until else _LONGEST_REST
        rest = min(longest, max(FLUSH, _SHARE * self._cost))
        self._changed, self._heard, self._cost = {}, 0, 0.0
        self._next = now + rest
        if not self._session.bridge.done():
            self._rest(rest)
