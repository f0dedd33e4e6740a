"""The commands that show and change the watch list: without a dashboard, and while one is open in a terminal."""

import json
import os
import signal
import subprocess

import pytest

from tests.integration.terminal import Terminal
from tests.integration.test_story import PROGRAM, account, environment
from tests.stopwatch import HANG_S, until
from wandb_tui.sandbox import Sandbox, SandboxConfig

ABC, DEF = "lab/forks/abc", "lab/forks/def"
NOBODY_WAITS = "wandb-tui: no dashboard is open, so nothing waits until you open one with wandb-tui."


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        state = sandbox.context.state
        project, _ = state.ensure_project("lab", "forks")
        for run_id in ("abc", "def"):
            state.update_run(state.create_run(project, run_id, f"name-of-{run_id}"), state="running")
        yield sandbox


@pytest.fixture
def program(sandbox, tmp_path):
    def run(*arguments, stdin=None, status=0, **more):
        environ = environment(sandbox, tmp_path, **account(sandbox), **more)
        done = subprocess.run(
            [PROGRAM, *arguments], env=environ, input=stdin, capture_output=True, text=True, timeout=HANG_S, check=False
        )
        assert done.returncode == status, done
        assert "Traceback" not in done.stderr
        return done

    return run


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_the_list_without_a_dashboard(program):
    done = program("list")
    assert (done.stdout, "is empty" in done.stderr) == ("", True)
    done = program("add", ABC, DEF, "--until", "v3")
    assert (done.stdout, done.stderr.strip()) == (f"{ABC}  added, goal v3\n{DEF}  added, goal v3\n", NOBODY_WAITS)
    assert program("add", ABC, "--json").stderr == ""
    assert program("add", ABC, "--until", "exists").stdout == f"{ABC}  already watched; goal v3 → exists\n"
    assert program("cancel", "abc").stdout == f"{ABC}  cancelled\n"
    assert program("cancel", ABC).stdout == f"{ABC}  already ended: cancelled\n"
    titles, first, second = program("list").stdout.splitlines()
    assert titles.split()[:3] == ["RUN", "STATE", "GOAL"]
    assert first.split()[:3] == [ABC, "cancelled", "exists"]
    assert second.split()[:3] == [DEF, "queued", "v3"]
    assert program("list", PYTHONIOENCODING="latin-1").stdout.splitlines()[1].split()[3] == "?"
    (status,) = objects(program("status", "abc", "--json").stdout)
    assert list(status)[:7] == ["time", "run", "attempt", "state", "message", "artifact", "elapsed"]
    assert (status["run"], status["state"], status["message"], status["goal"]) == (
        *(ABC, "cancelled", "Cancelled"),
        "exists",
    )
    assert [row["run"] for row in objects(program("list", "--json").stdout)] == [ABC, DEF]
    (restarted,) = objects(program("restart", "-", "--json", stdin=f"{ABC}\n").stdout)
    assert (restarted["attempt"], restarted["state"]) == (1, "queued")
    done = program("remove", "forks/def", "ghi", "lab/other/x", "--json", status=1)
    assert [(row["run"], row["state"]) for row in objects(done.stdout)] == [(DEF, "removed")]
    assert "ghi is not on the list." in done.stderr
    assert "lab/other/x is not on the list." in done.stderr
    assert "cannot contain" in program("cancel", "lab/forks/a:b", status=2).stderr
    done = program("status", "lab/forks/* state:running", "--json")
    assert [row["run"] for row in objects(done.stdout)] == [ABC]
    assert "lab/forks/* state:running: 2 runs" in done.stderr
    assert "1 of these is on the list" in done.stderr
    assert program("add", "lab/forks/* def").stdout == f"{DEF}  added, goal exists\n"
    program("add", "lab/more/abc")
    assert f"“abc” may be {ABC} or lab/more/abc." in program("cancel", "abc", status=2).stderr


def test_a_query_that_is_not_in_quotes_changes_nothing(program, tmp_path, monkeypatch):
    program("add", ABC, DEF)
    for command in ("remove", "cancel", "restart", "status", "add"):
        done = program(command, "lab/forks/*", "abc", status=2)
        assert "“abc” is not part of the query lab/forks/*" in done.stderr
        assert "Write 'lab/forks/* abc'" in done.stderr
    assert "'lab/forks/* group:a/b x'" in program("remove", "lab/forks/*", "group:a/b", "x", status=2).stderr
    # The shell puts the names of files there, if there are any.
    (tmp_path / "lab/forks").mkdir(parents=True)
    (tmp_path / ABC).touch()
    monkeypatch.chdir(tmp_path)
    assert "Write 'lab/forks/* def'" in program("remove", ABC, "def", status=2).stderr
    assert "300 characters" in program("remove", f"lab/forks/{'x' * 300}", "def", status=2).stderr
    assert "wandb-tui status" in program("list", "lab/forks/*", status=2).stderr
    rows = objects(program("list", "--json").stdout)
    assert [(row["run"], row["state"]) for row in rows] == [(ABC, "queued"), (DEF, "queued")]
    removed = program("remove", "lab/forks/*", "-", stdin="abc\n").stdout
    assert sorted(removed.splitlines()) == [f"{ABC}  removed", f"{DEF}  removed"]


def test_the_shell_completes_what_is_listed(program, tmp_path):
    typed = {"_WANDB_TUI_COMPLETE": "bash_complete", "COMP_WORDS": "wandb-tui cancel lab/f", "COMP_CWORD": "2"}
    assert program(**typed).stdout.strip() == ""
    assert not list(tmp_path.rglob("watchlist*"))
    program("add", ABC, "lab/other/x")
    assert program(**typed).stdout == f"plain,{ABC}\n"


def test_an_open_dashboard_follows_each_command(sandbox, tmp_path, program):
    with Terminal(environment(sandbox, tmp_path, **account(sandbox))) as terminal:
        terminal.run(PROGRAM)
        terminal.until("No runs yet")
        # A goal for which no page is visited: no browser is needed here.
        program("add", ABC, DEF, "--until", "ended")
        terminal.until("name-of-abc", "name-of-def", "2 waiting")
        until(lambda: [row["state"] for row in objects(program("list", "--json").stdout)] == ["waiting"] * 2)
        watching = subprocess.Popen(
            [PROGRAM, "list", "--watch"],
            env=environment(sandbox, tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert [ABC in watching.stdout.readline(), DEF in watching.stdout.readline()] == [True, True]
            program("cancel", "abc")
            terminal.until("cancelled", "1 waiting")
            assert f"{ABC} (ended)  cancelled, attempt 1" in watching.stdout.readline()
            assert program("restart", "abc").stderr == ""
            terminal.until("attempt 2", "2 waiting")
            assert "attempt 2" in watching.stdout.readline()
            program("remove", "def")
            terminal.until("1 run", "1 waiting")
            terminal.gone("name-of-def")
            line = ""
            while DEF not in line:
                line = watching.stdout.readline()
            assert line.endswith("removed\n")
        finally:
            os.kill(watching.pid, signal.SIGINT)
            _, errors = watching.communicate(timeout=HANG_S)
        assert (watching.returncode, errors.strip()) == (130, "")
        (row,) = objects(program("list", "--json").stdout)
        assert (row["run"], row["attempt"], row["state"], row["run_state"]) == (ABC, 2, "waiting", "running")
        terminal.keys("q")
        terminal.until("Quit wandb-tui?")
        terminal.keys("y")
        terminal.until("shell-is-back$")
        program("cancel", ABC)
        assert NOBODY_WAITS in program("restart", ABC).stderr
        program("cancel", ABC)
        terminal.run(PROGRAM)
        terminal.until("name-of-abc", "1 cancelled")


def test_queries_are_followed_and_left_by_commands_without_a_dashboard(program):
    query = "lab/forks/* state:running"
    done = program("add", query, "--follow", "--until", "ended")
    assert (done.stdout, done.stderr.strip()) == (f"{query}  followed, goal ended\n", NOBODY_WAITS)
    assert program("add", query, "--follow").stdout == f"{query}  already followed; unchanged\n"
    assert program("add", query, "--follow", "--until", "v3").stdout.endswith("already followed; goal ended → v3\n")
    assert program("list").stdout == f"{query}  followed, goal v3, 0 runs\n"
    (listed,) = objects(program("list", "--json").stdout)
    assert (listed["run"], listed["state"], listed["goal"], listed["runs"]) == (query, "followed", "v3", 0)
    program("add", ABC)
    assert program("list").stdout.splitlines()[2:] == ["", f"{query}  followed, goal v3, 0 runs"]
    for command in ("add", "remove"):
        assert f"“{ABC}” is not a query." in program(command, ABC, "--follow", status=2).stderr
    assert "is not followed" in program("remove", "lab/forks/*", "--follow", status=1).stderr
    assert program("remove", query, "--follow").stdout == f"{query}  no longer followed; its runs stay\n"
    assert [row["run"] for row in objects(program("list", "--json").stdout)] == [ABC]


def test_an_open_dashboard_follows_a_query_and_keeps_its_runs(sandbox, tmp_path, program):
    query = "lab/forks/* state:running"
    with Terminal(environment(sandbox, tmp_path, **account(sandbox))) as terminal:
        terminal.run(PROGRAM, "lab/forks/* tag:none")
        terminal.until("▾ lab/forks/* tag:none  exists · no run yet")
        program("add", query, "--follow", "--until", "ended")
        terminal.until(f"▾ {query}", "ended · 2 runs: 2 waiting", "name-of-abc", "name-of-def")
        until(lambda: objects(program("list", "--json").stdout)[-1]["runs"] == 2)
        program("remove", "abc")
        terminal.until("ended · 1 run: 1 waiting")
        program("remove", query, "--follow")
        terminal.gone(query)
        terminal.until("name-of-def", "1 waiting")
        assert [row["run"] for row in objects(program("list", "--json").stdout)] == [DEF, "lab/forks/* tag:none"]
