"""The output that really reaches a terminal, also through tmux: clipboard, links, notifications."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
import uuid
from pathlib import Path

import pytest

from tests.ui.test_process import read_until

ROOT = Path(__file__).parents[2]

STORY = """
import os, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.ui.fakes import FakeProber, Scenario, there
from wandb_tui.services.desktop import into_tmux
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.text.terminals import identify
from wandb_tui.ui.app.terminal import run_app

scenario = Scenario(FakeProber({{"abc": [there(3)]}}), into_tmux=into_tmux if os.environ.get("TMUX") else None)
app = WandbTuiApp(scenario.backend(), runs=["abc"], links=identify(os.environ).links)
sys.exit(run_app(app, Path({log!r})))
"""

LINK = re.compile(rb"\x1b]8;[^;]*;https://forge.coreweave.com/wandb/lab/forks/runs/abc\x1b\\[\x1b\[0-9;m]*abc")
COPIED = base64.b64encode(b"lab/forks/abc")


@contextlib.contextmanager
def terminal(command, **environ):
    """A terminal with a program in it; gives its end of the line."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    names = ("TMUX", "STY", "VTE_VERSION", "TERM_PROGRAM", "LC_TERMINAL", "NO_COLOR")
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=inherited | {"TERM": "xterm-256color", **environ},
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.fixture
def story(tmp_path):
    script = tmp_path / "story.py"
    script.write_text(STORY.format(root=str(ROOT), log=str(tmp_path / "log")))
    return [sys.executable, str(script)]


def test_a_terminal_gets_notifications_links_and_the_clipboard(story):
    with terminal(story) as ours:
        seen = read_until(ours, b"\x1b]777;notify;wandb-tui: Available;abc: v3\x07")
        os.write(ours, b"y")
        seen += read_until(ours, b"path of the run")
        os.write(ours, b"p")
        seen += read_until(ours, b"\x1b]52;c;" + COPIED + b"\x07")
    assert b"\x1b]9;wandb-tui: Available: abc: v3\x07" in seen
    assert b"\x1b]777;notify;wandb-tui: Available;abc: v3\x07" in seen
    assert LINK.search(seen)
    assert b"\x1b]52;c;" + COPIED + b"\x07" in seen


def test_tmux_in_its_default_settings_hands_a_copy_on_and_notifications_where_it_may(story, tmp_path):
    socket = f"wandb-tui-test-{uuid.uuid4().hex[:8]}"
    settings = tmp_path / "tmux.conf"
    settings.write_text("set -g allow-passthrough on\n")
    tmux = ["tmux", "-L", socket]
    try:
        with terminal([*tmux, "-f", str(settings), "new-session", shlex.join(story)]) as ours:
            seen = read_until(ours, b"\x1b]777;notify;wandb-tui: Available;abc: v3\x07")
            os.write(ours, b"y")
            seen += read_until(ours, b"path of the run")
            os.write(ours, b"p")
            seen += read_until(ours, COPIED)
            assert b"\x1b]777;notify;wandb-tui: Available;abc: v3\x07" in seen
            assert b"\x1b]52;" in seen
            assert COPIED in seen
            shown = subprocess.run([*tmux, "show-buffer"], capture_output=True, check=True, timeout=10).stdout
            assert shown == b"lab/forks/abc"
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False, timeout=10)
