"""The dashboard leaves nothing behind on its terminal, however early, late or violent its end."""

from __future__ import annotations

import signal
import sys
import termios
from pathlib import Path

import pytest
from textual import constants

from tests.stopwatch import until
from tests.ui.fakes import Scenario
from tests.ui.kitty import KittyTerminal
from wandb_tui.ui.app.app import WandbTuiApp

ROOT = Path(__file__).parents[2]
# The shell reads what is still there once the dashboard has gone.
STORY = """
import os, select, sys, termios, tty
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.ui.fakes import FakeProber, Scenario, there
from wandb_tui.ui.app import driver
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.app.terminal import run_app

# On a busy machine more than a second may pass until the dashboard leaves, and the terminal would count as silent.
driver._ANSWER_TIMEOUT_S = 60.0
app = WandbTuiApp(Scenario(FakeProber(default=there(3))).backend(), runs=sys.argv[1:])
status = run_app(app, Path({log!r}))
restored = termios.tcgetattr(0)
tty.setcbreak(0)
left = b""
while select.select([0], [], [], 1.5)[0]:
    left += os.read(0, 1000)
termios.tcsetattr(0, termios.TCSANOW, restored)
Path({left!r}).write_bytes(left)
sys.exit(status)
"""
SLOW_LINE_S = 0.4


@pytest.fixture
def left(tmp_path):
    return tmp_path / "left"


@pytest.fixture
def story(tmp_path, left):
    script = tmp_path / "story.py"
    script.write_text(STORY.format(root=str(ROOT), log=str(tmp_path / "log"), left=str(left)))
    return [sys.executable, str(script)]


def ready(terminal):
    """The run has ended, so that nothing is asked before leaving."""
    until(lambda: b"]777;notify;wandb-tui: Available" in terminal.output, 60)


def assert_as_before(terminal):
    assert not terminal.modes & {b"1000", b"1003", b"1004", b"1006", b"1016", b"1049", b"2004", b"2048"}
    assert b"25" in terminal.modes, "the cursor is shown"
    assert terminal.flags == {False: 0, True: 0}
    local_flags = termios.tcgetattr(terminal.theirs)[3]
    assert local_flags & termios.ICANON
    assert local_flags & termios.ECHO


def test_keys_after_q_do_not_reach_the_shell(story, left):
    with KittyTerminal(SLOW_LINE_S) as terminal, terminal.program([*story, "abc"]) as process:
        ready(terminal)
        terminal.keys_at_leaving = "ls\r"
        terminal.press("q")
        until(lambda: process.poll() is not None)
        assert process.returncode == 0
        assert left.read_bytes() == b""
        assert_as_before(terminal)


def test_answers_that_are_still_on_their_way_do_not_reach_the_shell(story, left):
    with KittyTerminal(SLOW_LINE_S, withhold=True) as terminal, terminal.program(story) as process:
        until(lambda: b"Quit" in terminal.output, 60)
        terminal.press("q")
        until(lambda: process.poll() is not None)
        assert process.returncode == 0
        assert left.read_bytes() == b""
        assert_as_before(terminal)


def test_a_start_after_a_kill_clears_what_was_left(story, left):
    with KittyTerminal(0.0) as terminal:
        with terminal.program([*story, "abc"]) as process:
            ready(terminal)
            process.send_signal(signal.SIGKILL)
            process.wait(60)
        assert terminal.flags[True] == 1
        assert not termios.tcgetattr(terminal.theirs)[3] & termios.ECHO
        terminal.output = b""
        with terminal.program([*story, "abc"]) as process:
            ready(terminal)
            terminal.press("q")
            until(lambda: process.poll() is not None)
            assert process.returncode == 0
            assert left.read_bytes() == b""
            assert_as_before(terminal)


async def test_over_ssh_keys_get_more_time(monkeypatch):
    monkeypatch.setenv("SSH_TTY", "/dev/pts/0")
    WandbTuiApp(Scenario().backend())
    assert constants.ESCAPE_DELAY == 0.5
    monkeypatch.setenv("ESCDELAY", "70")
    WandbTuiApp(Scenario().backend())
    assert constants.ESCAPE_DELAY == 0.07


async def test_screen_gets_256_colours_whatever_the_environment_promises(monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "screen")
    monkeypatch.setenv("STY", "1.pts")
    assert WandbTuiApp(Scenario().backend()).console.color_system == "256"
    monkeypatch.delenv("STY")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert WandbTuiApp(Scenario().backend()).console.color_system == "truecolor"
