"""Every example runs as it stands, as a user would run it, with the real SDK and the real browser."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.scripts import export_run, script_environment
from tests.stopwatch import HANG_S
from wandb_tui.sandbox import Sandbox, SandboxConfig

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HERE = ["lab", "forks"]
CASES = {
    "basic.py": ([*HERE, "basic"], ["🔐", "🌐", "🔍", "🎉 Artifact is now available: run-basic-history:v0"]),
    "threaded.py": ([*HERE, "threaded"], ["Doing other work", "lab/forks/run-threaded-history:v0 after "]),
    "from_another_script.py": (HERE, ["🎉 Artifact is now available"]),
    "log_monitor_fork.py": (HERE, ["🎉 Artifact is now available", "at step 200: "]),
    "fork_when_ready.py": (HERE, ["at step 200: ", "Downloaded history/0000.parquet"]),
    "many_runs.py": (["lab/forks/one", "lab/forks/two"], ["run-one-history:v0", "run-two-history:v0"]),
    "training_loop.py": (HERE, ["Forked "]),
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.5)) as sandbox:
        for run_id in ("basic", "threaded", "one", "two"):
            export_run(sandbox, run_id, exported=False)
        yield sandbox


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_an_example(sandbox, tmp_path, name):
    arguments, says = CASES[name]
    before = sandbox.stats()["fork_refusals"]
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        done = subprocess.run(
            [sys.executable, "-W", "error", EXAMPLES / name, *arguments],
            env=script_environment(sandbox, tmp_path),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            timeout=HANG_S,
            check=False,
        )
    text = out.read_text()
    assert done.returncode == 0, text
    assert "Traceback" not in text
    for words in says:
        assert words in text, text
    assert sandbox.stats()["fork_refusals"] == before, "what is forked is ready by then"


@pytest.mark.parametrize("name", CASES)
def test_without_arguments_it_shows_its_usage(tmp_path, name):
    [wanted] = re.findall(rf"`({re.escape(name)} [^`]*)`", (EXAMPLES / "README.md").read_text())
    done = started(name, environ=os.environ, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Usage: python {wanted}\n")


@pytest.mark.parametrize("name", [name for name in CASES if "WANDB_VIEWER_PW" in (EXAMPLES / name).read_text()])
def test_without_a_password_it_says_what_to_set(tmp_path, name):
    bare = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
    done = started(name, *CASES[name][0], environ=bare, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "Set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW to sign in with.\n"


def started(name, *arguments, environ, cwd):
    command = [sys.executable, EXAMPLES / name, *arguments]
    return subprocess.run(command, env=environ, cwd=cwd, capture_output=True, text=True, timeout=HANG_S, check=False)


def test_the_table_lists_each_example():
    table = (EXAMPLES / "README.md").read_text()
    assert set(CASES) == {path.name for path in EXAMPLES.glob("*.py")}
    assert all(f"`{name} " in table for name in CASES)
