"""The driver for Unix terminals, without a terminal."""

import os

import pytest

from tests.screen import until
from wandb_tui.ui.app.driver import TerminalDriver


class FakeApp:
    def __init__(self):
        self.seen = []

    def input_comes(self):
        self.seen.append("input")


@pytest.fixture
async def terminal(monkeypatch):
    """The list of what the app is told, and the end of a pipe that stands for the terminal's keys."""
    app, ends = FakeApp(), []
    driver = TerminalDriver(app)
    end_input = driver._end_input
    monkeypatch.setattr(driver, "process_message", lambda event: app.seen.append(event.key))
    monkeypatch.setattr(driver, "_end_input", lambda: ends.append(end_input()))
    driver.fileno, writing = os.pipe()
    driver.begin_input()
    yield app.seen, writing
    os.close(writing)
    # The end of the input would be read again and again.
    await until(lambda: ends)
    assert not driver._loop.remove_reader(driver.fileno)
    os.close(driver.fileno)


async def test_the_app_learns_of_input_before_it_is_parsed(terminal):
    seen, writing = terminal
    os.write(writing, b"\x1b[B")
    await until(lambda: len(seen) == 2)
    assert seen == ["input", "down"]


async def test_an_escape_that_nothing_follows_is_a_key_once_it_has_been_waited_for(terminal):
    seen, writing = terminal
    os.write(writing, b"\x1b")
    await until(lambda: len(seen) == 2)
    assert seen == ["input", "escape"]
    # The rest of a sequence that a slow line has torn apart is no key of its own.
    os.write(writing, b"[B")
    await until(lambda: len(seen) == 4)
    assert seen[2:] == ["input", "down"]
