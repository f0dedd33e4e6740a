"""When to probe next, when to visit again, when to give up. Pure arithmetic: the clock is passed in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

Clock = Callable[[], float]
"""Seconds on a clock that never goes back, such as `time.monotonic`."""

_FIRST_RETRY = 5.0
_LONGEST_GAP = 600.0
_LONGEST_RETRY = 60.0
"""Seconds within which a server that was in trouble is asked again, so that its recovery is soon seen."""
_LEAST_SHARE = 0.2
"""The least share of the interval between two probes, where the second one keeps the common time."""

TOGETHER = 0.08
"""Seconds within which probes that are due together come one after the other; fewer than are gathered for a request."""

_MAX_PHASE_SHARE = 0.8
"""The same as a share of the interval, where that is short."""

_SLACK = 2.0
"""How many seconds an answer may take without a sign that more is asked than can be answered."""


class Times(NamedTuple):
    """How often to look, and when to give up, in seconds; as in `PollPolicy`."""

    check_interval: float
    max_wait_time: float


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """How often to look, and for how long; all in seconds.

    Attributes:
        check_interval: Between two probes.
        max_wait_time: When to give up; 0 waits for ever. Time in which the machine is asleep does not count.
        revisit_interval: From a good visit to the next one; the gap doubles each time.
        quick_interval: Between two probes in the first minute after a visit, when exports usually come. Where it goes
            evenly into `check_interval`, both kinds of probes share their requests.
        quick_for: How long that time lasts.
        visit_after: From the start to the first visit, where exports are known to start without one; until then probes
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
        """What of it the user chooses for each run."""
        return Times(self.check_interval, self.max_wait_time)

    def at(self, times: Times | None) -> PollPolicy:
        """This pace with these times, if there are any."""
        return replace(self, **times._asdict()) if times else self


def resumed(elapsed: float, poll_policy: PollPolicy) -> float:
    """Where the clock of an attempt stands that goes on after a break, in seconds.

    The break itself does not count. Of `max_wait_time` there is always so much left that a visit and the quick probes
    after it have their chance.
    """
    return (
        min(elapsed, max(0.0, poll_policy.max_wait_time - poll_policy.quick_for))
        if poll_policy.max_wait_time
        else elapsed
    )


class Schedule:
    """The times of one attempt.

    Probes fall on multiples of their interval on the clock that all attempts share, whenever an attempt began: so they
    are due together and go out as one request. Where answers are late, because more runs wait than can be asked about
    within the interval, an attempt asks as much later, at a time of its own; so what it says of its next probe stays
    true, and those that are in a hurry need not queue behind the others.
    """

    def __init__(self, poll_policy: PollPolicy, clock: Clock, *, elapsed: float = 0.0, phase: float = 0.0) -> None:
        """Begin an attempt.

        Args:
            poll_policy: How often to look, and for how long.
            clock: Seconds on a clock that never goes back.
            elapsed: Where the attempt's clock stands already.
            phase: Its place among those that are due together, from 0 to 1: they come one after the other, within a
                moment in which the questions of all are gathered, rather than all at once.
        """
        self._poll_policy = poll_policy
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
        self._troubles = 0
        self._backlog = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds the attempt's clock has run."""
        now = self._clock() if self._stopped_at is None else self._stopped_at
        return now - self._started - self._stopped_for

    @property
    def stopped(self) -> bool:
        """Whether the clock stands still."""
        return self._stopped_at is not None

    def stop_clock(self) -> None:
        """The user is needed, or a tab: what passes now does not count towards `max_wait_time`."""
        if self._stopped_at is None:
            self._stopped_at = self._clock()

    def resume_clock(self) -> None:
        """What was needed is there."""
        if self._stopped_at is not None:
            self._stopped_for += self._clock() - self._stopped_at
            self._stopped_at = None

    @property
    def timed_out(self) -> bool:
        """Whether `max_wait_time` is over."""
        return not self.stopped and 0 < self._poll_policy.max_wait_time <= self.elapsed

    @property
    def until_probe(self) -> float:
        """Seconds until the next probe is due, never below 0."""
        return max(0.0, self._next_probe - self._clock())

    @property
    def until_visit(self) -> float:
        """Seconds until the next visit is due, never below 0."""
        return max(0.0, max(self._next_visit, self._visits_held_until) - self._clock())

    @property
    def until_timeout(self) -> float | None:
        """Seconds until the attempt gives up; None where it does not."""
        if self.stopped or not self._poll_policy.max_wait_time:
            return None
        return max(0.0, self._poll_policy.max_wait_time - self.elapsed)

    def probe_answered(self) -> None:
        """The server told what was asked: look again after the usual interval, sooner just after a visit."""
        self._troubles = 0
        now = self._clock()
        late = now - self._next_probe - _SLACK
        self._backlog = min(_LONGEST_GAP, self._backlog + late) if late > 0 else 0.8 * self._backlog
        self._next_probe = self._after(self._quick if now < self._quick_until else self._poll_policy.check_interval)

    def probe_failed(self, retry_after: float | None) -> None:
        """The server did not tell: look again later and later, or when it says, and visit nothing before that."""
        now = self._clock()
        interval = self._poll_policy.check_interval
        gap = min(max(interval, _LONGEST_RETRY), interval * 2.0 ** min(self._troubles, 3))
        self._troubles += 1
        self._next_probe = now + (gap if retry_after is None else retry_after)
        if retry_after is not None:
            self.hold_visits(retry_after)

    def hold_visits(self, seconds: float) -> None:
        """The server limits our rate: nothing is visited for so long."""
        self._visits_held_until = max(self._visits_held_until, self._clock() + seconds)

    def visit_ended(self) -> None:
        """A visit loaded the run: probe quickly for a while, and visit again only when that was in vain."""
        now = self._clock()
        self._failed_visits = 0
        self._quick_until = now + self._poll_policy.quick_for
        self._next_probe = min(self._next_probe, self._after(self._quick))
        self._next_visit = now + min(
            _LONGEST_GAP, self._poll_policy.revisit_interval * 2.0 ** min(self._good_visits, 10)
        )
        self._good_visits += 1

    def visit_failed(self) -> float:
        """A visit did not load the run: try again after a growing gap, which is returned (seconds)."""
        gap = min(_LONGEST_GAP, _FIRST_RETRY * 2.0 ** min(self._failed_visits, 10))
        self._failed_visits += 1
        self._next_visit = self._clock() + gap
        return gap

    def machine_slept(self, seconds: float, *, counted: bool) -> None:
        """The machine was asleep: that is nobody's waiting time, and what the server asked for before is over.

        Args:
            seconds: For how long.
            counted: Whether the clock went on meanwhile; some stand still.
        """
        now = self._clock()
        if not counted:
            self._next_visit -= seconds
        elif not self.stopped:
            self._stopped_for += seconds
        self._troubles = 0
        self._next_probe = self._visits_held_until = now

    def visit_now(self) -> None:
        """A visit is wished for, or newly possible."""
        self._next_visit = self._clock()

    @property
    def _quick(self) -> float:
        return min(self._poll_policy.quick_interval, self._poll_policy.check_interval)

    def _after(self, interval: float) -> float:
        """About an interval from now."""
        now = self._clock()
        if self._backlog > _LEAST_SHARE * interval:
            return now + interval + self._backlog
        late = self._phase * min(TOGETHER, _MAX_PHASE_SHARE * interval)
        return math.ceil((now - late + _LEAST_SHARE * interval) / interval) * interval + late
