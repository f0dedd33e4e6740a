"""A laptop's sleep does not count as waiting, and ends a wait that is over."""

import queue
import threading
import time

import pytest

from tests.unit.core_fakes import NOT_YET, RUN, FakeProber, FakeVisitor, there
from wandb_tui.core.goal import Goal
from wandb_tui.core.ports import Services
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.core.schedule import PollPolicy, Schedule
from wandb_tui.core.state import State
from wandb_tui.core.suspend import NOTICEABLE_S, SuspendDetector, SuspendWatcher, suspend_clock
from wandb_tui.core.watch_list import WatchList
from wandb_tui.text.event_text import event_text

HOURS = 8 * 3600.0


class Clocks:
    """A monotonic clock and a sleepless one, which the test moves on top of the real time."""

    def __init__(self):
        self.asleep = 0.0
        self.counted = 0.0

    def monotonic(self):
        return time.monotonic() + self.counted

    def suspend_clock(self):
        return time.monotonic() + self.counted + self.asleep


def test_the_detector_reports_each_sleep_once():
    clocks = Clocks()
    detector = SuspendDetector(clocks.monotonic, clocks.suspend_clock)
    assert detector.slept() == 0
    clocks.asleep += HOURS
    assert detector.slept() == pytest.approx(HOURS, abs=1)
    assert detector.slept() == 0
    clocks.asleep += NOTICEABLE_S / 2
    assert detector.slept() == 0, "clocks drift apart by themselves"


def test_this_systems_sleepless_clock_runs():
    before = suspend_clock()
    time.sleep(0.01)
    assert 0 < suspend_clock() - before < 60


def test_the_watcher_reports_and_ends(monkeypatch):
    monkeypatch.setattr("wandb_tui.core.suspend._CHECK_INTERVAL_S", 0.01)
    clocks, pauses = Clocks(), queue.SimpleQueue()
    watcher = SuspendWatcher(SuspendDetector(clocks.monotonic, clocks.suspend_clock), pauses.put)
    before = set(threading.enumerate())
    watcher.begin()
    watcher.begin()
    (thread,) = set(threading.enumerate()) - before
    clocks.asleep += HOURS
    assert pauses.get(timeout=60) == pytest.approx(HOURS, abs=1)
    watcher.end()
    assert pauses.empty()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("counted", [False, True])
def test_a_sleep_ends_an_overdue_wait_and_does_not_count(counted):
    now = [1000.0]
    schedule = Schedule(PollPolicy(check_interval=5, max_wait_time=300), lambda: now[0])
    for _ in range(4):
        schedule.probe_failed(None)
    schedule.probe_failed(60.0)
    schedule.visit_ended()
    now[0] += HOURS if counted else 0
    schedule.machine_slept(HOURS, counted=counted)
    assert schedule.until_probe == 0
    assert schedule.until_visit == 0
    assert schedule.elapsed == 0
    assert not schedule.timed_out
    schedule.probe_failed(None)
    assert schedule.until_probe == 5, "the back-off starts over"


def test_a_sleep_while_the_user_is_needed_is_counted_once():
    now = [0.0]
    schedule = Schedule(PollPolicy(max_wait_time=300), lambda: now[0])
    now[0] = 10
    schedule.stop_clock()
    now[0] += HOURS
    schedule.machine_slept(HOURS, counted=True)
    schedule.resume_clock()
    assert schedule.elapsed == 10


class Harness:
    """A watch whose sayings are folded by the test, on clocks that the test moves."""

    def __init__(self, prober, visitor=None):
        self.clocks = Clocks()
        self.messages = queue.SimpleQueue()
        self.watch_list = WatchList(
            Services(prober, visitor),
            lambda _, work: threading.Thread(target=work, daemon=True).start(),
            self.messages.put,
            clock=self.clocks.monotonic,
            suspend_clock=self.clocks.suspend_clock,
        )

    def until(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.watch_list.apply(self.messages.get(timeout=max(0.01, deadline - time.monotonic())))


@pytest.fixture
def harness(monkeypatch):
    monkeypatch.setattr("wandb_tui.core.suspend._CHECK_INTERVAL_S", 0.01)
    prober = FakeProber()
    harness = Harness(prober)
    harness.prober = prober
    yield harness
    harness.watch_list.cancel_all()
    harness.until(lambda: not any(row.running for row in harness.watch_list))


def test_after_waking_it_asks_at_once_and_has_not_timed_out(harness):
    row = harness.watch_list.add(RUN, Goal(), PollPolicy(check_interval=100, max_wait_time=300))
    harness.prober.answer(Probe(ProbeOutcome.UNAVAILABLE, message="Rate limited", retry_after=250))
    harness.until(lambda: "Rate limited" in event_text(row.notice))
    harness.clocks.asleep += HOURS
    harness.prober.answer(NOT_YET)
    harness.until(lambda: "not available yet" in event_text(row.notice))
    assert row.elapsed(harness.clocks.monotonic()) < 60


def test_where_the_clock_goes_on_a_monitor_finds_out_by_itself(monkeypatch):
    monkeypatch.setattr("wandb_tui.core.suspend._CHECK_INTERVAL_S", 1000)
    prober = FakeProber()
    harness = Harness(prober)
    row = harness.watch_list.add(RUN, Goal(), PollPolicy(check_interval=0.3, max_wait_time=300))
    prober.answer(NOT_YET)
    harness.until(lambda: "not available yet" in event_text(row.notice))
    harness.clocks.counted += HOURS
    prober.answer(there(0))
    harness.until(lambda: row.state.final)
    assert row.state is State.AVAILABLE
    assert row.elapsed_then < 60


def test_a_sleep_lets_the_page_be_visited_again(monkeypatch):
    monkeypatch.setattr("wandb_tui.core.suspend._CHECK_INTERVAL_S", 0.01)
    prober, visitor = FakeProber(), FakeVisitor()
    harness = Harness(prober, visitor)
    row = harness.watch_list.add(RUN, Goal(), PollPolicy(check_interval=100, max_wait_time=0))
    prober.answer(NOT_YET)
    visitor.end_visit()
    harness.until(lambda: "loaded" in event_text(row.notice))
    harness.clocks.asleep += HOURS
    visitor.end_visit()
    assert visitor.visit_count == 2
    harness.watch_list.cancel_all()
    harness.until(lambda: not row.running)
