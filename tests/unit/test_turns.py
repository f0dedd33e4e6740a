"""Monitors work one at a time, and none while a key press takes effect."""

from threading import Event, Thread

import pytest

from wandb_tui.core import turns as module
from wandb_tui.core.turns import MonitorTurns


class FakeTime:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = FakeTime()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_turn_begins_after_the_pause(clock):
    turns = MonitorTurns()
    turns.pause(0.03)
    with turns:
        assert clock.now == pytest.approx(100.03)


def test_without_a_pause_it_begins_at_once(clock):
    with MonitorTurns():
        assert clock.now == 100.0


def test_a_thread_can_wait_for_the_end_of_a_pause_during_the_turn_of_another(clock):
    turns = MonitorTurns()
    with turns:
        turns.pause(0.03)
        for _ in range(2):
            turns.give_way()
            assert clock.now == pytest.approx(100.03)


def test_a_key_held_down_leaves_the_monitors_a_third_of_the_time(clock):
    turns, free = MonitorTurns(), 0
    for _ in range(3000):
        # Pressed far more often than any keyboard repeats.
        turns.pause(0.03)
        before = clock.now
        with turns:
            free += clock.now == before
        clock.now = before + 0.001
    assert free >= 1000


def test_the_next_waits_until_the_turn_is_over():
    turns, entered = MonitorTurns(), Event()

    def work():
        with turns:
            entered.set()

    with turns:
        thread = Thread(target=work)
        thread.start()
        assert not entered.wait(0.05)
    thread.join()
    assert entered.is_set()
