"""The schedule, by a clock that the test moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandb_tui.core.schedule import SPREAD_S, PollPolicy, Schedule
from wandb_tui.services.wandb_api.poller import _BATCH_WINDOW_S


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_everything_is_due_at_the_start(clock):
    schedule = Schedule(PollPolicy(), clock)
    assert schedule.until_probe == 0
    assert schedule.until_visit == 0
    assert schedule.until_timeout == 300


def test_probes_keep_the_interval(clock):
    schedule = Schedule(PollPolicy(check_interval=5), clock)
    schedule.probe_answered()
    assert schedule.until_probe == 5
    clock.now += 7
    assert schedule.until_probe == 0


def test_attempts_that_began_apart_probe_together(clock):
    schedules = []
    for _ in range(10):
        schedules.append(Schedule(PollPolicy(check_interval=5), clock))
        clock.now += 0.37
        schedules[-1].probe_answered()
    # One that is due at once has just been answered, and comes with the next ones.
    moments = {round(clock.now + schedule.until_probe, 6) for schedule in schedules}
    assert moments <= {1005.0, 1010.0}
    clock.now = 1005.3
    for schedule in schedules:
        schedule.probe_answered()
    assert {clock.now + schedule.until_probe for schedule in schedules} == {1010.0}


def test_those_that_are_due_together_come_one_after_the_other_within_a_moment(clock):
    clock.now = 1002.0
    due = []
    for place in (0.0, 0.5, 0.999):
        schedule = Schedule(PollPolicy(check_interval=5, quick_for=0), clock, phase=place)
        schedule.probe_answered()
        due.append(clock.now + schedule.until_probe)
    assert due == pytest.approx([1005, 1005.04, 1005.08], abs=0.001)
    assert SPREAD_S < _BATCH_WINDOW_S, "what the poller waits for company"


def test_quick_probes_share_the_usual_ones_requests():
    assert PollPolicy().check_interval % PollPolicy().quick_interval == 0


def test_a_thousand_attempts_say_truly_when_they_look_again(clock):
    """A hundred of them are asked about in a second: none can keep to five seconds."""
    schedules = [Schedule(PollPolicy(check_interval=5, max_wait_time=0), clock) for _ in range(1000)]
    promised = dict.fromkeys(schedules, clock.now)
    waiting: list[Schedule] = []
    asked: set[Schedule] = set()
    answered, late = 0, []
    for second in range(300):
        due = [schedule for schedule in schedules if schedule not in asked and schedule.until_probe <= 0]
        waiting += due
        asked |= set(due)
        for schedule in waiting[:100]:
            if second >= 120:
                answered += 1
                late.append(clock.now - promised[schedule])
            schedule.probe_answered()
            promised[schedule] = clock.now + schedule.until_probe
            asked.discard(schedule)
        del waiting[:100]
        clock.now += 1
    assert answered > 0.85 * 100 * 180
    assert sorted(late)[int(0.95 * len(late))] <= 4
    assert sum(late) / len(late) <= 2.5


def test_probes_are_quick_for_a_minute_after_a_visit(clock):
    schedule = Schedule(PollPolicy(check_interval=10, quick_interval=2, quick_for=60), clock)
    schedule.probe_answered()
    schedule.visit_ended()
    assert schedule.until_probe == 2
    for _ in range(29):
        clock.now += 2
        schedule.probe_answered()
        assert schedule.until_probe == 2
    clock.now += 2
    schedule.probe_answered()
    assert schedule.until_probe == 10


def test_a_quicker_interval_than_the_quick_one_stays(clock):
    schedule = Schedule(PollPolicy(check_interval=0.5, quick_interval=2), clock)
    schedule.visit_ended()
    schedule.probe_answered()
    assert schedule.until_probe == 0.5


def test_good_visits_come_again_with_growing_gaps(clock):
    schedule = Schedule(PollPolicy(revisit_interval=60), clock)
    gaps = []
    for _ in range(6):
        schedule.visit_ended()
        gaps.append(schedule.until_visit)
        clock.now += gaps[-1]
    assert gaps == [60, 120, 240, 480, 600, 600]


def test_after_a_stale_export_the_next_visit_comes_sooner_with_growing_gaps(clock):
    schedule = Schedule(PollPolicy(revisit_interval=60), clock)
    gaps = []
    for _ in range(6):
        schedule.visit_ended()
        schedule.export_was_stale()
        gaps.append(schedule.until_visit)
        clock.now += gaps[-1]
    assert gaps == [5, 10, 20, 40, 80, 160]


def test_failed_visits_are_tried_again_with_growing_gaps(clock):
    schedule = Schedule(PollPolicy(), clock)
    assert [schedule.visit_failed() for _ in range(9)] == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    schedule.visit_ended()
    assert schedule.visit_failed() == 5


def test_trouble_slows_the_probes_down_and_an_answer_fixes_it(clock):
    schedule = Schedule(PollPolicy(check_interval=5), clock)
    gaps = []
    for _ in range(5):
        schedule.probe_failed(None)
        gaps.append(schedule.until_probe)
    assert gaps == [5, 10, 20, 40, 40]
    schedule.probe_answered()
    schedule.probe_failed(None)
    assert schedule.until_probe == 5


def test_a_limiting_server_holds_the_visits_too(clock):
    schedule = Schedule(PollPolicy(), clock)
    schedule.probe_failed(20)
    assert schedule.until_probe == 20
    assert schedule.until_visit == 20
    schedule.visit_now()
    assert schedule.until_visit == 20


def test_the_clock_stands_still_while_the_user_is_needed(clock):
    schedule = Schedule(PollPolicy(max_wait_time=300), clock)
    clock.now += 100
    schedule.stop_clock()
    clock.now += 10_000
    assert schedule.elapsed == 100
    assert not schedule.timed_out
    assert schedule.until_timeout is None
    schedule.resume_clock()
    clock.now += 199
    assert not schedule.timed_out
    clock.now += 1
    assert schedule.timed_out


def test_zero_waits_for_ever(clock):
    schedule = Schedule(PollPolicy(max_wait_time=0), clock)
    clock.now += 1e9
    assert not schedule.timed_out
    assert schedule.until_timeout is None


steps = st.lists(
    st.tuples(
        st.sampled_from(["answered", "failed", "limited", "visited", "visit failed", "stop", "resume"]),
        st.floats(0, 500),
    ),
    max_size=40,
)


@given(steps, st.floats(0.1, 100), st.floats(0, 1000))
def test_whatever_happens_times_make_sense(happenings, interval, longest):
    clock = Clock()
    schedule = Schedule(PollPolicy(check_interval=interval, max_wait_time=longest), clock)
    before = 0.0
    for what, seconds in happenings:
        clock.now += seconds
        match what:
            case "answered":
                schedule.probe_answered()
                assert 0.19 * min(interval, 1.25) <= schedule.until_probe <= 600 + 1.2 * interval + 1e-6
            case "failed":
                schedule.probe_failed(None)
                assert 0 < schedule.until_probe <= 8 * interval + 1e-6
            case "limited":
                schedule.probe_failed(seconds)
                assert schedule.until_visit >= seconds - 1e-6
            case "visited":
                schedule.visit_ended()
            case "visit failed":
                assert 5 <= schedule.visit_failed() <= 600
            case "stop":
                schedule.stop_clock()
            case "resume":
                schedule.resume_clock()
        assert schedule.elapsed >= before - 1e-6
        before = schedule.elapsed
        assert schedule.until_probe >= 0
        assert schedule.until_visit >= 0
