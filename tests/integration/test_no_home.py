"""Commands where there is no home folder, or none that can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))
UNKNOWN_USER = """
import pwd

def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

pwd.getpwuid = unknown
"""


@pytest.fixture
def environ(tmp_path):
    """An environment without a home, of a user that the system does not know."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(UNKNOWN_USER)
    ours = {name: value for name, value in os.environ.items() if name != "HOME" and not name.startswith("XDG_")}
    return {**ours, "PYTHONPATH": str(tmp_path / "site"), "WANDB_BASE_URL": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    "command", [["wait", "lab/p/r"], ["doctor"], ["login", "--api-key-stdin"], ["logout"], ["lab/p/r"]], ids=" ".join
)
def test_one_sentence_names_what_to_set(environ, tmp_path, command):
    done = subprocess.run(
        [PROGRAM, *command],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        input="",
        timeout=90,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "HOME is not set" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "~").exists()


def test_with_folders_named_a_home_is_not_needed(environ, tmp_path):
    folders = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [PROGRAM, "wait", "lab/p/r", "--timeout", "1", "--no-visit"],
        env={**environ, **folders, "WANDB_API_KEY": "k" * 40},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
