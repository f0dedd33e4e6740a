"""`wandb-tui exec` with the real SDK: an unchanged script forks or rewinds, with its own signals and exit status."""

import json
import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.scripts import export_run, noted, script_environment
from tests.stopwatch import until
from wandb_tui.sandbox import Sandbox, SandboxConfig

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))
TRAIN = """
import json, os, sys, wandb
with wandb.init() as run:
    run.log({"metric": -1})
    print(json.dumps([run.id, run.entity, run.project, run.starting_step, os.getpid(), sys.argv[1:]]), flush=True)
assert "WANDB_VIEWER_PW" not in os.environ
sys.exit(7)
"""
SLEEP = "import signal, sys; signal.signal(15, lambda *_: sys.exit(9)); print('up', flush=True); signal.pause()"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.5)) as sandbox:
        export_run(sandbox, "parent")
        export_run(sandbox, "a[b")
        # Two rows of history for each global step, as where losses and evaluations are logged one after the other.
        export_run(sandbox, "counted", metrics=lambda step: {"global_step": step // 2 * 10, "metric": step})
        yield sandbox


@pytest.fixture
def execute(sandbox, tmp_path):
    """Starts `wandb-tui exec`; its output goes to the files `out` and `err`."""
    started = []

    def start(*arguments, unset=(), command="exec", **more):
        environ = script_environment(sandbox, tmp_path) | more
        with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
            started.append(
                subprocess.Popen(
                    [PROGRAM, command, *arguments],
                    env={name: value for name, value in environ.items() if name not in unset},
                    cwd=tmp_path,
                    stdout=out,
                    stderr=err,
                    stdin=subprocess.DEVNULL,
                )
            )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def logged(sandbox, run_id):
    run = sandbox.context.state.run(sandbox.context.state.project("lab", "forks"), run_id)
    return [row["_step"] for row in sandbox.context.histories.rows(run)]


@pytest.mark.parametrize("rewind", [False, True])
def test_an_unchanged_script_goes_on_from_the_step(sandbox, execute, tmp_path, rewind):
    options, child = (["--rewind"], {}) if rewind else ([], {"WANDB_RUN_ID": "child"})
    process = execute(
        *("lab/forks/parent", "--step", "200", *options, "--", sys.executable, "-c", TRAIN, "--step", "5"),
        WANDB_PROJECT="elsewhere",
        **child,
    )
    assert process.wait(120) == 7, (tmp_path / "err").read_text()
    run_id, *where, step, pid, arguments = json.loads((tmp_path / "out").read_text())
    assert where == ["lab", "forks"]
    assert (step, pid, arguments) == (201, process.pid, ["--step", "5"])
    assert run_id == ("parent" if rewind else "child")
    assert noted(tmp_path) == [(f"lab/forks/{run_id}", "rewind" if rewind else "fork", 200, False)]
    assert logged(sandbox, run_id) == list(range(202))
    assert "covers step 200" in (tmp_path / "err").read_text()


@pytest.mark.parametrize(
    "case",
    [
        # tests/unit/test_metric_step.py has these as well.
        pytest.param(("--at global_step=500", 101, "global_step=500 is step 101"), marks=pytest.mark.long),
        pytest.param(
            ("--at global_step=507 --nearest", 101, "nearest below 507: global_step=500 is step 101"),
            marks=pytest.mark.long,
        ),
        ("--at global_step=99999 --nearest --rewind", 299, "global_step=1490 is step 299"),
    ],
)
def test_a_metric_and_its_value_stand_for_the_step(sandbox, execute, tmp_path, case):
    arguments, step, says = case
    process = execute("lab/forks/counted", *arguments.split(), "--", sys.executable, "-c", TRAIN)
    assert process.wait(120) == 7, (tmp_path / "err").read_text()
    run_id, *_, next_step, _, _ = json.loads((tmp_path / "out").read_text())
    assert next_step == step + 1
    assert logged(sandbox, run_id) == list(range(step + 2))
    assert says in (tmp_path / "err").read_text()


def test_a_signal_reaches_the_script_itself(execute, tmp_path):
    process = execute("lab/forks/parent", "--step", "1", "--", sys.executable, "-c", SLEEP)
    until(lambda: "up" in (tmp_path / "out").read_text())
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 9


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("WANDB_RESUME=allow lab/forks/parent", "WANDB_RESUME=allow is set"),
        ("WANDB_FORK_FROM=x?_step=1 lab/forks/parent --rewind", "WANDB_FORK_FROM=x?_step=1 is set"),
        ("WANDB_RUN_ID=parent lab/forks/parent", "the parent's own id"),
        ("WANDB_RUN_ID=other lab/forks/parent --rewind", "not the run to rewind"),
        ("WANDB_MODE=offline lab/forks/parent", "WANDB_MODE=offline is set"),
        ("WANDB_DIR=. lab/forks/a[b", "The id a[b cannot stand in WANDB_FORK_FROM"),
    ],
)
def test_what_is_known_beforehand_is_said_at_once(sandbox, execute, tmp_path, line, says):
    before = sandbox.stats()
    variable, *arguments = line.split()
    process = execute(*arguments, "--step", "5", "--", "true", **dict([variable.split("=", 1)]))
    assert process.wait(60) == 2
    assert says in (tmp_path / "err").read_text()
    assert sandbox.stats() == before


def test_an_id_that_exists_is_refused_before_anything_is_waited_for(sandbox, execute, tmp_path):
    before = sandbox.stats()["page_visits"]
    assert execute("lab/forks/parent", "--step", "5", "--", "true", WANDB_RUN_ID="counted").wait(60) == 2
    assert "lab/forks/counted exists already, and is no fork. Choose another id" in (tmp_path / "err").read_text()
    assert sandbox.stats()["page_visits"] == before


def test_an_id_of_which_the_server_does_not_tell_the_origin_is_not_taken_for_a_free_one(sandbox, execute, tmp_path):
    sandbox.set_faults("no-field:name=config")
    try:
        assert execute("lab/forks/parent", "--step", "5", "--", "true", WANDB_RUN_ID="counted").wait(60) == 1
    finally:
        sandbox.set_faults()
    assert "The server does not report the config of lab/forks/counted." in (tmp_path / "err").read_text()


def test_called_again_with_the_same_id_the_script_resumes_its_fork(sandbox, execute, tmp_path):
    steps = []
    for target in (["--step", "50"], ["--step", "50"], ["--at", "metric=50"]):
        process = execute("lab/forks/parent", *target, "--", sys.executable, "-c", TRAIN, WANDB_RUN_ID="again")
        assert process.wait(120) == 7, (tmp_path / "err").read_text()
        run_id, *_, step, _, _ = json.loads((tmp_path / "out").read_text())
        steps.append((run_id, step))
    assert steps == [("again", 51), ("again", 52), ("again", 53)]
    assert "lab/forks/again exists already, and is resumed." in (tmp_path / "err").read_text()
    assert logged(sandbox, "again") == list(range(54))
    before = sandbox.stats()["page_visits"]
    assert execute("lab/forks/parent", "--step", "60", "--", "true", WANDB_RUN_ID="again").wait(60) == 2
    assert "is a fork of parent at step 50. Choose another id" in (tmp_path / "err").read_text()
    assert sandbox.stats()["page_visits"] == before


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["lab/forks/parent", "--step", "5", "--", "no-such-program"], 2, "There is no program no-such-program."),
        (["lab/forks/parent", "--step", "5"], 2, "Missing argument"),
        (["lab/forks/parent", "--", "true"], 2, "No step is given."),
        (["lab/forks/parent", "--step", "5", "--at", "metric=5", "--", "true"], 2, "cannot both be given"),
        (["lab/forks/parent", "--at", "metric", "--", "true"], 2, "“metric” is not a metric and a number."),
        (["lab/forks/counted", "--at", "global_step=507", "--", "true"], 1, "nearest below is 500 at step 101"),
        (["lab/forks/counted", "--at", "nothing=1", "--", "true"], 2, "No column is called nothing."),
        (["lab/forks/none", "--step", "5", "--", "true"], 1, "no run none in lab/forks"),
        (["lab/forks/parent", "--step", "900", "--timeout", "5", "--no-visit", "--", "true"], 4, "step 900"),
    ],
)
def test_the_script_does_not_start_without_the_step(execute, tmp_path, arguments, status, says):
    assert execute(*arguments).wait(60) == status
    assert says in (tmp_path / "err").read_text()
    assert (tmp_path / "out").read_text() == ""


def test_the_key_of_another_source_reaches_the_script(sandbox, execute, tmp_path):
    host = sandbox.base_url.removeprefix("http://")
    (tmp_path / ".netrc").write_text(f"machine {host}\n  login user\n  password {sandbox.api_key}\n")
    (tmp_path / ".netrc").chmod(0o600)
    show = "import os; print(os.environ['WANDB_API_KEY'][-4:], os.environ['WANDB_BASE_URL'])"
    process = execute(
        *("lab/forks/parent", "--step", "5", "--host", sandbox.base_url, "--", sys.executable, "-c", show),
        unset=("WANDB_API_KEY", "WANDB_BASE_URL"),
    )
    assert process.wait(60) == 0, (tmp_path / "err").read_text()
    assert (tmp_path / "out").read_text().split() == [sandbox.api_key[-4:], sandbox.base_url]
    assert sandbox.api_key not in (tmp_path / "err").read_text()
    assert os.environ.get("WANDB_FORK_FROM") is None


def test_children_are_made_and_what_cannot_be_forked_does_not_stop_the_others(sandbox, execute, tmp_path):
    export_run(sandbox, "other")
    at = ("--at", "metric=50", "--times", "2", "--json")
    process = execute("lab/forks/none", "lab/forks/other", *at, command="fork")
    assert process.wait(120) == 1, (tmp_path / "err").read_text()
    made = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [(child["run"], child["step"]) for child in made] == [("lab/forks/other", 50)] * 2
    assert len({child["child"] for child in made}) == 2
    for child in made:
        assert logged(sandbox, child["child"].rpartition("/")[2]) == list(range(51))
    lines = (tmp_path / "err").read_text()
    assert lines.count("There is no run none in lab/forks") == 1
    assert not any(warning in lines for warning in ("at step 50: ", "the parent"))


def test_fork_says_what_it_waits_for(sandbox, execute, tmp_path):
    export_run(sandbox, "asked")
    line = ("lab/forks/asked", "--step", "50", "--times", "2")
    assert execute(*line, command="fork").wait(120) == 0
    lines = (tmp_path / "err").read_text()
    assert len(re.findall(r"Artifact is now available: run-asked-history:v\d \(covers step 50\)", lines)) == 1
    execute("lab/forks/asked", "--step", "999", "--timeout", "4", command="fork").wait(60)
    lines = (tmp_path / "err").read_text()
    assert "! The run has ended at step 299: step 999 comes only if it is resumed\n" in lines
    assert lines.count("Timeout reached") == 1


def test_where_forking_is_refused_the_history_is_replayed_if_wanted(sandbox, execute, tmp_path):
    sandbox.set_faults("fork-refused:code=403,message=forking is not enabled for this account")
    try:
        assert execute("lab/forks/counted", "--step", "50", command="fork").wait(120) == 1
        assert "forking is not enabled" in (tmp_path / "err").read_text()
        line = ("lab/forks/counted", "--step", "50", "--replay", "--json")
        assert execute(*line, command="fork").wait(120) == 0, (tmp_path / "err").read_text()
    finally:
        sandbox.set_faults()
    made = json.loads((tmp_path / "out").read_text())
    assert made["replayed"] is True
    assert logged(sandbox, made["child"].rpartition("/")[2]) == list(range(51))
    assert "Replayed instead: 51 rows of lab/forks/counted up to step 50" in (tmp_path / "err").read_text()


@pytest.mark.parametrize("rewind", [False, True])
def test_where_it_is_refused_the_script_resumes_a_replay_if_wanted(sandbox, execute, tmp_path, rewind):
    run_id = f"refused-{rewind}".lower()
    export_run(sandbox, run_id)
    own = {} if rewind else {"WANDB_RUN_ID": "replayed"}
    line = (f"lab/forks/{run_id}", "--step", "50", *(["--rewind"] if rewind else []), "--replay", "--")
    sandbox.set_faults("fork-refused:code=403,message=forking is not enabled for this account")
    ids, steps = set(), []
    try:
        for _ in range(2):
            assert execute(*line, sys.executable, "-c", TRAIN, **own).wait(120) == 7, (tmp_path / "err").read_text()
            made, *_, step, _, _ = json.loads((tmp_path / "out").read_text())
            ids.add(made)
            steps.append(step)
    finally:
        sandbox.set_faults()
    # A rewind begins at the step each time, and so does what takes its place.
    assert (len(ids), steps) == ((2, [51, 51]) if rewind else (1, [51, 52]))
    assert logged(sandbox, made) == list(range(52 if rewind else 53))
    assert len(logged(sandbox, run_id)) == 300
    lines = (tmp_path / "err").read_text()
    assert f"lab/forks/{made} is resumed." in lines
    assert (f"The server does not rewind lab/forks/{run_id} at step 50" in lines) is rewind
    assert (f"lab/forks/{run_id} stays as it is." in lines) is rewind


def test_what_may_surprise_in_a_fork_is_reported_and_stops_nothing(sandbox, execute, tmp_path):
    export_run(sandbox, "sparse", metrics=lambda step: {"_step": 2 * step, "metric": math.nan if step > 90 else step})
    reported = "lab/forks/sparse at step 200: every second step is missing.\n", "the last value is NaN in metric.\n"
    sandbox.set_faults("fork-unsupported")
    try:
        assert execute("lab/forks/sparse", "--step", "200", "--times", "2", command="fork").wait(120) == 0
    finally:
        sandbox.set_faults()
    lines = (tmp_path / "err").read_text()
    assert [lines.count(text) for text in reported] == [1, 1]
    assert lines.count("the server reports none of the parent's rows in it.\n") == 2
    assert execute("lab/forks/sparse", "--step", "200", "--", "true").wait(120) == 0
    lines = (tmp_path / "err").read_text()
    assert [lines.count(text) for text in reported] == [1, 1]
