"""Every command and snippet of the README and of ``docs/`` runs as it stands, with the real SDK and browser."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.doc_blocks import ELSEWHERE, SHELL, blocks, fenced, kind, lines, shell
from tests.doc_tables import PAGES
from tests.integration.scripts import export_run, script_environment
from tests.integration.terminal import Terminal
from tests.integration.warm_python import run_script
from tests.stopwatch import HANG_S
from wandb_tui.sandbox import Sandbox, SandboxConfig

TRAIN = """
import wandb
with wandb.init(project="forks") as run:
    run.log({"metric": 1})
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.2)) as sandbox:
        metrics = {"metrics": lambda step: {"train/loss": 1 / (step + 1), "global_step": step, "metric": step}}
        matching = {"tags": ["hero"], "run_group": "big one", "sweep": "a1b2c3d4", "display_name": "brisk-sun-1"}
        for run_id, more in {"abc123": matching, "def456": {"run_group": "pbt"}}.items():
            export_run(sandbox, run_id, **metrics)
            state = sandbox.context.state
            state.update_run(state.run(state.project("lab", "forks"), run_id), **more)
        yield sandbox


@pytest.fixture
def place(sandbox, tmp_path):
    """A folder with what the commands name, and the environment of a user with an account and wandb-tui installed."""
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "runs.txt").write_text("lab/forks/abc123\n")
    batch = tmp_path / "bin" / "sbatch"
    batch.parent.mkdir()
    batch.write_text("#!/bin/sh\necho Submitted batch job 1: $*\n")
    batch.chmod(0o755)
    path = os.pathsep.join([str(Path(sys.executable).parent), str(batch.parent), os.environ["PATH"]])
    return SimpleNamespace(folder=tmp_path, environ=script_environment(sandbox, tmp_path) | {"PATH": path})


def run(command, place, **more):
    out = place.folder / "out.txt"
    with out.open("w") as file:
        done = subprocess.run(
            command,
            cwd=place.folder,
            env=place.environ | more,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            timeout=HANG_S,
            check=False,
        )
    text = out.read_text()
    assert done.returncode == 0, text
    assert "Traceback" not in text
    return text


def test_each_block_is_run_somehow():
    count = sum(len(re.findall(r"^```\w", page.read_text(encoding="utf-8"), re.MULTILINE)) for page in PAGES)
    assert count == sum(len(fenced(page, language)) for page in PAGES for language in ("sh", "python", "toml"))
    assert all(any(part in block.values[0] for block in SHELL) for part in ELSEWHERE)
    assert {kind(block.values[0]) for block in SHELL} == {"elsewhere", "install", "dashboard", "script"}


@pytest.mark.parametrize("text", shell("script"))
def test_commands(place, text):
    if "~/experiments" in text:
        (place.folder / "experiments").mkdir()
        offline = {"WANDB_MODE": "offline", "WANDB_DIR": str(place.folder / "experiments")}
        run([sys.executable, "train.py"], place, **offline)
    if "wandb-tui restart -" in text:
        # It restarts all that failed.
        in_the_dashboard("wandb-tui lab/none/abc123", place, "There is no project lab/none")
    printed = run(["bash", "-euo", "pipefail", "-c", text], place)
    assert printed.strip()


@pytest.mark.parametrize("text", blocks("python"))
def test_python(place, sandbox, text):
    if "data/" in text:
        run(["wandb-tui", "download", "lab/forks/*", "--to", "data"], place)
    before = sandbox.stats()["fork_refusals"]
    out = place.folder / "out.txt"
    with out.open("w") as file:
        status = run_script(
            text, environ=place.environ, cwd=place.folder, out=file, timeout=HANG_S, flags=("-W", "error")
        )
    printed = out.read_text()
    assert status == 0, printed
    assert "Traceback" not in printed
    assert sandbox.stats()["fork_refusals"] == before, "what is forked is ready by then"


@pytest.mark.parametrize("text", shell("dashboard"))
def test_the_dashboard(place, text):
    [line] = lines(text)
    in_the_dashboard(line, place, "abc123", "available")


def in_the_dashboard(line, place, *shown):
    with Terminal(place.environ) as terminal:
        terminal.run("bash", "-c", line)
        terminal.until(*shown)
        terminal.keys("q")
        # It asks where another run is still waited for.
        screen = terminal.when(lambda screen: "shell-is-back$" in screen or "Quit wandb-tui?" in screen, "the end")
        if "shell-is-back$" not in screen:
            terminal.keys("y")
        terminal.until("shell-is-back$")
