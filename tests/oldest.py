"""Runs tests on other versions of wandb than the newest.

``python -m tests.oldest [TEST]...`` runs the tests that touch the SDK on the oldest version that we support;
``python -m tests.oldest --matrix [VERSION]...`` the most telling of them on each version, and prints a table.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = (
    "tests/unit/test_settings.py",
    "tests/integration/test_fallbacks.py",
    "tests/integration/test_goals.py",
    "tests/integration/test_library.py",
    "tests/integration/test_sandbox_export.py",
    "tests/integration/test_sandbox_sdk.py",
)
VERSIONS = ("0.24.1", "0.25.1", "0.27.2", "0.28.2", "0.29.0", "0.30.0", "0.31.0")
MATRIX = {
    "wait": (
        "tests/integration/test_wait.py::test_it_signs_in_visits_polls_and_names_the_version",
        "tests/integration/test_fallbacks.py::test_the_sdk_answers_where_nothing_else_is_understood",
    ),
    "fork": (
        "tests/integration/test_fork.py::test_what_is_not_exported_is_visited_and_a_stale_export_is_renewed",
        "tests/integration/test_fork.py::test_run_objects_of_both_kinds_and_another_run_that_is_active",
    ),
    "fork by metric": (
        "tests/integration/test_fork.py::test_called_again_with_the_same_id_the_fork_is_resumed",
        "tests/integration/test_exec.py::test_a_metric_and_its_value_stand_for_the_step",
    ),
    "exec": (
        "tests/integration/test_exec.py::test_an_unchanged_script_goes_on_from_the_step",
        "tests/integration/test_exec.py::test_called_again_with_the_same_id_the_script_resumes_its_fork",
        "tests/integration/test_exec.py::test_where_it_is_refused_the_script_resumes_a_replay_if_wanted",
    ),
    "replay": ("tests/integration/test_replay.py",),
    "refusals": ("tests/integration/test_refusals.py::test_each_refusal_has_its_error_and_its_sentence",),
    "rewind": ("tests/integration/test_rewind.py::test_a_run_is_rewound_twice_and_refusals_are_survived",),
    "download": (
        "tests/integration/test_download.py::test_it_is_whole_and_a_second_call_brings_nothing_again",
        "tests/integration/test_sandbox_export.py::test_a_visit_exports_the_history_and_the_sdk_downloads_it",
    ),
    "sync": (
        "tests/integration/test_sandbox_sdk.py::test_an_offline_run_is_synchronised",
        "tests/integration/test_sync.py::test_a_family_is_synced_in_order_killed_in_the_middle_and_called_again",
        "tests/integration/test_sync.py::test_twelve_runs_in_three_generations_survive_a_random_order_and_a_kill",
        "tests/integration/test_sync.py::test_of_a_run_that_was_uploaded_in_part_only_the_rest_is_uploaded",
    ),
}


def main() -> int:
    if sys.argv[1:2] == ["--matrix"]:
        return matrix(tuple(sys.argv[2:]) or VERSIONS)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *(sys.argv[1:] or TESTS)]
    with tempfile.TemporaryDirectory(prefix="wandb-tui-oldest-") as folder:
        return subprocess.run(command, cwd=ROOT, env=environment(oldest(), folder), check=False).returncode


def matrix(versions: tuple[str, ...]) -> int:
    """Run the few tests of the matrix on each version, one after the other; returns how many cells failed."""
    rows = [f"| wandb | {' | '.join(MATRIX)} |", f"| --- |{' --- |' * len(MATRIX)}"]
    failed = 0
    for version in versions:
        with tempfile.TemporaryDirectory(prefix="wandb-tui-matrix-") as folder:
            environ = environment(version, folder)
            cells = {name: passes(tests, environ) for name, tests in MATRIX.items()}
        failed += list(cells.values()).count(False)
        rows.append(f"| {version} | {' | '.join('yes' if passed else 'NO' for passed in cells.values())} |")
        print(rows[-1], flush=True)
    print("\n".join(rows))
    return failed


def passes(tests: tuple[str, ...], environ: dict[str, str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "--tb", "short", *tests]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode == 0


def environment(version: str, folder: str) -> dict[str, str]:
    """Install a version into a folder, and make it the one that tests, and the processes that they start, import."""
    install(version, folder)
    environ = {**os.environ, "PYTHONPATH": folder, "WANDB_ERROR_REPORTING": "false"}
    command = [sys.executable, "-c", "import wandb; print(wandb.__version__)"]
    found = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout.strip()
    if found != version:
        sys.exit(f"wandb {found} is imported in place of {version}.")
    print(f"── wandb {version}", flush=True)
    return environ


def oldest() -> str:
    """The lower bound in pyproject.toml."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return next(found[1] for line in wanted if (found := re.fullmatch(r"wandb>=([\d.]+)", line)))


def install(version: str, folder: str) -> None:
    """Install that version of wandb, with its dependencies, into a folder."""
    subprocess.run([*uv_pip(), "--target", folder, f"wandb=={version}"], cwd=folder, check=True)


def uv_pip() -> list[str]:
    """The command that installs packages without the project's pins: an older wandb needs an older protobuf."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        return [sys.executable, "-m", "pip", "install", "-q"]
    return [uv, "pip", "install", "-q", "--no-config", "--python", sys.executable]


if __name__ == "__main__":
    sys.exit(main())
