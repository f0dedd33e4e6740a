"""What the monitors say is taken in part by part: keys go first, nothing is put off for ever, nothing is lost."""

import time
from types import SimpleNamespace

import pytest
from textual import _time

from tests.screen import until
from tests.stopwatch import Stopwatch
from tests.ui.fakes import FakeProber, World, address, there
from tests.ui.support import running
from wandb_tui.core.state import State
from wandb_tui.ui.runtime.event_pump import EventPump
from wandb_tui.ui.runtime.event_queue import EventQueue

COUNT = 700


class Desk:
    """A hearing whose timers are called by hand, in the order in which they are due."""

    def __init__(self):
        self.timers, self.kept, self.painted, self.order = [], [], [], []
        self.event_queue = EventQueue(lambda _: self.event_pump.heard() or True)
        self.event_pump = EventPump(self, self.later, self.paint)

    def later(self, seconds, call):
        timer = SimpleNamespace(due=time.monotonic() + seconds, seconds=seconds, call=call)
        timer.stop = lambda: self.timers.remove(timer)
        self.timers.append(timer)
        return timer

    def fire(self):
        """Call what is due next; how long it was to wait."""
        timer = min(self.timers, key=lambda timer: timer.due)
        timer.stop()
        timer.call()
        return timer.seconds

    def hear(self, most=None):
        self.order.append("hear")
        return {said: said for said in self.event_queue.take(most)}

    def keep(self, rows):
        self.order.append("keep")
        self.kept += rows

    def paint(self, rows):
        self.order.append("paint")
        self.painted += rows
        yield
        self.order.append("paint")

    def talk(self, count=COUNT):
        said = [f"said {number}" for number in range(count)]
        for each in said:
            self.event_queue.publish(each)
        return said


@pytest.fixture
def desk():
    return Desk()


def test_a_flood_is_taken_in_part_by_part_and_all_of_it_kept_and_painted(desk):
    said = desk.talk()
    while desk.timers:
        desk.fire()
    assert desk.kept == desk.painted == said
    assert desk.order.count("hear") > 5
    assert desk.order.count("keep") > 5
    assert desk.order == sorted(desk.order, key=["hear", "keep", "paint"].index)


def test_more_than_a_round_is_painted_in_two(desk):
    said = desk.talk(2000)
    while desk.timers:
        desk.fire()
    assert desk.painted == said
    assert desk.order.count("paint") == 4


def test_a_key_goes_first_and_puts_nothing_off_for_ever(desk):
    desk.talk(1)
    began, watch_list = time.monotonic(), Stopwatch()
    while not desk.order:
        # As if a key were held down.
        time.sleep(max(0.0, min(timer.due for timer in desk.timers) - time.monotonic()))
        desk.event_pump.give_way()
        desk.fire()
    assert time.monotonic() - began > 0.4
    assert watch_list.seconds < 2


def test_what_is_said_during_a_rest_waits_unless_the_user_has_done_something(desk):
    desk.talk()
    while desk.timers:
        desk.fire()
    desk.talk(1)
    assert desk.timers[0].seconds > 0.05
    desk.event_pump.at_once()
    assert [timer.seconds < 0.01 for timer in desk.timers] == [True]


def test_at_the_end_all_that_was_said_is_kept_once_and_nothing_more_is_done(desk):
    said = desk.talk()
    for _ in range(3):
        desk.fire()
    assert desk.order == ["hear"] * 3
    desk.event_pump.close()
    assert desk.kept == said
    while desk.timers:
        desk.fire()
    assert desk.kept == said
    assert not desk.painted


async def test_what_is_said_is_heard_where_the_thread_is_held_up_just_as_a_timer_begins(monkeypatch):
    get_time = _time.get_time

    def held_up():
        time.sleep(0.002)
        return get_time()

    monkeypatch.setattr(_time, "get_time", held_up)
    async with running(World(FakeProber({"abc": [there()]})), "abc") as (app, _):
        await until(lambda: app.session.watch_list[address("abc")].state is State.AVAILABLE)
