"""When what the monitors say is taken in and painted: in slices, so that a key press never waits for a flood."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
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

_FRAME = 0.008
"""The same between two parts of a painting, so that each is drawn by itself."""

_ROUND = 1000
"""How many sayings are taken in before they are painted, though more may have come."""

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


class Hearing:
    """Takes in what lies in the session's bridge, round by round. Belongs to the UI thread."""

    def __init__(
        self,
        session: Session,
        later: Callable[[float, Callable[[], None]], Timer],
        paint: Callable[[Collection[Watched]], Iterator[None]],
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
        self._changed: dict[RunAddress, Watched] = {}
        self._to_keep: list[Watched] = []
        self._heard = 0
        self._cost = 0.0
        self._next = 0.0
        self._eager_until = 0.0
        self._way_until = 0.0
        self._began = 0.0
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
        self._resting = None
        if seconds > 0:
            self._resting = self._later(seconds, self._begin)
        else:
            self._begin()

    def _begin(self) -> None:
        self._resting = None
        self._began = time.monotonic()
        self._step(self._take)

    def _step(self, step: Callable[[], None]) -> None:
        """Do a part of a round: now, or after what a key press has set going."""
        if self._closed:
            return
        now = time.monotonic()
        if now < self._way_until and now < self._began + _LONGEST_WAY:
            self._later(self._way_until - now, lambda: self._step(step))
            return
        began = time.thread_time()
        step()
        self._cost += time.thread_time() - began

    def _take(self) -> None:
        """Take in a slice of what was said; what comes after the last one is keeping what has changed."""
        self._changed |= self._session.hear(_SLICE)
        self._heard += _SLICE
        if self._session.bridge.waiting and self._heard < _ROUND:
            self._later(_BREATH, lambda: self._step(self._take))
        else:
            self._to_keep = list(self._changed.values())
            self._later(_BREATH, lambda: self._step(self._keep))

    def _keep(self) -> None:
        """Keep a slice of the rows that have changed; after the last one all of them are painted."""
        self._session.keep(self._to_keep[:_SLICE])
        del self._to_keep[:_SLICE]
        if self._to_keep:
            self._later(_BREATH, lambda: self._step(self._keep))
        else:
            self._paint_some(self._paint(self._changed.values()))

    def _paint_some(self, painting: Iterator[None]) -> None:
        """Paint one more part, and let Textual draw it before the next."""
        if next(painting, "no more") is None:
            self._later(_FRAME, lambda: self._step(lambda: self._paint_some(painting)))
        else:
            self._end_round()

    def _end_round(self) -> None:
        now = time.monotonic()
        longest = FLUSH if now < self._eager_until else _LONGEST_REST
        rest = min(longest, max(FLUSH, _SHARE * self._cost))
        self._changed, self._heard, self._cost = {}, 0, 0.0
        self._next = now + rest
        if not self._session.bridge.done():
            self._rest(rest)
