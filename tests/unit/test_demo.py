"""The demo's folder, and its last words."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wandb_tui.cli import demo
from wandb_tui.cli.demo import own_folder

HOLDS_ONE = """
import time
from wandb_tui.cli.demo import own_folder
with own_folder() as folder:
    (folder / "data").write_text("…")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(demo, "_NEW_FOLDER_S", 0.0)
    return tmp_path


def test_what_a_killed_demo_has_left_goes_at_the_next_start_and_nothing_else(temporary):
    process = subprocess.Popen([sys.executable, "-c", HOLDS_ONE], stdout=subprocess.PIPE, text=True)
    with process:
        killed = process.stdout.readline().strip()
        elsewhere, no_lock = temporary / "elsewhere", temporary / "wandb-tui-demo-other"
        for folder in (elsewhere, no_lock):
            folder.mkdir()
        (elsewhere / "in-use").touch()
        link = temporary / "wandb-tui-demo-link"
        link.symlink_to(elsewhere)
        with own_folder() as used:
            assert Path(killed).is_dir(), "its demo is at work"
            process.send_signal(signal.SIGKILL)
            process.wait()
            with own_folder() as mine:
                assert sorted(temporary.iterdir()) == sorted([elsewhere, link, mine, no_lock, used])
    assert sorted(temporary.iterdir()) == sorted([elsewhere, link, no_lock])


def test_a_lock_that_is_new_may_be_about_to_be_held(temporary, monkeypatch):
    monkeypatch.setattr(demo, "_NEW_FOLDER_S", 60.0)
    starting = temporary / "wandb-tui-demo-starting"
    starting.mkdir()
    (starting / "in-use").touch()
    with own_folder():
        assert starting.exists()


@pytest.mark.parametrize(
    ("environ", "launcher"),
    [
        ({}, ""),
        ({"UV_RUN_RECURSION_DEPTH": "1", "PATH": ""}, "python3 -m uv run "),
        ({"UV_RUN_RECURSION_DEPTH": "1", "PATH": "here"}, "uv run "),
    ],
)
def test_the_last_words_work_where_it_was_started(temporary, monkeypatch, environ, launcher):
    here = temporary / "here"
    here.mkdir()
    (here / "uv").touch(mode=0o755)
    monkeypatch.chdir(temporary)
    assert demo._launcher(environ) == launcher
