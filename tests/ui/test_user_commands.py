"""Commands of the user's own on keys: real programs, with their output in the runs' logs."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from tests.screen import shown, until
from tests.stopwatch import HANG_S
from tests.ui.fakes import NOT_YET, FakeProber, Scenario, address, there
from tests.ui.support import running
from wandb_tui.core.events import Level
from wandb_tui.core.user_command import UserCommand
from wandb_tui.services.user_commands import UserCommandRunner
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.common.confirm import Confirm

SHOW = "import os, sys; print('got', *sys.argv[1:]); print('key' if 'WANDB_API_KEY' in os.environ else 'no key')"


@pytest.fixture
def runner(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    runner = UserCommandRunner()
    yield runner
    runner.close()


def dashboard(runner, *commands, runs=("abc",), **options):
    prober = FakeProber({"abc": [there(3, "brisk-sun-12")]}, default=NOT_YET)
    return running(Scenario(prober, commands=commands, command_runner=runner, **options), *runs)


def log_of(app, run_id, level=Level.INFO):
    return [event_text(line.notice) for line in app.session.watch_list[address(run_id)].log if line.level is level]


def python(source, *arguments, title="Try", key="ctrl+e", **options):
    return UserCommand(key, title, (sys.executable, "-c", source, *arguments), **options)


async def test_it_gets_the_fields_of_the_run_and_its_output_is_in_the_log(runner):
    command = python(SHOW, "{run_id}", "{artifact}", "x {entity}/{project}; echo $HOME")
    async with dashboard(runner, command) as (app, pilot):
        await until(lambda: app.session.watch_list[address("abc")].artifact)
        await pilot.press("ctrl+e")
        await until(lambda: "Try: no key" in log_of(app, "abc"))
        run = address("abc")
        expected = f"Try: got abc {run.history_artifact}:v3 x {run.entity}/{run.project}; echo $HOME"
        assert expected in log_of(app, "abc"), "no shell has read the arguments"


async def test_a_failure_is_in_the_log_also_of_a_silent_one(runner):
    silent = python("print('fine'); import sys; sys.exit(3)", background=True)
    async with dashboard(runner, silent) as (app, pilot):
        await pilot.press("ctrl+e")
        await until(lambda: any("ended with status 3" in line for line in log_of(app, "abc", Level.ERROR)))
        assert not any("fine" in line for line in log_of(app, "abc"))


@pytest.mark.parametrize(
    ("mode", "content", "reason"),
    [
        (None, "", "no program of this name is in PATH"),
        (0o600, "#!/bin/sh", "it is not executable"),
        (0o700, "#!/no/such/shell", "the interpreter that its first line names is not there"),
        (0o700, "\x7fELF", "it is neither a program nor a script whose first line names one"),
    ],
)
async def test_a_program_that_cannot_be_started_is_named_once_and_in_each_log(runner, tmp_path, mode, content, reason):
    program = tmp_path / "program" if mode else "no-such-program-here"
    if mode:
        program.write_text(content)
        program.chmod(mode)
    expected = f"Broken: {program} cannot be started: {reason}"
    command = UserCommand("ctrl+e", "Broken", (str(program),))
    async with dashboard(runner, command, runs=("abc", "def")) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        await pilot.press("asterisk", "ctrl+e")
        await until(lambda: all(log_of(app, run, Level.ERROR) == [expected] for run in ("abc", "def")))
        await until(lambda: [toast.message for toast in app._notifications] == [expected])


async def test_it_asks_first_where_it_should_and_runs_for_each_selected_run(runner):
    async with dashboard(runner, python(SHOW, "{run_id}", confirm=True), runs=("abc", "def")) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        await pilot.press("asterisk", "ctrl+e")
        await until(lambda: isinstance(app.screen, Confirm) and "Try, for 2 runs?" in shown(app))
        await pilot.press("n")
        await pilot.press("ctrl+e", "y")
        await until(lambda: all(f"Try: got {run}" in log_of(app, run) for run in ("abc", "def")))
        assert [line for line in log_of(app, "abc") if "got" in line] == ["Try: got abc"]


async def test_long_output_is_cut_and_what_runs_ends_with_the_dashboard(runner):
    source = "import time\nfor n in range(250): print(n)\ntime.sleep(0)"
    endless = python("import time; print('begun', flush=True); time.sleep(600)", key="ctrl+t", title="Endless")
    async with dashboard(runner, python(source), endless) as (app, pilot):
        await pilot.press("ctrl+e", "ctrl+t")
        await until(lambda: any("50 more lines" in line for line in log_of(app, "abc")))
        await until(lambda: "Endless: begun" in log_of(app, "abc"))
        (process,) = runner._running
        runner.close()
        assert process.wait(10) < 0
        assert not log_of(app, "abc", Level.ERROR)


async def test_what_waits_for_its_turn_says_so(runner):
    endless = python("import time; time.sleep(600)", title="Endless")
    runs = [f"run{number}" for number in range(6)]
    async with dashboard(runner, endless, runs=runs) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == len(runs))
        await pilot.press("asterisk", "ctrl+e")
        await until(lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(lambda: any("2 of the 6 runs must wait until" in toast.message for toast in app._notifications))
        await pilot.press("escape", "ctrl+e")
        await until(lambda: any("Endless: the run must wait until" in toast.message for toast in app._notifications))
        await until(lambda: len(runner._running) == 4)
        runner.close()
        await until(lambda: runner.queued == 0)


def test_a_program_that_hangs_while_it_is_loaded_holds_up_no_key(runner, monkeypatch):
    loading, loaded = threading.Event(), threading.Event()

    def hang(*_, **__):
        loading.set()
        assert loaded.wait(HANG_S)
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "Popen", hang)
    begun = []
    runner.start(["hung"], address("abc"), "", begun=begun.append, report=print)
    assert loading.wait(HANG_S)
    for _ in range(4):
        runner.start(["next"], address("abc"), "", begun=begun.append, report=print)
    assert (runner.queued, begun) == (1, [])
    loaded.set()


async def test_a_key_that_is_taken_is_said_and_the_palette_has_the_command(runner):
    commands = [python(SHOW, key="c", title="Mine"), python(SHOW, key="up", title="Other"), python(SHOW, "own")]
    async with dashboard(runner, *commands) as (app, pilot):
        complaints = " ".join(app.session.keys.complaints)
        assert "c is dashboard.cancel; “Mine” is in the palette only." in complaints
        assert "↑ has a fixed meaning; “Other” is in the palette only." in complaints
        await pilot.press("question_mark")
        await until(lambda: "Your own commands" in "".join(str(w.content) for w in app.screen.query(".help-title")))
        await pilot.press("escape", "ctrl+p")
        await pilot.press(*"Mine")
        await until(lambda: "Your own command: " in shown(app))
        await pilot.press("enter")
        await until(lambda: "Mine: no key" in log_of(app, "abc"))
