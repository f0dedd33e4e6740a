"""The user's own commands for runs that have ended."""

from __future__ import annotations

import json
import os
import sys
import threading

import pytest

from tests.stopwatch import until
from wandb_tui.core.address import RunAddress
from wandb_tui.core.hook_env import AttemptOutcome
from wandb_tui.core.state import State
from wandb_tui.services.disk.settings import HookCommands
from wandb_tui.services.hooks import MAX_RUNNING_COMMANDS, CommandHooks

RUN = RunAddress("lab", "forks", '$(touch hacked) `x` "')
GOOD = AttemptOutcome(RUN, State.AVAILABLE, "There\x00it\x1b is", "lab/forks/run-x-history:v3")
BAD = AttemptOutcome(RUN, State.TIMED_OUT, "Timeout reached")
TELL_ALL = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'a'))"


@pytest.fixture
def hooks(tmp_path):
    """Makes hooks, and ends them."""
    made = []

    def make(success=(), failure=(), environ=os.environ):
        made.append(CommandHooks(HookCommands(tuple(success), tuple(failure)), tmp_path / "hooks.lock", environ))
        return made[-1]

    yield make
    for one in made:
        one.close()


def python(code, *arguments):
    return [sys.executable, "-c", code, *map(str, arguments)]


def test_the_command_has_the_run_in_its_environment_and_no_secret(hooks, tmp_path):
    environ = {**os.environ, "WANDB_API_KEY": "k" * 40, "WANDB_VIEWER_PW": "secret", "MINE": "1"}
    found = hooks(python(TELL_ALL, tmp_path / "good"), environ=environ)
    failures = []
    found.ended(GOOD, failures.append)
    found.ended(BAD, failures.append)
    assert found.join(10)
    environment = json.loads((tmp_path / "good").read_text())
    assert environment["WANDB_TUI_RUN_ID"] == RUN.run_id
    assert environment["WANDB_TUI_ARTIFACT"] == GOOD.artifact
    assert environment["WANDB_TUI_STATE"] == "available"
    assert environment["WANDB_TUI_MESSAGE"] == "There it  is"
    assert environment["MINE"] == "1"
    assert not {"WANDB_API_KEY", "WANDB_VIEWER_PW"} & set(environment)
    assert not failures
    assert not list(tmp_path.glob("hacked"))


def test_a_failure_is_reported_with_the_last_line_and_the_output_is_logged(hooks, caplog):
    caplog.set_level("INFO", "wandb_tui")
    found = hooks(failure=python("print('one'); print('the \x1b[31mreason'); exit(3)"))
    failures = []
    found.ended(BAD, failures.append)
    assert found.join(10)
    assert failures == ["The command on_failure ended with status 3: the  [31mreason"]
    assert any(record.getMessage().endswith(": one") for record in caplog.records)


def test_a_command_that_is_not_there_is_reported(hooks):
    found, failures = hooks(["no-such-program"]), []
    found.ended(GOOD, failures.append)
    assert found.join(10)
    assert failures == ["The command on_success cannot be started: no-such-program: No such file or directory"]


def test_few_run_at_once_and_the_others_have_their_turn(hooks, tmp_path):
    found = hooks(["sh", "-c", 'cd "$0" && touch $$ && sleep 0.3 && mv $$ $$.done', str(tmp_path)])
    for _ in range(2 * MAX_RUNNING_COMMANDS):
        found.ended(GOOD, print)
    most = 0
    while not found.join(0.02):
        most = max(most, sum(path.name.isdigit() for path in tmp_path.iterdir()))
    assert 1 < most <= MAX_RUNNING_COMMANDS
    assert len(list(tmp_path.glob("*.done"))) == 2 * MAX_RUNNING_COMMANDS


def test_closing_ends_the_command_with_all_that_it_started(hooks, tmp_path):
    ids = tmp_path / "ids"
    found, failures = hooks(["sh", "-c", 'sleep 1000 & echo $$ $! > "$0"; wait', str(ids)]), []
    found.ended(GOOD, failures.append)
    until(lambda: ids.exists() and ids.read_text().endswith("\n"))
    found.close()
    for pid in map(int, ids.read_text().split()):
        until(lambda pid=pid: not alive(pid))
    assert not failures, "that was no failure"
    found.ended(GOOD, failures.append)
    assert found.join(0)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_of_two_dashboards_one_runs_the_commands(hooks, tmp_path):
    code = "import sys; open(sys.argv[1], 'a').write('x')"
    first, second = hooks(python(code, tmp_path / "ran")), hooks(python(code, tmp_path / "ran"))
    for one in (first, second):
        one.ended(GOOD, print)
        assert one.join(10)
    assert (tmp_path / "ran").read_text() == "x"
    first.close()
    second.ended(GOOD, print)
    assert second.join(10)
    assert (tmp_path / "ran").read_text() == "xx", "the next one takes over"


def test_nothing_is_started_where_nothing_is_wanted(hooks, tmp_path):
    found = hooks()
    found.ended(GOOD, print)
    assert "wandb-tui hooks" not in {thread.name for thread in threading.enumerate()}
    assert not (tmp_path / "hooks.lock").exists()


def test_without_a_thread_the_next_one_takes_it_along(hooks, tmp_path, monkeypatch):
    code = "import sys; open(sys.argv[1], 'a').write('x')"
    found = hooks(python(code, tmp_path / "ran"))
    with monkeypatch.context() as patch:

        def refuse(_):
            raise RuntimeError("can't start new thread")

        patch.setattr(threading.Thread, "start", refuse)
        found.ended(GOOD, print)
    found.ended(GOOD, print)
    assert found.join(10)
    assert (tmp_path / "ran").read_text() == "xx"
