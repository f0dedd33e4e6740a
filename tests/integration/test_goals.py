"""Goals, with runs that the real SDK logs, resumes and forks, and a real browser that visits."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.integration.sandbox_fixtures import run_sdk_script, sdk_environment
from tests.stopwatch import HANG_S, until
from wandb_tui.sandbox import Sandbox, SandboxConfig

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))
LOG = """
import os, wandb
run = wandb.init(project="forks", id=os.environ["RUN_ID"], resume="allow")
for _ in range(int(os.environ["RUN_STEPS"])):
    run.log({"loss": 0.5})
run.finish()
"""
LIVE = """
import os, sys, wandb
run = wandb.init(project="forks", id=os.environ["RUN_ID"])
def log(steps):
    for _ in range(steps):
        run.log({"loss": 0.5})
log(100)
print("ready", flush=True)
for line in sys.stdin:
    log(int(line))
run.finish()
"""
FORK = """
import os, wandb
child = wandb.init(project="forks", fork_from=f"{os.environ['RUN_ID']}?_step={os.environ['RUN_STEPS']}")
child.log({"loss": -1.0})
child.finish()
print("forked", child.id)
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.5)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


class Wait:
    """`wandb-tui wait --json` for one run, and what it says."""

    def __init__(self, sandbox, folder, run_id, goal):
        command = [PROGRAM, "wait", f"lab/forks/{run_id}", "--until", goal, "--json", "--interval", "0.5"]
        account = {"WANDB_VIEWER_MAIL": sandbox.username, "WANDB_VIEWER_PW": sandbox.password}
        self._path = folder / f"wait-{uuid.uuid4().hex}.txt"
        with self._path.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "--timeout", f"{HANG_S:.0f}"],
                env=sdk_environment(sandbox, folder, **account),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def events(self):
        return [json.loads(line) for line in self._path.read_text().splitlines(keepends=True) if line.endswith("}\n")]

    def until(self, says, seconds=60):
        """The first event that says that."""
        until(lambda: any(says in event["message"] for event in self.events), seconds, lambda: self.events)
        return next(event for event in self.events if says in event["message"])

    def artifact(self):
        """The version that met the goal."""
        assert self._process.wait(HANG_S) == 0, self._path.read_text()
        return self.events[-1]["artifact"]

    def end(self):
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(HANG_S)


@pytest.fixture
def waiting(sandbox, home):
    """Begins to wait."""
    begun = []

    def begin(run_id, goal):
        begun.append(Wait(sandbox, home, run_id, goal))
        return begun[-1]

    yield begin
    for one in begun:
        one.end()


def log(sandbox, home, run_id, steps):
    run_sdk_script(sandbox, LOG, home, RUN_ID=run_id, RUN_STEPS=str(steps))


def log_quickly(sandbox, run_id, steps):
    """The same without the SDK, where it is not what matters."""
    context = sandbox.context
    project, _ = context.state.ensure_project(sandbox.entity, "forks")
    run = context.state.run(project, run_id) or context.state.create_run(project, run_id, None)
    done = context.histories.last_step(run) + 1
    lines = [json.dumps({"_step": step, "loss": 0.5}) for step in range(done, done + steps)]
    context.histories.append(run, "wandb-history.jsonl", done, lines)
    context.state.update_run(run, state="finished")


def export(sandbox, run_id):
    project, _ = sandbox.context.state.ensure_project(sandbox.entity, "forks")
    sandbox.context.exports.start(sandbox.context.state.run(project, run_id), delay=0)


def versions(sandbox, run_id):
    project, _ = sandbox.context.state.ensure_project(sandbox.entity, "forks")
    return len(sandbox.context.exports.versions(sandbox.context.state.run(project, run_id)))


def test_a_step_that_the_export_lacks_is_met_by_a_visit_made_on_purpose_and_can_be_forked(sandbox, home, waiting):
    log(sandbox, home, "parent", 100)
    export(sandbox, "parent")
    log(sandbox, home, "parent", 200)
    before = sandbox.stats()["run_page_queries"]
    wait = waiting("parent", "step:200")
    assert wait.until("v0 covers step 99, waiting for 200")["state"] == "waiting"
    assert wait.artifact() == "lab/forks/run-parent-history:v1"
    assert "forked" in run_sdk_script(sandbox, FORK, home, RUN_ID="parent", RUN_STEPS="200")
    assert sandbox.stats()["run_page_queries"] - before == 1
    assert versions(sandbox, "parent") == 2
    assert sandbox.stats()["fork_refusals"] == 0


def test_a_run_that_goes_on_logging_says_so_and_is_complete_only_after_its_end(sandbox, home, waiting):
    with (home / "live.txt").open("wb") as output:
        live = subprocess.Popen(
            [sys.executable, "-c", LIVE],
            cwd=home,
            env=sdk_environment(sandbox, home, RUN_ID="live"),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: last_step(sandbox, "live") == 99)
        export(sandbox, "live")
        live.stdin.write(b"50\n")
        live.stdin.flush()
        wait = waiting("live", "complete")
        wait.until("The run is still running, step ")
        assert wait.until("but the run is still running, next check in")["state"] != "available"
        until(lambda: last_step(sandbox, "live") == 149)
        live.stdin.close()
        assert wait.artifact().startswith("lab/forks/run-live-history:v")
        assert wait.events[-1]["message"].endswith("(is complete)")
        assert live.wait(HANG_S) == 0
    finally:
        live.kill()
        live.wait()


def test_newer_and_a_version_are_met_by_what_the_visit_brings(sandbox, waiting):
    log_quickly(sandbox, "again", 50)
    export(sandbox, "again")
    log_quickly(sandbox, "again", 50)
    newer = waiting("again", "newer")
    newer.until("v0 was there before")
    assert newer.artifact() == "lab/forks/run-again-history:v1"
    log_quickly(sandbox, "again", 10)
    second = waiting("again", "v2")
    second.until("v1 is there, waiting for v2")
    assert second.artifact() == "lab/forks/run-again-history:v2"


def test_what_cannot_come_is_reported_at_once(sandbox, waiting):
    log_quickly(sandbox, "short", 50)
    export(sandbox, "short")
    waiting("short", "newer").until("v0 holds all of it: a newer one comes only if the run is resumed")
    step = waiting("short", "step:200")
    step.until("The run has ended at step 49: step 200 comes only if it is resumed")
    step.until("v0 covers step 49, the run's last, waiting for 200")


def last_step(sandbox, run_id):
    project, _ = sandbox.context.state.ensure_project(sandbox.entity, "forks")
    run = sandbox.context.state.run(project, run_id)
    return sandbox.context.histories.last_step(run) if run else -1
