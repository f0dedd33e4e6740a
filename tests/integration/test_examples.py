"""Every example runs as it stands, as a user would run it, with the real SDK and the real browser."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.scripts import export_run, script_environment
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
            timeout=90,
            check=False,
        )
    text = out.read_text()
    assert done.returncode == 0, text
    assert "Traceback" not in text
    for words in says:
        assert words in text, text
    assert sandbox.stats()["fork_refusals"] == before, "what is forked is ready by then"


def test_the_table_lists_each_example():
    table = (EXAMPLES / "README.md").read_text()
    assert set(CASES) == {path.name for path in EXAMPLES.glob("*.py")}
    assert all(f"`{name} " in table for name in CASES)
