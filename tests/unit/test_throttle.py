"""The rate at which the server may be asked, on a clock that the test moves."""

import pytest

from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.core.suspend import SuspendDetector
from wandb_tui.services.wandb_api.graphql import Limits, Reply
from wandb_tui.services.wandb_api.throttle import Throttle

GOOD = Reply(data={}, status=200)
BROKEN = Reply(problem=ProbeOutcome.UNAVAILABLE, message="It has a server error (HTTP 502)", status=502)


class Times:
    """A throttle whose jitter is always the most."""

    def __init__(self):
        self.now = 1000.0
        self.asleep = 0.0
        detector = SuspendDetector(lambda: self.now, lambda: self.now + self.asleep)
        self.throttle = Throttle(lambda: self.now, detector, jitter=lambda _, most: most)

    def hold_after(self, reply):
        self.throttle.observe(reply)
        return self.throttle.hold


@pytest.fixture
def times():
    return Times()


def limited(**limits):
    return Reply(
        problem=ProbeOutcome.UNAVAILABLE, message="Rate limited", status=429, limits=Limits(**limits), limited=True
    )


def test_a_second_between_two_requests(times):
    assert times.throttle.gap <= 0
    times.throttle.observe(GOOD)
    assert times.throttle.gap == pytest.approx(1)
    assert times.throttle.hold <= 0


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (limited(retry_after=20.0), 21),
        (limited(retry_after=20.0, remaining=0, reset=90.0), 21),
        (limited(reset=30.0), 31.5),
        (limited(), 5.25),
        (Reply(data={}, status=200, limits=Limits(remaining=0, reset=10.0), limited=True), 10.5),
        (limited(retry_after=10**9), 3780),
    ],
)
def test_it_waits_as_long_as_it_is_asked_and_a_little_longer(times, reply, seconds):
    assert times.hold_after(reply) == pytest.approx(seconds)
    assert times.throttle.cause.message == "Rate limited"


def test_limits_without_a_time_are_waited_out_longer_and_longer(times):
    assert [times.hold_after(limited()) for _ in range(6)] == pytest.approx([5.25, 10.5, 21, 42, 63, 63])
    times.throttle.observe(GOOD)
    assert times.hold_after(limited()) == pytest.approx(5.25)


def test_a_limit_that_is_declared_over_at_once_is_not_met_every_second(times):
    assert [times.hold_after(limited(retry_after=0.0)) for _ in range(4)] == pytest.approx([1.05, 2.1, 4.2, 8.4])


def test_a_limit_lasts_for_visits_until_a_question_is_answered_again(times):
    times.hold_after(limited(retry_after=20.0))
    assert times.throttle.limiting == pytest.approx(21)
    times.now += 22
    assert times.throttle.hold < 0
    assert times.throttle.limiting == 1
    times.throttle.observe(GOOD)
    assert times.throttle.limiting == 0
    times.hold_after(limited(retry_after=20.0))
    times.now += 60
    assert times.throttle.limiting == 0, "nothing is requested any more"


def test_only_a_limit_keeps_visits_from_beginning(times):
    assert times.hold_after(BROKEN) > 0
    assert times.throttle.limiting == 0


def test_it_backs_off_from_a_server_in_trouble_and_comes_back_quickly(times):
    assert [times.hold_after(BROKEN) for _ in range(8)] == pytest.approx([1.25, 2.5, 5, 10, 20, 37.5, 37.5, 37.5])
    assert times.throttle.cause.message == "It has a server error (HTTP 502)"
    times.now += 80
    assert times.hold_after(GOOD) <= 0
    assert times.hold_after(BROKEN) == pytest.approx(1.25)


def test_a_server_in_trouble_may_say_itself_when_to_come_back(times):
    reply = Reply(problem=ProbeOutcome.UNAVAILABLE, message="maintenance", status=503, limits=Limits(retry_after=30.0))
    assert times.hold_after(reply) == 30


@pytest.mark.parametrize(("remaining", "gap"), [(60, 1), (40, 1), (20, 3), (2, 30)])
def test_it_slows_down_before_the_limit(times, remaining, gap):
    times.throttle.observe(
        Reply(data={}, status=200, limits=Limits(remaining=remaining, reset=60.0 if gap > 1 else 30.0))
    )
    assert times.throttle.gap == pytest.approx(gap)


def test_a_long_wait_before_the_limit_is_reported(times):
    near = Reply(data={}, status=200, limits=Limits(remaining=2, reset=60.0))
    assert times.hold_after(near) == pytest.approx(30)
    assert times.throttle.cause.message == "Close to the rate limit"
    assert times.throttle.limiting == 0


def test_no_limit_outlives_a_sleep_of_the_machine(times):
    assert times.hold_after(limited(retry_after=300.0)) > 300
    times.asleep += 3600
    assert times.throttle.hold <= 0
    assert times.throttle.gap <= 0
