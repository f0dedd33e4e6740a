"""Runs the tests that touch the SDK with the oldest wandb that we support: ``python -m tests.oldest [TEST]...``."""

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


def main() -> int:
    version = oldest()
    with tempfile.TemporaryDirectory(prefix="wandb-tui-oldest-") as folder:
        install(version, folder)
        # First on the path, so that the tests and the processes that they start import this version.
        environ = {**os.environ, "PYTHONPATH": folder, "WANDB_ERROR_REPORTING": "false"}
        found = subprocess.run(
            [sys.executable, "-c", "import wandb; print(wandb.__version__)"],
            env=environ,
            check=True,
            capture_output=True,
            text=True,
        )
        if found.stdout.strip() != version:
            print(f"wandb {found.stdout.strip()} is imported in place of {version}.")
            return 1
        print(f"── wandb {version}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *(sys.argv[1:] or TESTS)]
        return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def oldest() -> str:
    """The lower bound in pyproject.toml."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return next(found[1] for line in wanted if (found := re.fullmatch(r"wandb>=([\d.]+)", line)))


def install(version: str, folder: str) -> None:
    """Install that version of wandb, with its dependencies, into a folder."""
    uv = os.environ.get("UV") or shutil.which("uv")
    pip = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
    # Without the project's pins: an older wandb needs an older protobuf.
    alone = ["--no-config", "--python", sys.executable] if uv else []
    subprocess.run([*pip, "install", "-q", *alone, "--target", folder, f"wandb=={version}"], cwd=folder, check=True)


if __name__ == "__main__":
    sys.exit(main())
