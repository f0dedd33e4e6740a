"""How often the server may be asked: as it says, and a little less often than that.

The longest that is waited at a stretch is an hour, whatever a header says: a clock that is wrong, or an absurd number,
must not silence all monitors for good.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.core.schedule import Clock
from wandb_tui.core.suspend import SuspendDetector
from wandb_tui.services.wandb_api.graphql import RATE_LIMITED, Reply

_GAP = 1.0
_FIRST_LIMIT = 5.0
_FIRST_TROUBLE = 1.0
_LONGEST_LIMIT = 60.0
_LONGEST_TROUBLE = 30.0
_LONGEST_WAIT = 3600.0
_SCARCE = 50
_ANSWERED_WITHIN = 10.0
"""Seconds after the end of a limit in which somebody asks whether it is over."""
_WORTH_A_WORD = 5.0
"""Seconds between two requests above which whoever asks is told to come later, rather than kept waiting."""

Jitter = Callable[[float, float], float]


class Throttle:
    """When the next request may go out, and what to say to whoever would like it earlier."""

    def __init__(self, clock: Clock, gauge: SuspendDetector | None = None, jitter: Jitter = random.uniform) -> None:
        """Begin without any limit.

        Args:
            clock: Seconds on a clock that never goes back.
            gauge: Tells of the machine's sleep, after which no limit holds any more.
            jitter: A number between two numbers, so that not everybody comes back at the same moment.
        """
        self._clock = clock
        self._gauge = gauge or SuspendDetector(clock)
        self._jitter = jitter
        self._next = clock()
        self._held_until = self._next
        self._why = ""
        self._limited = 0
        self._troubles = 0

    @property
    def gap(self) -> float:
        """Seconds until the next request may go out, below 0 where it may already."""
        return self._next - self._clock()

    @property
    def hold(self) -> float:
        """Seconds for which nothing is to be asked at all; below or at 0 for none."""
        if self._gauge.slept():
            self._held_until = self._next = self._clock()
        return self._held_until - self._clock()

    @property
    def limiting(self) -> float:
        """Seconds for which the server wants to be left alone altogether; 0 for none.

        A limit's time being up is not enough: the first question after it, which comes soon, must have been answered.
        """
        if not self._limited:
            return 0.0
        hold = self.hold
        return max(_GAP, hold) if hold > -_ANSWERED_WITHIN else 0.0

    @property
    def why(self) -> str:
        """What to tell whoever asks during a hold."""
        return self._why

    def heed(self, reply: Reply) -> None:
        """Take in what an answer says and what it means."""
        self.took_turn()
        if reply.limited:
            self._limit(reply)
            return
        self._limited = 0
        if reply.problem is ProbeOutcome.UNAVAILABLE:
            self._back_off(reply)
            return
        self._troubles = 0
        if reply.limits.remaining and reply.limits.reset and reply.limits.remaining < _SCARCE:
            # What is left is spread over the time it must last, so that the limit is never met.
            gap = min(_LONGEST_WAIT, max(_GAP, reply.limits.reset / reply.limits.remaining))
            self._next = self._clock() + gap
            if gap > _WORTH_A_WORD:
                self._hold(gap, "Close to the rate limit")

    def took_turn(self) -> None:
        """A request goes out or has just come back: the next one a second later at the earliest."""
        self._next = self._clock() + _GAP

    def _limit(self, reply: Reply) -> None:
        told = reply.limits.retry_after if reply.limits.retry_after is not None else reply.limits.reset
        # Who waited as told and is limited all the same waits longer, even where "0" is all that is told.
        least = min(_LONGEST_LIMIT, (_GAP if told is not None else _FIRST_LIMIT) * 2.0 ** min(self._limited, 10))
        wait = min(_LONGEST_WAIT, max(told or 0.0, least))
        self._limited += 1
        # A little more than asked for, never less.
        self._hold(wait + self._jitter(0, 0.05 * wait), RATE_LIMITED)

    def _back_off(self, reply: Reply) -> None:
        wait = min(_LONGEST_TROUBLE, _FIRST_TROUBLE * 2.0 ** min(self._troubles, 10))
        self._troubles += 1
        wait = max(self._jitter(0.75 * wait, 1.25 * wait), reply.limits.retry_after or 0.0)
        self._hold(min(_LONGEST_WAIT, wait), reply.message)

    def _hold(self, seconds: float, why: str) -> None:
        self._held_until, self._why = self._clock() + seconds, why
