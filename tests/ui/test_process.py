"""The dashboard as a process: what it imports, and who writes to its terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

HERE = Path(__file__).parent

STORY = """
import os, subprocess, sys, threading
sys.path.insert(0, {here!r})
from pathlib import Path
from fakes import World
from wandb_tui.ui.app import WandbTuiApp
from wandb_tui.ui.terminal import run_app

def noise():
    os.write(1, b"NOISE-ONE")
    os.write(2, b"NOISE-TWO")
    subprocess.run(["sh", "-c", "echo NOISE-CHILD; echo NOISE-CHILD >&2"])
    print("NOISE-PRINT", file=sys.stderr)

class App(WandbTuiApp):
    def on_ready(self):
        threading.Thread(target=noise).start()

app = App(World().backend(), runs=[f"run{{n}}" for n in range(40)])
sys.exit(run_app(app, Path({log!r})))
"""


def test_the_import_is_light():
    heavy = {"wandb", "playwright", "keyring", "requests", "plotext"}
    code = f"import sys, wandb_tui.ui.app, wandb_tui.ui.screens.details; print(*{heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def story(folder, log):
    script = folder / "story.py"
    script.write_text(STORY.format(here=str(HERE), log=str(log)))
    return script


def read_until(terminal, wanted, timeout=15.0):
    seen, end = b"", time.monotonic() + timeout
    while wanted not in seen and time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if ready:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
    return seen


def test_nobody_else_writes_to_the_terminal_and_quitting_is_quick(tmp_path):
    log = tmp_path / "logs" / "wandb-tui.log"
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, str(story(tmp_path, log))],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        seen = read_until(ours, b"run39")
        seen += read_until(ours, b"run9", 1.0)
        os.write(ours, b"q")
        seen += read_until(ours, b"(y)")
        began = time.monotonic()
        os.write(ours, b"y")
        seen += read_until(ours, b"\x1b[?1049l")
        assert process.wait(5) == 0
        assert time.monotonic() - began < 3
        seen += read_until(ours, b"\0", 0.3)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"wandb-tui" in seen
    assert b"NOISE" not in seen
    assert log.read_text().count("NOISE-CHILD") == 2
    assert {"NOISE-ONE", "NOISE-TWO"} <= {line[:9] for line in log.read_text().replace("NOISE", "\nNOISE").split("\n")}
    assert log.stat().st_mode & 0o777 == 0o600


def test_without_a_terminal_it_says_so(tmp_path):
    script = story(tmp_path, tmp_path / "log")
    result = subprocess.run(
        [sys.executable, str(script)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "needs a terminal" in result.stderr
    assert not (tmp_path / "log").exists()
