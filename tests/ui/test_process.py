"""The dashboard as a process: what it imports, and who writes to its terminal."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.screen import until
from tests.stopwatch import Stopwatch
from tests.ui.fakes import Scenario
from wandb_tui.ui.app.app import WandbTuiApp

ROOT = Path(__file__).parents[2]

STORY = """
import os, subprocess, sys, threading
sys.path.insert(0, {root!r})
from pathlib import Path
import pytest
from tests.ui.fakes import Scenario
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.app.terminal import run_app

def noise():
    os.write(1, b"NOISE-ONE")
    os.write(2, b"NOISE-TWO")
    subprocess.run(["sh", "-c", "echo NOISE-CHILD; echo NOISE-CHILD >&2"])
    print("NOISE-PRINT", file=sys.stderr)

class App(WandbTuiApp):
    def on_ready(self):
        threading.Thread(target=noise).start()

app = App(Scenario().backend(), runs=[f"run{{n}}" for n in range(40)])
sys.exit(run_app(app, Path({log!r})))
"""


def test_the_import_is_light():
    heavy = {"wandb", "playwright", "keyring", "requests", "re2"}
    code = f"import sys, wandb_tui.ui.app.app, wandb_tui.ui.details.screen; print(*{heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


FIRST_FRAME = """
import sys
import wandb_tui.ui.app.startup as module
from wandb_tui.cli.dashboard import dashboard_app
from wandb_tui.wiring import Wiring

def report():
    print(*sys.modules)
    app.call_from_thread(app.exit)
    return ()

# It is called once the stored rows have been shown.
module.import_screens = report
app = dashboard_app(Wiring(environ={"WANDB_BASE_URL": "http://127.0.0.1:1"}))
app.run(headless=True)
"""


def test_what_the_first_frame_does_not_show_is_not_imported_for_it():
    later = {
        "core.branch_order", "core.catalogue", "core.console", "core.details", "core.feed", "services.known_servers",
        "ui.common.add_preview", "ui.common.confirm", "ui.common.copy_formats", "ui.logs.console_log", "ui.plots.plot",
        "ui.runtime.add_effect", "ui.runtime.drafts", "ui.table.filter_grammar",
    }  # fmt: skip
    result = subprocess.run([sys.executable, "-c", FIRST_FRAME], capture_output=True, text=True, check=True, timeout=60)
    imported = set(result.stdout.split())
    assert "wandb_tui.ui.dashboard.screen" in imported
    assert {f"wandb_tui.{name}" for name in later} & imported == set()
    assert {"lark", "textual.widgets._text_area"} & imported == set()


async def test_what_takes_long_is_imported_one_thing_after_the_other(monkeypatch):
    began, answer, collects = [], threading.Event(), []
    monkeypatch.setattr("wandb_tui.ui.app.startup.import_screens", lambda: began.append("screens") or ())
    scenario = Scenario()
    backend = scenario.backend()

    def server():
        began.append("server")
        collects.append(gc.isenabled())
        assert answer.wait(10)
        return backend.server()

    def services():
        began.append("services")
        return backend.services()

    app = WandbTuiApp(replace(backend, server=server, services=services))
    async with app.run_test():
        await until(lambda: "server" in began)
        assert began == ["screens", "server"]
        assert not scenario.account.threads
        answer.set()
        await until(lambda: app.session.deferred.built and app.account is not None)
        assert began == ["screens", "server", "services"]
        assert collects == [False]
        assert gc.isenabled()


def story(folder, log):
    script = folder / "story.py"
    script.write_text(STORY.format(root=str(ROOT), log=str(log)))
    return script


def read_until(terminal, wanted, timeout=60.0):
    seen, watch = b"", Stopwatch()
    while wanted not in seen and watch.seconds < timeout:
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if ready:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
    return seen


@contextlib.contextmanager
def dashboard(folder, log="logs/wandb-tui.log", *, hang_up=True):
    """The story on a terminal of its own, from where it shows its runs; gives the process and our end.

    Only the process that the terminal belongs to gets a signal when it goes.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, str(story(folder, folder / log))],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color"},
        start_new_session=True,
        preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY)) if hang_up else None,  # noqa: PLW1509 - no threads here
    )
    os.close(theirs)
    try:
        yield process, ours, read_until(ours, b"40 runs") + read_until(ours, b"run9")
    finally:
        process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            os.close(ours)


def test_only_the_dashboard_writes_to_the_terminal(tmp_path):
    with dashboard(tmp_path) as (process, terminal, first):
        os.write(terminal, b"q")
        seen = first + read_until(terminal, b"(y)")
        os.write(terminal, b"y")
        seen += read_until(terminal, b"\x1b[?1049l")
        assert process.wait(60) == 0
        seen += read_until(terminal, b"\0", 0.3)
    log = tmp_path / "logs" / "wandb-tui.log"
    assert b"wandb-tui" in seen
    assert b"NOISE" not in seen
    assert log.read_text().count("NOISE-CHILD") == 2
    assert {"NOISE-ONE", "NOISE-TWO"} <= {line[:9] for line in log.read_text().replace("NOISE", "\nNOISE").split("\n")}
    assert log.stat().st_mode & 0o777 == 0o600


def test_without_a_place_for_the_log_it_starts_all_the_same_and_logs_nowhere(tmp_path):
    (tmp_path / "home").write_text("no folder")
    with dashboard(tmp_path, "home/state/wandb-tui.log") as (process, terminal, first):
        assert b"40 runs" in first
        os.write(terminal, b"q")
        seen = first + read_until(terminal, b"(y)")
        os.write(terminal, b"y")
        seen += read_until(terminal, b"\x1b[?1049l") + read_until(terminal, b"\0", 0.3)
        assert process.wait(5) == 0
    assert b"NOISE" not in seen
    assert b"Traceback" not in seen


def test_a_continue_signal_does_not_start_it_twice(tmp_path):
    with dashboard(tmp_path) as (process, terminal, _):
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(process.pid, signal.SIGCONT)
        assert b"run9" in read_until(terminal, b"run9"), "it is painted again"
        os.write(terminal, b"q")
        read_until(terminal, b"(y)")
        os.write(terminal, b"y")
        read_until(terminal, b"\x1b[?1049l")
        assert process.wait(10) == 0


@pytest.mark.parametrize("hang_up", [True, False])
def test_a_lost_terminal_ends_it(tmp_path, hang_up):
    with dashboard(tmp_path, hang_up=hang_up) as (process, terminal, _):
        os.close(terminal)
        assert process.wait(10) == 128 + signal.SIGHUP


def test_without_a_terminal_it_says_so(tmp_path):
    script = story(tmp_path, tmp_path / "log")
    result = subprocess.run(
        [sys.executable, str(script)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "needs a terminal" in result.stderr
    assert not (tmp_path / "log").exists()
