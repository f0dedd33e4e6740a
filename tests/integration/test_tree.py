"""`wandb-tui tree` and `run_tree`, on forks that the real SDK has made."""

import json
import subprocess

import pytest

from tests.integration.scripts import export_run, script_environment
from tests.integration.test_story import PROGRAM
from tests.stopwatch import HANG_S
from wandb_tui import RunNotFoundError, run_tree
from wandb_tui.sandbox import Sandbox, SandboxConfig


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        export_run(sandbox, "parent")
        state = sandbox.context.state
        project, _ = state.ensure_project("lab", "forks")
        # So many that they come in two pages, the forks on the second one.
        for number in range(105):
            state.create_run(project, f"other{number}", None)
        yield sandbox


@pytest.fixture
def program(sandbox, tmp_path):
    def run(*arguments, status=0, **more):
        environ = script_environment(sandbox, tmp_path) | more
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert done.returncode == status, done
        return done

    return run


def test_a_run_and_its_forks(sandbox, program):
    child = json.loads(program("fork", "lab/forks/parent", "--step", "200", "--json").stdout)["child"]
    child_id = child.rpartition("/")[2]
    first, second = program("tree", child).stdout.splitlines()
    assert first.startswith("lab/forks/parent  finished")
    assert second.startswith(f"└─ {child_id}  from step 200  finished")
    assert second.endswith("  ← this run")
    origins = [json.loads(line) for line in program("tree", "lab/forks/parent", "--json").stdout.splitlines()]
    assert [(one["run"], one["parent"], one["step"], one["source"]) for one in origins] == [
        ("lab/forks/parent", None, None, None),
        (child, "lab/forks/parent", 200, "config"),
    ]
    assert not any(json.loads(line)["contradiction"] for line in program("tree", child, "--json").stdout.splitlines())
    graph = program("tree", child, "--dot").stdout
    assert f'"lab/forks/parent" -> "{child}" [label="step 200"];' in graph
    assert f"\n`- {child_id}" in program("tree", child, PYTHONIOENCODING="latin-1").stdout
    # Each error is one sentence, and what is found is shown.
    done = program("tree", "lab/forks/none", "lab/other/x", "lab/forks/parent", status=1)
    assert done.stdout.startswith("lab/forks/parent")
    assert "There is no run none in lab/forks" in done.stderr
    assert "There is no project lab/other" in done.stderr
    sandbox.set_faults("http-status:code=503,times=1")
    here = {"host": sandbox.base_url, "api_key": sandbox.api_key}
    assert [(one.run.run_id, one.step) for one in run_tree(child, **here)] == [("parent", None), (child_id, 200)]
    with pytest.raises(RunNotFoundError):
        run_tree("lab/forks/none", **here)


def test_a_fork_that_was_resumed_is_still_known_as_one(sandbox, program, script, tmp_path):
    child = program("fork", "lab/forks/parent", "--step", "100").stdout.strip()
    child_id = child.rpartition("/")[2]
    script(f"logged(steps=2, id={child_id!r}, resume='must')")
    run = sandbox.context.state.run(sandbox.context.state.ensure_project("lab", "forks")[0], child_id)
    assert "branch_point" not in json.dumps(run.config)
    found = program("tree", child)
    assert f"{child_id}  from step 100  (noted here)  finished" in found.stdout
    assert json.loads(program("tree", child, "--json").stdout.splitlines()[1])["source"] == "note"
    # A home without the notes knows nothing of it, and a config that says something else is contradicted.
    assert program("tree", child, HOME=str(tmp_path / "other")).stdout.count("\n") == 1
    point = {"run_id": "parent", "step": 50}
    sandbox.context.state.update_run(run, config={"_wandb": {"value": {"branch_point": point}}})
    found = program("tree", child)
    assert f"{child_id}  from step 50  ! contradiction" in found.stdout
    assert f"The config of {child} says fork of parent at step 50; a note of " in found.stderr
    assert json.loads(program("tree", child, "--json").stdout.splitlines()[1])["contradiction"]
