"""The event loop of the dashboard: its thread comes first, and neither input nor another thread is forgotten."""

import asyncio
import os
import sys
import threading

import pytest
from textual.app import App

from tests.screen import until
from tests.stopwatch import HANG_S
from wandb_tui.ui.app.event_loop import interpreter_wanted, run_first


class OneTask(App[str]):
    """Ends with what a coroutine of the test's gives."""

    def __init__(self, work):
        super().__init__()
        self.coroutine = work

    async def on_mount(self):
        self.run_worker(self.end())

    async def end(self):
        self.exit(await self.coroutine())


@pytest.fixture(autouse=True)
def headless(monkeypatch):
    monkeypatch.setattr(App, "run_async", _headless)


async def _headless(app, size):
    async with app.run_test(size=size or (80, 24)):
        await until(lambda: app.return_value is not None)
    return app.return_value


def test_the_thread_keeps_the_interpreter_longer_while_it_works_than_it_waits_for_it():
    usual = sys.getswitchinterval()

    async def work():
        with interpreter_wanted():
            waiting = sys.getswitchinterval()
        return waiting, sys.getswitchinterval()

    waiting, working = run_first(OneTask(work))
    assert waiting < usual < working
    assert sys.getswitchinterval() == usual


def test_input_is_read_although_callbacks_are_always_ready():
    reading, writing = os.pipe()

    async def work():
        loop, read = asyncio.get_running_loop(), asyncio.Event()

        def be_ready_again():
            if not read.is_set():
                loop.call_soon(be_ready_again)

        loop.add_reader(reading, read.set)
        os.write(writing, b"x")
        be_ready_again()
        await asyncio.wait_for(read.wait(), HANG_S)
        loop.remove_reader(reading)
        return "read"

    try:
        # Of many turns of the loop only one in a while looks at the input.
        assert run_first(OneTask(work)) == "read"
    finally:
        os.close(reading)
        os.close(writing)


def test_what_another_thread_posts_wakes_the_loop():
    async def work():
        loop, called = asyncio.get_running_loop(), asyncio.Event()
        threading.Timer(0.05, lambda: loop.call_soon_threadsafe(called.set)).start()
        await called.wait()
        return "woken"

    assert run_first(OneTask(work), size=(100, 30)) == "woken"
