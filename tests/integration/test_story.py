"""Whole sessions in a real terminal: the dashboard under tmux, a real browser, a sandbox over HTTP."""

import json
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from tests.integration.secret_scan import forms_of, leaks, open_to_others, ours, record_cookies
from tests.integration.terminal import Terminal, alive, descendants
from tests.stopwatch import until
from wandb_tui.sandbox import Sandbox, SandboxConfig

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))
RUNS = [f"run{i:02}" for i in range(40)]


@pytest.fixture
def sandbox():
    with Sandbox(SandboxConfig(export_delay=1)) as sandbox:
        record_cookies(sandbox)
        context = sandbox.context
        project, _ = context.state.ensure_project("lab", "forks")
        for run_id in RUNS:
            run = context.state.create_run(project, run_id, f"name-of-{run_id}")
            steps = [json.dumps({"_step": step, "loss": 1.0}) for step in range(10)]
            context.histories.append(run, "wandb-history.jsonl", 0, steps)
        yield sandbox


def environment(sandbox, home, **more):
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "XDG_", "DBUS_", "TMUX"))
    }
    ours = {"WANDB_BASE_URL": sandbox.base_url, "WANDB_ERROR_REPORTING": "false", "HOME": str(home), "LANG": "C.UTF-8"}
    return inherited | ours | more


def account(sandbox):
    return {
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_VIEWER_MAIL": sandbox.username,
        "WANDB_VIEWER_PW": sandbox.password,
    }


def assert_no_secrets(sandbox, home, *texts):
    """No secret on any of these texts, in any file of the home, on any command line."""
    assert not leaks(forms_of(sandbox), texts=texts, folder=home)
    assert not [line for folder in ours(home) for line in open_to_others(folder)]


@pytest.mark.usefixtures("whole_browser")
def test_from_a_first_start_to_an_available_run_and_home(sandbox, tmp_path):
    with Terminal(environment(sandbox, tmp_path)) as terminal:
        terminal.run(PROGRAM)
        terminal.until("Sign in to 127.0.0.1", "API key", "Store in the system keyring")
        terminal.type(sandbox.username)
        terminal.next_field()
        terminal.type(sandbox.password)
        terminal.next_field()
        terminal.type(sandbox.api_key)
        shown = terminal.until(sandbox.username, "•" * len(sandbox.password), "•" * len(sandbox.api_key))
        terminal.keys("Enter")
        terminal.gone("Store in the system keyring")
        terminal.keys("a")
        terminal.until("Add runs")
        terminal.type(f"{sandbox.app_url}/lab/forks/runs/run00/overview?nw=me")
        terminal.keys("Enter")
        terminal.type("lab/nope/x")
        terminal.until("lab/forks/run00")
        terminal.keys("C-j")
        terminal.until("name-of-run00", "available", "v0", "failed")
        terminal.keys("Home", "r")
        terminal.until("attempt 2")
        screen = terminal.until("✔ 1 ready", "✖ 1 failed")
        assert_no_secrets(sandbox, tmp_path, shown, screen)
        terminal.keys("q")
        terminal.until("shell-is-back$")
        shell = terminal.shell()
        until(lambda: not [pid for pid in descendants(shell) if alive(pid)])
        assert sandbox.stats()["sign_ins"] == 1


def test_forty_monitors_at_once_and_gone(sandbox, tmp_path):
    sandbox.set_faults("export-never")
    with Terminal(environment(sandbox, tmp_path, **account(sandbox))) as terminal:
        terminal.run(PROGRAM, *(f"lab/forks/{run_id}" for run_id in RUNS))
        terminal.until("40 runs", "◐ 40 waiting", "ot available yet")
        until(lambda: sandbox.stats()["page_visits"] >= 3)
        stats = sandbox.stats()
        # All were asked about before the first page was opened, in hardly more requests than one.
        assert stats["graphql_fields"] >= 40
        assert stats["graphql_api_requests"] <= 10 + (stats["graphql_fields"] // 10)
        children = descendants(terminal.shell())
        assert len(children) > 3
        terminal.keys("q")
        terminal.until("Quit wandb-tui?")
        terminal.keys("y")
        screen = terminal.until("shell-is-back$")
        until(lambda: not [pid for pid in children if alive(pid)])
        assert_no_secrets(sandbox, tmp_path, screen)
        log = (tmp_path / ".local/state/wandb-tui/log/wandb-tui.log").read_text()
        assert "Traceback" not in log


def test_what_was_watched_comes_back(sandbox, tmp_path):
    sandbox.set_faults("export-never")
    with Terminal(environment(sandbox, tmp_path, **account(sandbox)), columns=80, lines=24) as terminal:
        terminal.run(PROGRAM, "lab/forks/run01", "lab/forks/run02", "--until", "v1")
        terminal.until("run01", "run02", "2 runs", "not available yet")
        dashboard = terminal.program()
        os.kill(dashboard, 9)
        terminal.until("shell-is-back$")
        terminal.keys("reset", "Enter")
        terminal.run(PROGRAM)
        terminal.until("run01", "run02", "2 runs", "v1", "not available yet")
        terminal.keys("q")
        terminal.until("Quit")
        terminal.keys("Enter")
        terminal.until("shell-is-back$")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_the_terminal_is_restored(sandbox, tmp_path, number):
    sandbox.set_faults("export-never")
    with Terminal(environment(sandbox, tmp_path, **account(sandbox)), columns=100, lines=30) as terminal:
        terminal.run(PROGRAM, "lab/forks/run01")
        terminal.until("not available yet")
        children = descendants(terminal.shell())
        os.kill(children[0], number)
        terminal.until("shell-is-back$")
        assert terminal.modes() == "0 0 1", "no alternate screen, no mouse, a cursor"
        until(lambda: not [pid for pid in children if alive(pid)])


def test_a_terminal_that_is_too_small_says_so_and_recovers(sandbox, tmp_path):
    with Terminal(environment(sandbox, tmp_path, **account(sandbox)), columns=20, lines=5) as terminal:
        terminal.run(PROGRAM)
        terminal.when(lambda screen: "small" in screen.lower(), "too small")
        terminal.keys("q")
        terminal.until("shell-is-back$")


@pytest.fixture
def short_folder():
    """Chromium's socket lies below the folder for temporary files, and a socket's path is short."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.usefixtures("whole_browser")
def test_the_demo_needs_no_account(short_folder):
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "XDG_", "TMUX"))}
    environ |= {"HOME": str(short_folder), "LANG": "C.UTF-8", "TMPDIR": str(short_folder)}
    with Terminal(environ) as terminal:
        terminal.run(PROGRAM, "demo")
        # The fifth may be ready in the same moment as the fourth.
        terminal.when(lambda screen: re.search("✔ [45] ready .*✖ 1 failed", screen), "four that are ready", seconds=120)
        children = descendants(terminal.shell())
        terminal.keys("q")
        # Once the last run is ready, there is nothing to ask.
        terminal.when(lambda screen: "Quit wandb-tui?" in screen or "shell-is-back$" in screen, "the question")
        terminal.keys("y")
        terminal.until("The demo has ended", "wandb-tui login", "shell-is-back$")
        until(lambda: not [pid for pid in children if alive(pid)])
    assert not list(short_folder.glob("wandb-tui-demo-*"))
    assert not (short_folder / ".local").exists()
