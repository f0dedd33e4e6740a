"""Client-side rate limiting: when the next request may go out.

No wait is longer than an hour, whatever a header says: a wrong clock or an absurd number must not stop all monitors.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.core.schedule import Clock
from wandb_tui.core.suspend import SuspendDetector
from wandb_tui.services.wandb_api.graphql import RATE_LIMITED, Reply

_MIN_GAP_S = 1.0
_FIRST_LIMIT_S = 5.0
_MAX_LIMIT_BACKOFF_S = 60.0
_FIRST_BACKOFF_S = 1.0
_MAX_BACKOFF_S = 30.0
_MAX_WAIT_S = 3600.0
_SCARCE_REQUESTS = 50
_LIMIT_CONFIRMED_WITHIN_S = 10.0
"""Seconds after the end of a limit within which a probe tests whether it is over."""
_MAX_SILENT_GAP_S = 5.0
"""A longer gap between two requests is reported to the callers instead of keeping them waiting."""

Jitter = Callable[[float, float], float]


class Throttle:
    """Decides when the next request may go out, and gives the reason while none may."""

    def __init__(self, clock: Clock, detector: SuspendDetector | None = None, jitter: Jitter = random.uniform) -> None:
        """Begin without any limit.

        Args:
            clock: Seconds on a clock that never goes back.
            detector: Detects that the machine was suspended, which ends all limits.
            jitter: Gives a random number between two numbers, so that clients do not retry all at once.
        """
        self._clock = clock
        self._detector = detector or SuspendDetector(clock)
        self._jitter = jitter
        self._next = clock()
        self._held_until = self._next
        self._cause = Reply()
        self._limited = 0
        self._failures = 0

    @property
    def gap(self) -> float:
        """Seconds until the next request may go out; negative once it may."""
        return self._next - self._clock()

    @property
    def hold(self) -> float:
        """Seconds for which no request may go out at all; 0 or negative for none."""
        if self._detector.slept():
            self._held_until = self._next = self._clock()
        return self._held_until - self._clock()

    @property
    def limiting(self) -> float:
        """Seconds for which the server limits us, pages included; 0 for none.

        A limit is over once the first request after it has been answered.
        """
        if not self._limited:
            return 0.0
        hold = self.hold
        return max(_MIN_GAP_S, hold) if hold > -_LIMIT_CONFIRMED_WITHIN_S else 0.0

    @property
    def cause(self) -> Reply:
        """The reply that led to the present hold."""
        return self._cause

    def observe(self, reply: Reply) -> None:
        """Adapt to a reply."""
        self.count_request()
        if reply.limited:
            self._limit(reply)
            return
        self._limited = 0
        if reply.problem is ProbeOutcome.UNAVAILABLE:
            self._back_off(reply)
            return
        self._failures = 0
        if reply.limits.remaining and reply.limits.reset and reply.limits.remaining < _SCARCE_REQUESTS:
            # The remaining requests are spread over the time until the reset, so that the limit is never met.
            gap = min(_MAX_WAIT_S, max(_MIN_GAP_S, reply.limits.reset / reply.limits.remaining))
            self._next = self._clock() + gap
            if gap > _MAX_SILENT_GAP_S:
                self._hold(gap, replace(reply, message="Close to the rate limit"))

    def count_request(self) -> None:
        """Count a request that is sent or answered now; the next one follows at least a second later."""
        self._next = self._clock() + _MIN_GAP_S

    def _limit(self, reply: Reply) -> None:
        demanded = reply.limits.retry_after if reply.limits.retry_after is not None else reply.limits.reset
        # Limited again after waiting as demanded: wait longer each time, even if the server always says "0".
        first = _MIN_GAP_S if demanded is not None else _FIRST_LIMIT_S
        least = min(_MAX_LIMIT_BACKOFF_S, first * 2.0 ** min(self._limited, 10))
        wait = min(_MAX_WAIT_S, max(demanded or 0.0, least))
        self._limited += 1
        # A little more than demanded, never less.
        self._hold(wait + self._jitter(0, 0.05 * wait), replace(reply, message=RATE_LIMITED))

    def _back_off(self, reply: Reply) -> None:
        wait = min(_MAX_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        wait = max(self._jitter(0.75 * wait, 1.25 * wait), reply.limits.retry_after or 0.0)
        self._hold(min(_MAX_WAIT_S, wait), reply)

    def _hold(self, seconds: float, cause: Reply) -> None:
        self._held_until, self._cause = self._clock() + seconds, cause
