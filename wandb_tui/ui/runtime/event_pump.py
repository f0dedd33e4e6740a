"""Applies monitor events to the screen in small batches, so that a key press never waits for a burst of events."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.runtime.session import Session

PAINT_INTERVAL_S = 0.1
"""Seconds between two paints if there are few events or the user has just done something."""

_BATCH_SIZE = 32
"""The number of events applied, or rows saved, at a time: half a millisecond's work, on a slow machine twice that."""

_BATCH_GAP_S = 0.001
"""Seconds between two batches, in which keys are handled."""

_PAINT_GAP_S = 0.006
"""Seconds between two steps of a paint, so that each is drawn by itself."""

_MAX_ROUND_EVENTS = 4000
"""The maximum number of events applied before they are painted: twice what two hundred monitors report in the longest
rest if each writes ten lines a second."""

_IDLE_FACTOR = 80
"""Idle for at least this many times the CPU time of the last batch. Painting takes longer than applying, so the thread
is free for 19 of 20 key presses at any rate of events."""

_MAX_REST_S, _MAX_FLOOD_REST_S = 0.4, 0.8
"""The longest pauses after a round, in seconds: usually, and after one with many events."""

_FLOOD_EVENTS = 500
"""The number of events in a round above which the longer pause may follow."""

_KEY_PRIORITY_S = 0.03
"""Seconds after a key press in which nothing runs that would delay its effect."""

_MAX_POSTPONE_S = 0.5
"""The longest time that key presses may postpone a round, in seconds."""

_EAGER_S = 0.5
"""Seconds after a user's action in which no pause is longer than `PAINT_INTERVAL_S`."""


class Timer(Protocol):
    """A timer that can be cancelled."""

    def cancel(self) -> None:
        """Let it not fire."""


class EventPump:
    """Applies the events in the session's queue, round by round. Belongs to the UI thread."""

    def __init__(
        self,
        session: Session,
        later: Callable[[float, Callable[[], None]], Timer],
        paint: Callable[[Collection[WatchedRun]], Iterator[None]],
        after_step: Callable[[], object] = lambda: None,
    ) -> None:
        """Start idle.

        Args:
            session: The session whose events are applied.
            later: Calls a function after some seconds, on this thread.
            paint: Shows changed rows, step by step.
            after_step: Called after each step, for work that is to be done in small parts, too.
        """
        self._session = session
        self._later = later
        self._paint = paint
        self._after_step = after_step
        self._changed: dict[RunAddress, WatchedRun] = {}
        self._resting: Timer | None = None
        self._rested_at = 0.0
        self._eager_until = 0.0
        self._key_priority_until = 0.0
        self._taken = 0
        """The number of events in the last round, but for its last batch."""
        self._behind = False
        """Whether the last round has left events behind."""
        self._closed = False

    def events_ready(self) -> None:
        """Schedule a round for new events: now, or once the pause after the last one is over."""
        self._rest(self._rested_at - time.monotonic())

    def expedite(self) -> None:
        """Shorten the pauses: the user has done something and wants to see its effect."""
        self._rested_at, self._eager_until = 0.0, time.monotonic() + _EAGER_S
        if self._resting is not None:
            self._rest(0)

    def yield_to_input(self) -> None:
        """Postpone the round, the monitors' turns and the writing of rows: the effect of a key press comes first.

        May be called from any thread.
        """
        self._key_priority_until = time.monotonic() + _KEY_PRIORITY_S
        self._session.turns.pause(_KEY_PRIORITY_S)

    @property
    def idle_s(self) -> float:
        """Seconds since the last input from the terminal."""
        return time.monotonic() - (self._key_priority_until - _KEY_PRIORITY_S)

    def close(self) -> None:
        """Apply and save all events until now, and none after that."""
        self._closed = True
        self._session.save((self._changed | self._session.apply_events()).values())

    def _rest(self, seconds: float) -> None:
        if self._resting is not None:
            self._resting.cancel()
        self._resting = self._later(max(_BATCH_GAP_S, seconds), self._begin)

    def _begin(self) -> None:
        self._resting = None
        self._step(self._round(), until=time.monotonic() + _MAX_POSTPONE_S)

    def _round(self) -> Iterator[float]:
        """Apply, save, paint; yields after each step the seconds that are free for other work."""
        for taken in range(0, _MAX_ROUND_EVENTS, _BATCH_SIZE):
            self._taken = taken
            self._changed |= self._session.apply_events(_BATCH_SIZE)
            if not self._session.event_queue.pending:
                break
            yield _BATCH_GAP_S
        self._behind = self._session.event_queue.pending
        rows = list(self._changed.values())
        for start in range(0, len(rows), _BATCH_SIZE):
            yield _BATCH_GAP_S
            self._session.save(rows[start : start + _BATCH_SIZE])
        self._changed = {}
        for _ in self._paint(rows):
            yield _PAINT_GAP_S

    def _step(self, parts: Iterator[float], *, until: float, cost: float = 0.0) -> None:
        """Run the next step of a round, now or after the effect of a key press.

        Args:
            parts: The remaining steps.
            until: The time until which it may be postponed.
            cost: The CPU time so far, in seconds.
        """
        if self._closed:
            return
        now, began = time.monotonic(), time.thread_time()
        if now < min(self._key_priority_until, until):
            wait: float | None = self._key_priority_until - now
        else:
            wait = next(parts, None)
            self._after_step()
        cost += time.thread_time() - began
        if wait is not None:
            self._later(wait, lambda: self._step(parts, until=until, cost=cost))
        else:
            self._end(cost)

    def _end(self, cost: float) -> None:
        now, rest = time.monotonic(), PAINT_INTERVAL_S
        if now >= self._eager_until and not self._behind:
            most = _MAX_FLOOD_REST_S if self._taken > _FLOOD_EVENTS else _MAX_REST_S
            rest = min(most, max(rest, _IDLE_FACTOR * cost))
        self._rested_at = now + rest
        if not self._session.event_queue.done():
            self._rest(rest)
