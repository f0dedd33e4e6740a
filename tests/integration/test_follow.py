"""Followed queries on the sandbox: runs join by themselves, in the library and in `wait`, until the group has ended."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.integration.scripts import export_run, script_environment
from tests.integration.terminal import Terminal, descendants
from tests.integration.test_story import PROGRAM
from tests.integration.test_story import account as dashboard_account
from tests.integration.test_story import environment as dashboard_environment
from tests.stopwatch import HANG_S, until
from wandb_tui import ApiKeyError, MonitorGroup, RunNotFoundError, UsageError, WaitTimeoutError
from wandb_tui.core.state import State
from wandb_tui.sandbox import Sandbox, SandboxConfig

WAIT = [str(Path(sys.executable).with_name("wandb-tui")), "wait"]


@pytest.fixture
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.2)) as sandbox:
        yield sandbox


@pytest.fixture
def account(sandbox, tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    times = {"check_interval": 0.3, "max_wait_time": 120.0}
    return {"api_key": sandbox.api_key, "host": sandbox.base_url, "visit": False, **times}


def put(sandbox, run_id, *, group="pbt", state="finished", exported=True, **columns):
    """A run of a group in lab/forks, exported or not."""
    export_run(sandbox, run_id, steps=5, exported=False)
    run = sandbox.context.state.run(sandbox.context.state.project("lab", "forks"), run_id)
    sandbox.context.state.update_run(run, run_group=group, state=state, **columns)
    if exported:
        sandbox.export_now(f"lab/forks/{run_id}")


def change(sandbox, run_id, **columns):
    run = sandbox.context.state.run(sandbox.context.state.project("lab", "forks"), run_id)
    sandbox.context.state.update_run(run, **columns)


def test_the_runs_of_a_group_join_until_it_has_ended(sandbox, account):
    put(sandbox, "a", state="running")
    put(sandbox, "b")
    put(sandbox, "stranger", group="other")
    with MonitorGroup(**account) as group:
        group.add("lab/forks/b", "exists")
        followed = group.follow("lab/forks/* group:pbt", "ended")
        assert followed.runs == []
        until(lambda: len(followed.runs) == 2)
        until(lambda: len(group.results) == 1)
        assert not group.is_over
        # Runs that come later, and one that gets into the group later though it is older.
        put(sandbox, "c", state="running")
        until(lambda: len(followed.runs) == 3)
        change(sandbox, "stranger", run_group="pbt")
        until(lambda: len(followed.runs) == 4)
        for run_id in "ac":
            change(sandbox, run_id, state="finished")
        results = group.wait_all(timeout=HANG_S)
        assert {run.run_id: result.state for run, result in results.items()} == dict.fromkeys(
            ("a", "b", "c", "stranger"), State.AVAILABLE
        )
        # A run that was added before keeps its goal.
        assert {str(run.goal) for run in group.summary().runs if run.run.run_id == "b"} == {"exists"}
        assert (followed.ended, followed.error, group.queries) == (True, None, [followed])


def test_many_queries_take_one_request_an_interval(sandbox, account):
    put(sandbox, "a")
    with MonitorGroup(**account | {"check_interval": 2.0}) as group:
        queries = [group.follow(f"lab/forks/* tag:t{number}", forever=True) for number in range(20)]
        until(lambda: all(query.looked for query in queries))
        before = sandbox.stats()
        put(sandbox, "tagged", tags=["t7", "t9"])
        until(lambda: queries[7].runs and queries[9].runs)
        after = sandbox.stats()
        # One look of all the queries or two, and the run that has joined.
        assert after["graphql_requests"] - before["graphql_requests"] <= 4
        assert after["graphql_fields"] - before["graphql_fields"] >= 20
        group.unfollow("lab/forks/* tag:t7")
        assert len(group.queries) == 19


def test_a_query_that_cannot_be_followed_says_why(sandbox, account):
    put(sandbox, "a", state="running")
    with MonitorGroup(**account) as group:
        for text in ("lab/forks/a", "lab/forks/* colour:red"):
            with pytest.raises(UsageError):
                group.follow(text)
        missing, none = group.follow("lab/none/*"), group.follow("lab/forks/* tag:none")
        late = group.follow("lab/forks/* group:later", max_wait_time=0.5)
        running = group.follow("lab/forks/* group:pbt", max_wait_time=0.5)
        assert group.wait_all(timeout=HANG_S).keys() == set(running.runs)
        assert [type(query.error) for query in (missing, none, late, running)] == [
            *(RunNotFoundError, RunNotFoundError, WaitTimeoutError, WaitTimeoutError),
        ]
        assert str(late.error) == "lab/forks/* group:later has no run yet after 0.5 s."

    async def refused():
        async with MonitorGroup(**account | {"api_key": "0" * 40}) as group:
            query = await group.follow("lab/forks/*")
            await group.wait_all(timeout=HANG_S)
            await group.unfollow("lab/forks/*")
            return query.error

    assert isinstance(asyncio.run(refused()), ApiKeyError)


@contextmanager
def waiting(sandbox, home, *arguments):
    """A `wait` in the background; its output is in files of the home folder."""
    with (home / "out").open("w") as out, (home / "err").open("w") as err:
        process = subprocess.Popen(
            [*WAIT, *arguments],
            env=script_environment(sandbox, home),
            cwd=home,
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_wait_ends_with_the_group_and_runs_a_command_for_each_run(sandbox, tmp_path):
    sandbox.context.state.ensure_project("lab", "forks")
    command = ("--exec", "echo $WANDB_TUI_RUN_ID >> met")
    options = ("--no-visit", "--json", "--interval", "0.3", "--until", "complete", *command)
    with waiting(sandbox, tmp_path, "lab/forks/* group:pbt", *options) as process:
        # Nothing matches at first: the group's first run is waited for.
        until(lambda: "no run yet" in (tmp_path / "err").read_text())
        put(sandbox, "a", state="running", exported=False)
        until(lambda: '"lab/forks/a"' in (tmp_path / "out").read_text())
        put(sandbox, "b")
        until((tmp_path / "met").exists)
        assert process.poll() is None
        change(sandbox, "a", state="finished")
        # No run is running any more, but one that has joined has not met its goal: several checks do not end it.
        asked = sandbox.stats()["graphql_requests"]
        until(lambda: sandbox.stats()["graphql_requests"] >= asked + 8)
        assert process.poll() is None
        sandbox.export_now("lab/forks/a")
        assert process.wait(HANG_S) == 0, (tmp_path / "err").read_text()
    assert (tmp_path / "met").read_text().split() == ["b", "a"]
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [line["run"] for line in lines if line["state"] == "available"] == ["lab/forks/b", "lab/forks/a"]


def test_wait_that_follows_ends_by_a_signal_alone_and_a_wrong_query_at_once(sandbox, tmp_path):
    put(sandbox, "a")
    with waiting(sandbox, tmp_path, "lab/forks/*", "--follow", "--no-visit", "--interval", "0.3") as process:
        until(lambda: "run-a-history:v0" in (tmp_path / "out").read_text())
        put(sandbox, "b")
        until(lambda: "run-b-history:v0" in (tmp_path / "out").read_text())
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG_S) == 130
    for arguments, status, text in (
        (["lab/forks/a", "--follow"], 2, "--follow needs a query."),
        (["lab/forks/* tag:none"], 1, "No run matches lab/forks/* tag:none."),
        (["lab/none/*", "lab/forks/a"], 1, "There is no project lab/none"),
        (["lab/forks/* group:x", "--timeout", "0.5", "--interval", "0.3"], 4, "group:x has no run yet after 0.5 s."),
    ):
        with waiting(sandbox, tmp_path, *arguments, "--no-visit") as process:
            assert process.wait(HANG_S) == status, arguments
        assert text in (tmp_path / "err").read_text()


POPULATION = """
import random, sys, time, wandb
from pathlib import Path
generations, members = int(sys.argv[1]), int(sys.argv[2])
parents = [None] * members
for generation in range(generations):
    ids = [f"g{generation}m{member}" for member in range(members)]
    for run_id, parent in zip(ids, parents):
        start = {"fork_from": f"{parent}?_step={6 * generation - 1}"} if parent else {}
        with wandb.init(entity="lab", project="population", group="pbt", id=run_id, **start) as run:
            for step in range(6 * generation, 6 * generation + 6):
                run.log({"score": random.random()}, step=step)
    while not all(Path("ready", run_id).exists() for run_id in ids):
        time.sleep(0.05)
    parents = [random.choice(ids) for _ in ids]
"""


@pytest.mark.parametrize(("generations", "members"), [(3, 1), pytest.param(64, 2, marks=pytest.mark.long)])
def test_a_population_is_followed_by_one_query_and_each_fork_goes_through_at_once(
    sandbox, tmp_path, generations, members
):
    (tmp_path / "ready").mkdir()
    command = ("--exec", 'touch "ready/$WANDB_TUI_RUN_ID"')
    options = ("--follow", "--until", "complete", "--interval", "1", "--timeout", "0", "--json", *command)
    with (
        waiting(sandbox, tmp_path, "lab/population/* group:pbt", *options) as follower,
        (tmp_path / "trainer").open("w") as out,
    ):
        sandbox.context.state.ensure_project("lab", "population")
        trained = subprocess.run(
            [sys.executable, "-c", POPULATION, str(generations), str(members)],
            env=script_environment(sandbox, tmp_path),
            cwd=tmp_path,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            timeout=HANG_S * max(1, generations // 10),
            check=False,
        )
        assert trained.returncode == 0, (tmp_path / "trainer").read_text()
        assert follower.poll() is None, (tmp_path / "err").read_text()
    assert sandbox.stats()["fork_refusals"] == 0
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    met = [line["run"] for line in lines if line["state"] == "available"]
    assert len(set(met)) == len(met) == generations * members
    assert {line["attempt"] for line in lines} == {1}


@pytest.mark.parametrize("runs", [10, pytest.param(100, marks=pytest.mark.long)])
def test_a_killed_dashboard_goes_on_with_all_queries_and_their_runs(sandbox, tmp_path, runs):
    state = sandbox.context.state
    projects = [state.ensure_project("lab", f"p{number:02}")[0] for number in range(20)]
    for project in projects:
        for number in range(runs):
            state.update_run(state.create_run(project, f"r{number}", None), state="running", tags=["hero"])
    queries = [f"{project.path}/* tag:hero" for project in projects]
    total = len(queries) * runs
    environ = dashboard_environment(sandbox, tmp_path, **dashboard_account(sandbox))
    subprocess.run([PROGRAM, "add", *queries, "--follow", "--until", "ended"], env=environ, check=True, timeout=HANG_S)
    path = tmp_path / ".local" / "state" / "wandb-tui" / "watchlist.sqlite3"

    def count(table):
        with closing(sqlite3.connect(path, timeout=30)) as db:
            return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608

    # Killed while the runs join, then while they are asked about, it goes on where it was.
    for enough in (total // 4, total // 2):
        with Terminal(environ) as terminal:
            terminal.run(PROGRAM)
            terminal.until("waiting", seconds=HANG_S)
            until(lambda enough=enough: count("query_run") >= enough, seconds=HANG_S)
            os.kill(terminal.program(), signal.SIGKILL)
            until(lambda terminal=terminal: not descendants(terminal.shell()))
        assert count("query") == len(queries)
        assert count("query_run") <= count("run") <= total
    with Terminal(environ) as terminal:
        terminal.run(PROGRAM)
        terminal.until(f"{total} runs", f"{total} waiting", seconds=HANG_S)
        until(lambda: count("query_run") == total)
        until(lambda: count("attempt") == count("run") == total)
        # A run that comes now joins as well, without a hand.
        state.update_run(state.create_run(projects[7], "late", None), state="finished", tags=["hero"])
        terminal.until("1 ready")
        terminal.keys("q")
        terminal.until("Quit wandb-tui?")
        terminal.keys("y")
        until(lambda: not descendants(terminal.shell()))
