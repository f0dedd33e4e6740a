"""The monitors' events are taken in part by part: keys go first, nothing is put off for ever, nothing is lost."""

import itertools
import time
from types import SimpleNamespace

import pytest
from textual import _time

from tests.screen import until
from tests.ui.fakes import FakeProber, Scenario, address, there
from tests.ui.support import running
from wandb_tui.core.state import State
from wandb_tui.core.turns import MonitorTurns
from wandb_tui.ui.runtime import event_pump
from wandb_tui.ui.runtime.event_pump import EventPump
from wandb_tui.ui.runtime.event_queue import EventQueue

COUNT = 700


class Harness:
    """An event pump whose timers the test calls, in the order in which they are due."""

    def __init__(self):
        self.timers, self.saved, self.painted, self.order = [], [], [], []
        self.turns = MonitorTurns()
        self.event_queue = EventQueue(lambda _: self.event_pump.events_ready() or True)
        self.event_pump = EventPump(self, self.later, self.paint)

    def later(self, seconds, call):
        timer = SimpleNamespace(due=event_pump.time.monotonic() + seconds, seconds=seconds, call=call)
        timer.cancel = lambda: self.timers.remove(timer)
        self.timers.append(timer)
        return timer

    def fire(self):
        """Call what is due next; how long it was to wait."""
        timer = min(self.timers, key=lambda timer: timer.due)
        timer.cancel()
        timer.call()
        return timer.seconds

    def apply_events(self, most=None):
        self.order.append("apply")
        return {published: published for published in self.event_queue.take(most)}

    def save(self, rows):
        self.order.append("save")
        self.saved += rows

    def paint(self, rows):
        self.order.append("paint")
        self.painted += rows
        yield
        self.order.append("paint")

    def talk(self, count=COUNT):
        published = [f"said {number}" for number in range(count)]
        for each in published:
            self.event_queue.publish(each)
        return published


@pytest.fixture
def harness():
    return Harness()


def test_a_flood_is_taken_in_part_by_part_and_all_of_it_saved_and_painted(harness):
    published = harness.talk()
    while harness.timers:
        harness.fire()
    assert harness.saved == harness.painted == published
    assert harness.order.count("apply") > 5
    assert harness.order.count("save") > 5
    assert harness.order == sorted(harness.order, key=["apply", "save", "paint"].index)


def test_more_than_a_round_is_painted_in_two(harness):
    published = harness.talk(5000)
    while harness.timers:
        harness.fire()
    assert harness.painted == published
    assert harness.order.count("paint") == 4


def test_a_key_goes_first_and_puts_nothing_off_for_ever(harness, monkeypatch):
    now, keys = 100.0, 0
    monkeypatch.setattr(event_pump, "time", SimpleNamespace(monotonic=lambda: now, thread_time=time.thread_time))
    harness.talk(1)
    while not harness.order:
        # As if a key were held down.
        now = max(now, min(timer.due for timer in harness.timers))
        harness.event_pump.yield_to_input()
        harness.fire()
        keys += 1
    assert 100.4 < now < 100.7
    assert keys > 10


def test_what_happens_during_a_rest_waits_unless_the_user_has_done_something(harness):
    harness.talk()
    while harness.timers:
        harness.fire()
    harness.talk(1)
    assert harness.timers[0].seconds > 0.05
    harness.event_pump.expedite()
    assert [timer.seconds < 0.01 for timer in harness.timers] == [True]


def test_after_a_flood_the_screen_rests_longer_but_not_while_more_is_left(harness, monkeypatch):
    used = itertools.count()
    # As if each step took a second of processor time.
    monkeypatch.setattr(
        event_pump, "time", SimpleNamespace(monotonic=lambda: 100.0, thread_time=lambda: float(next(used)))
    )

    def rest_after(count):
        harness.talk(count)
        harness.painted.clear()
        while not harness.painted:
            harness.fire()
        # While it was painted, another event came.
        harness.talk(1)
        harness.fire()
        [timer] = harness.timers
        return timer.seconds

    usual, flood, left = rest_after(10), rest_after(700), rest_after(5000)
    assert left < usual < flood < 1


def test_at_the_end_all_events_are_saved_once_and_nothing_more_is_done(harness):
    published = harness.talk()
    for _ in range(3):
        harness.fire()
    assert harness.order == ["apply"] * 3
    harness.event_pump.close()
    assert harness.saved == published
    while harness.timers:
        harness.fire()
    assert harness.saved == published
    assert not harness.painted


async def test_an_error_while_events_are_applied_ends_the_app_as_any_other_does(monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    async def run_until_it_fails():
        async with running(Scenario(FakeProber({"abc": [there()]})), "abc") as (app, _):
            monkeypatch.setattr(app.session, "apply_events", fail)
            app.session.event_queue.publish(None)
            await until(lambda: not app.is_running)

    with pytest.raises(ZeroDivisionError):
        await run_until_it_fails()


async def test_events_are_applied_even_if_the_thread_is_held_up_just_as_a_timer_begins(monkeypatch):
    get_time = _time.get_time

    def held_up():
        time.sleep(0.002)
        return get_time()

    monkeypatch.setattr(_time, "get_time", held_up)
    async with running(Scenario(FakeProber({"abc": [there()]})), "abc") as (app, _):
        await until(lambda: app.session.watch_list[address("abc")].state is State.AVAILABLE)
