"""Forty monitors, floods, threads refused."""

from __future__ import annotations

import asyncio
import os
import threading

from textual.widgets import Input

from tests.screen import until
from tests.ui.fakes import FakeProber, FakeStore, Scenario, address
from tests.ui.support import burst, running
from wandb_tui.core.events import MonitorEvent
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.table.goal_dialog import GoalDialog

FORTY = [f"run{n}" for n in range(40)]


async def test_forty_are_probed_at_the_same_time_on_two_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    scenario = Scenario(FakeProber())
    async with running(scenario, *FORTY):
        await until(lambda: len(scenario.prober.open) == 40)
        assert len(scenario.prober.threads) == 40


async def test_forty_that_wait_do_not_hold_up_the_end():
    scenario = Scenario(FakeProber(), store=FakeStore([StoredRun(address(run), Goal()) for run in FORTY]))
    app = WandbTuiApp(scenario.backend())
    async with app.run_test() as pilot:
        await until(lambda: len(scenario.prober.open) == 40)
        await pilot.press("q", "y")
    assert app.return_value == 0


async def test_quitting_leaves_no_thread_behind():
    before = set(threading.enumerate())
    async with running(Scenario(FakeProber()), *FORTY[:3]) as (app, pilot):
        await until(lambda: {"wandb-tui store writer", "wandb-tui suspend watcher"} <= names(before))
        await pilot.press("q", "y")
        await until(lambda: app.return_value == 0)
        await until(lambda: not {"wandb-tui store writer", "wandb-tui suspend watcher"} & names(before))


def names(before):
    """The names of the threads that were started since."""
    return {thread.name for thread in set(threading.enumerate()) - before}


async def test_services_that_close_slowly_are_not_waited_for():
    gate = threading.Event()
    scenario = Scenario(FakeProber(), close=lambda: gate.wait(1000))
    async with running(scenario, "abc") as (app, pilot):
        await pilot.press("q", "y")
        await until(lambda: app.return_value == 0)
    gate.set()


async def test_a_key_works_during_a_flood_of_events():
    async with running(Scenario(FakeProber()), *FORTY) as (app, pilot):
        stop = threading.Event()

        def talk():
            number = 0
            while not stop.wait(0.002):
                for run in FORTY[:20]:
                    number += 1
                    app.session.event_queue.publish(
                        MonitorEvent(address(run), 1, State.WAITING, text_notice(f"line {number}"), elapsed=1.0)
                    )

        talker = threading.Thread(target=talk, daemon=True)
        talker.start()
        await pilot.pause(0.5)
        before = app.dashboard.table.cursor_row
        app.dashboard.table.focus()
        # The pilot itself waits until the app is idle, which it is not.
        pressing = asyncio.create_task(pilot.press("down"))
        await until(lambda: app.dashboard.table.cursor_row != before)
        assert talker.is_alive()
        stop.set()
        talker.join()
        await pressing


async def test_a_thread_refused_leaves_the_monitor_queued_and_says_so(monkeypatch):
    def refuse():
        raise RuntimeError("can't start new thread")

    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        monkeypatch.setattr(app._executor, "reserve", refuse)
        app.session.add(address("def"), Goal())
        app.dashboard.refresh_all()
        row = app.session.watch_list[address("def")]
        assert row.state is State.QUEUED
        assert "no thread left" in event_text(row.notice)
        monkeypatch.undo()
        await pilot.press("home", "c")
        await until(lambda: row.state is State.WAITING)


async def test_rows_are_there_before_the_services():
    gate = threading.Event()
    scenario = Scenario(store=FakeStore([StoredRun(address("abc"), Goal())]))
    services = scenario.backend().services

    def slow():
        gate.wait(5)
        return services()

    scenario.options["services"] = slow
    app = WandbTuiApp(scenario.backend())
    async with app.run_test() as pilot:
        await until(lambda: len(app.dashboard.table.shown) == 1)
        assert not app.session.deferred.built
        await pilot.press("c")
        await until(lambda: app.session.watch_list[address("abc")].state is State.CANCELLED)
        await pilot.press("r")
        gate.set()
        await until(lambda: scenario.prober.asked["abc"] == 1)
        app.session.stop()


async def test_services_that_cannot_be_built_are_reported():
    def fail():
        raise OSError("no such library")

    async with running(Scenario(services=fail), "abc") as (app, _):
        row = app.session.watch_list[address("abc")]
        await until(lambda: "no such library" in event_text(row.notice))
        assert any("no such library" in note.message for note in app._notifications)


async def test_a_store_that_fails_is_reported_and_nothing_stops():
    async with running(Scenario(store=FakeStore(fails=OSError("disk full"))), "abc") as (app, _):
        await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)
        await until(lambda: any("disk full" in note.message for note in app._notifications))


async def test_a_goal_that_comes_in_one_burst_with_enter_is_taken():
    async with running(None, "abc") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1)
        await pilot.press("g")
        await until(lambda: isinstance(app.screen, GoalDialog) and app.screen.query(Input))
        app.screen.query_one(Input).value = ""
        burst(app, *"newer", "enter")
        await until(lambda: app.screen is app.dashboard)
        assert app.session.watch_list[address("abc")].goal == Goal.parse("newer")
