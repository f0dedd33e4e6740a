"""The schedule of an attempt: when to probe, to visit and to give up. Pure arithmetic: the clock is passed in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

Clock = Callable[[], float]
"""Seconds on a clock that never goes back, such as `time.monotonic`."""

_FIRST_VISIT_RETRY_S = 5.0
_MAX_GAP_S = 600.0
_MAX_PROBE_GAP_S = 60.0
"""The longest gap between probes of a failing server, so that its recovery is noticed soon."""
_MIN_GAP_SHARE = 0.2
"""The smallest gap before the next common probe time, as a share of the interval."""

SPREAD_S = 0.08
"""Probes that are due together are spread over this time, which is shorter than the window of one request."""

_MAX_PHASE_SHARE = 0.8
"""The maximum spread as a share of a short interval."""

_SLACK_S = 2.0
"""A later answer is a sign of more probes than the server or this machine can handle."""


class Times(NamedTuple):
    """The times of a `PollPolicy` that users choose, in seconds."""

    check_interval: float
    max_wait_time: float


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """The intervals at which to probe and visit, and the time after which to give up; all in seconds.

    Attributes:
        check_interval: Between two probes.
        max_wait_time: When to give up; 0 waits for ever. Time that the machine sleeps does not count.
        revisit_interval: From a good visit to the next one; the gap doubles each time.
        quick_interval: Between two probes in the first minute after a visit, when exports usually come. If it divides
            `check_interval` evenly, both kinds of probes share their requests.
        quick_for: How long probes stay quick after a visit.
        visit_after: From the start to the first visit, if exports are known to start without one; until then probes
            are quick, too.
    """

    check_interval: float = 5.0
    max_wait_time: float = 300.0
    revisit_interval: float = 60.0
    quick_interval: float = 1.25
    quick_for: float = 60.0
    visit_after: float = 0.0

    @property
    def times(self) -> Times:
        """The times that users choose."""
        return Times(self.check_interval, self.max_wait_time)

    def at(self, times: Times | None) -> PollPolicy:
        """This policy with these times, if there are any."""
        return replace(self, **times._asdict()) if times else self


def resumed(elapsed: float, poll_policy: PollPolicy) -> float:
    """The clock of an attempt that is resumed after a break, in seconds.

    The break itself does not count. Enough of `max_wait_time` is always left for a visit and the quick probes after
    it.
    """
    return (
        min(elapsed, max(0.0, poll_policy.max_wait_time - poll_policy.quick_for))
        if poll_policy.max_wait_time
        else elapsed
    )


class Schedule:
    """The times of one attempt.

    All attempts probe at multiples of their interval on one clock, so that their probes are due together and go out as
    one request. If answers are late, because there are more runs than can be probed within the interval, an attempt
    probes that much later, at a time of its own. So the reported time of the next probe stays true, and urgent probes
    need not queue behind the others.

    Attributes:
        poll_policy: The poll policy; a new one applies from the next probe on.
    """

    def __init__(self, poll_policy: PollPolicy, clock: Clock, *, elapsed: float = 0.0, phase: float = 0.0) -> None:
        """Begin an attempt.

        Args:
            poll_policy: How often to probe, and for how long.
            clock: Seconds on a clock that never goes back.
            elapsed: Seconds that the attempt's clock has run already.
            phase: Its position among the probes that are due together, from 0 to 1: they are spread over a moment,
                within which all of them are gathered for one request.
        """
        self.poll_policy = poll_policy
        self._phase = phase
        self._clock = clock
        self._started = clock()
        self._stopped_at: float | None = None
        self._stopped_for = 0.0
        self._next_probe = self._started
        self._next_visit = self._started + poll_policy.visit_after
        self._visits_held_until = self._started
        self._quick_until = self._started + poll_policy.visit_after
        self._started -= elapsed
        self._failed_visits = 0
        self._good_visits = 0
        self._stale_exports = 0
        self._troubles = 0
        self._backlog = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds the attempt's clock has run."""
        now = self._clock() if self._stopped_at is None else self._stopped_at
        return now - self._started - self._stopped_for

    @property
    def stopped(self) -> bool:
        """Whether the clock is stopped."""
        return self._stopped_at is not None

    def stop_clock(self) -> None:
        """Stop the clock while the user or a tab is needed; that time does not count towards `max_wait_time`."""
        if self._stopped_at is None:
            self._stopped_at = self._clock()

    def resume_clock(self) -> None:
        """Let the clock run again."""
        if self._stopped_at is not None:
            self._stopped_for += self._clock() - self._stopped_at
            self._stopped_at = None

    @property
    def timed_out(self) -> bool:
        """Whether `max_wait_time` is over."""
        return 0 < self.poll_policy.max_wait_time <= self.elapsed and not self.stopped

    @property
    def until_probe(self) -> float:
        """Seconds until the next probe is due, never below 0."""
        return self.until(self._next_probe)

    def until(self, moment: float) -> float:
        """Seconds until a moment of the clock, never below 0."""
        # Not with `max`: called this deep, it takes the stack of each monitor's thread to a third page.
        seconds = moment - self._clock()
        return seconds if seconds > 0 else 0.0

    @property
    def until_visit(self) -> float:
        """Seconds until the next visit is due, never below 0."""
        return self.until(max(self._next_visit, self._visits_held_until))

    @property
    def until_timeout(self) -> float | None:
        """Seconds until the attempt gives up; None if it does not."""
        if self.stopped or not self.poll_policy.max_wait_time:
            return None
        left = self.poll_policy.max_wait_time - self.elapsed
        return left if left > 0 else 0.0

    def probe_answered(self) -> None:
        """The server answered: probe again after the usual interval, sooner just after a visit."""
        self._troubles = 0
        now = self._clock()
        late = now - self._next_probe - _SLACK_S
        self._backlog = min(_MAX_GAP_S, self._backlog + late) if late > 0 else 0.8 * self._backlog
        self._next_probe = self._after(self._quick if now < self._quick_until else self.poll_policy.check_interval)

    def probe_failed(self, retry_after: float | None) -> None:
        """The server did not answer: probe again after growing gaps, or when it asks to; no visit before that."""
        now = self._clock()
        interval = self.poll_policy.check_interval
        gap = min(max(interval, _MAX_PROBE_GAP_S), interval * 2.0 ** min(self._troubles, 3))
        self._troubles += 1
        self._next_probe = now + (gap if retry_after is None else retry_after)
        if retry_after is not None:
            self.hold_visits(retry_after)

    def hold_visits(self, seconds: float) -> None:
        """The server limits our rate: visit nothing for this many seconds."""
        self._visits_held_until = max(self._visits_held_until, self._clock() + seconds)

    def visit_ended(self) -> None:
        """A visit loaded the run: probe quickly for a while, and visit again only if that leads nowhere."""
        now = self._clock()
        self._failed_visits = 0
        self._quick_until = now + self.poll_policy.quick_for
        self._next_probe = min(self._next_probe, self._after(self._quick))
        self._next_visit = now + min(_MAX_GAP_S, self.poll_policy.revisit_interval * 2.0 ** min(self._good_visits, 10))
        self._good_visits += 1

    def export_was_stale(self) -> None:
        """A visit's export lacks what had been logged: visit again after a gap that grows with each such export."""
        gap = min(_MAX_GAP_S, _FIRST_VISIT_RETRY_S * 2.0 ** min(self._stale_exports, 10))
        self._stale_exports += 1
        self._next_visit = min(self._next_visit, self._clock() + gap)

    def visit_failed(self) -> float:
        """A visit did not load the run: try again after a growing gap, which is returned (seconds)."""
        gap = min(_MAX_GAP_S, _FIRST_VISIT_RETRY_S * 2.0 ** min(self._failed_visits, 10))
        self._failed_visits += 1
        self._next_visit = self._clock() + gap
        return gap

    def machine_slept(self, seconds: float, *, counted: bool) -> None:
        """The machine was asleep: that time does not count, and the server's earlier requests to wait have expired.

        Args:
            seconds: For how long.
            counted: Whether the clock kept running during the sleep; some clocks stop.
        """
        now = self._clock()
        if not counted:
            self._next_visit -= seconds
        elif not self.stopped:
            self._stopped_for += seconds
        self._troubles = 0
        self._next_probe = self._visits_held_until = now

    def visit_now(self) -> None:
        """A visit was requested, or has become possible."""
        self._next_visit = self._clock()

    @property
    def _quick(self) -> float:
        return min(self.poll_policy.quick_interval, self.poll_policy.check_interval)

    def _after(self, interval: float) -> float:
        """About an interval from now."""
        now = self._clock()
        if self._backlog > _MIN_GAP_SHARE * interval:
            return now + interval + self._backlog
        late = self._phase * min(SPREAD_S, _MAX_PHASE_SHARE * interval)
        return math.ceil((now - late + _MIN_GAP_SHARE * interval) / interval) * interval + late
