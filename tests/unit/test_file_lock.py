"""Locks between processes, also on file systems that have none."""

from __future__ import annotations

import errno
import sys

import pytest

from tests.kernel_errors import without_locks
from wandb_tui.services.disk.file_lock import ProcessLock

# The errors of file systems without locks. The lock itself tells them apart; its users are shown with one of them.
NO_LOCKS = pytest.mark.parametrize("error", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK], ids=errno.errorcode.get)
ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="seccomp is Linux's")


def test_one_holder_at_a_time(tmp_path):
    first, second = ProcessLock(tmp_path / "locks" / "a.lock"), ProcessLock(tmp_path / "locks" / "a.lock")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    assert not first.problem
    assert (tmp_path / "locks" / "a.lock").stat().st_mode & 0o777 == 0o600


@ON_LINUX
@NO_LOCKS
def test_where_nothing_can_be_locked_work_goes_on_and_is_reported_once(tmp_path, error):
    source = """
import asyncio, logging, sys
from pathlib import Path
from wandb_tui.services.disk.file_lock import ProcessLock, locked

logging.basicConfig(stream=sys.stdout, format="LOG %(message)s")
path = Path(sys.argv[1]) / "a.lock"
first, second = ProcessLock(path, warn=lambda text: print("USER", text)), ProcessLock(path, warn=print)
print(first.acquire(), second.acquire(), "cannot lock files" in first.problem)

async def sign_in():
    async with locked(path, 3600, print) as held:
        print("held" if held else "went on")

asyncio.run(sign_in())
"""
    lines = without_locks(source, tmp_path, error=error).splitlines()
    [logged] = [line.removeprefix("LOG ") for line in lines if line.startswith("LOG ")]
    assert [line for line in lines if not line.startswith("LOG ")] == [f"USER {logged}", "True True True", "went on"]
    assert logged.endswith("run one wandb-tui at a time, or set XDG_STATE_HOME to a local folder.")


@ON_LINUX
def test_the_watch_list_is_saved_where_nothing_can_be_locked(tmp_path):
    source = """
import sys
from pathlib import Path
from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.persistence import RowChange, StoredRun
from wandb_tui.services.disk.store import SqliteWatchStore

run = RunAddress("lab", "forks", "abc")
for attempt in range(2):
    store = SqliteWatchStore(Path(sys.argv[1]) / "lists?" / "watchlist.sqlite3", "https://wandb.test")
    print(len(store.load()), "cannot lock files" in store.warning)
    store.write([RowChange(run, StoredRun(run, Goal()), added=True)])
"""
    assert without_locks(source, tmp_path, error=errno.ENOLCK).splitlines() == ["0 True", "1 True"]


@ON_LINUX
def test_a_watch_list_that_cannot_be_locked_is_not_waited_for_as_if_it_were_locked(tmp_path):
    source = """
import sqlite3, sys
from pathlib import Path
from wandb_tui.services.disk import store

connect, waits = sqlite3.connect, []
sqlite3.connect = lambda *address, timeout, **more: waits.append(timeout) or connect(*address, timeout=timeout, **more)
list_ = store.SqliteWatchStore(Path(sys.argv[1]) / "watchlist.sqlite3", "https://wandb.test")
list_.load()
print(waits[0] < 1, "cannot lock files" in list_.warning)
"""
    assert without_locks(source, tmp_path, error=errno.ENOLCK).split() == ["True", "True"]


@ON_LINUX
def test_commands_say_that_the_list_cannot_be_locked(tmp_path):
    source = """
import os, sys
os.environ |= {"XDG_STATE_HOME": sys.argv[1], "XDG_CONFIG_HOME": sys.argv[1], "WANDB_BASE_URL": "http://127.0.0.1:9"}
from wandb_tui.cli import cli
sys.stderr = sys.stdout
for words in ("add lab/forks/abc", "list --json", "add --follow lab/forks/*", "remove --follow lab/forks/*"):
    cli.main(words.split(), standalone_mode=False)
"""
    lines = without_locks(source, tmp_path, error=errno.ENOLCK).splitlines()
    said = [line.partition(" ")[0] for line in lines if not line.startswith("wandb-tui: ")]
    assert said == ["lab/forks/abc", '{"time":', "lab/forks/*", "lab/forks/*"]
    assert len([line for line in lines if "cannot lock files" in line]) == 4


@ON_LINUX
def test_hooks_run_where_nothing_can_be_locked(tmp_path):
    source = """
import sys
from pathlib import Path
from wandb_tui.core.address import RunAddress
from wandb_tui.core.hook_env import AttemptOutcome
from wandb_tui.core.state import State
from wandb_tui.services.disk.settings import HookCommands
from wandb_tui.services.hooks import CommandHooks

folder = Path(sys.argv[1])
hooks = CommandHooks(HookCommands(on_success=("touch", str(folder / "ran"))), folder / "hooks.lock")
hooks.ended(AttemptOutcome(RunAddress("lab", "forks", "abc"), State.AVAILABLE), print)
print(hooks.join(30), (folder / "ran").exists())
"""
    assert without_locks(source, tmp_path, error=errno.ENOLCK).split() == ["True", "True"]


@ON_LINUX
def test_doctor_reports_that_nothing_can_be_locked(tmp_path):
    source = """
import sys
from pathlib import Path
from wandb_tui.doctor.local_checks import _files
from wandb_tui.services.disk.paths import Paths
from wandb_tui.wiring import Wiring

folder = Path(sys.argv[1])
wiring = Wiring(environ={"WANDB_BASE_URL": "http://127.0.0.1:1"}, paths=Paths(folder, folder / "state", folder))
print(_files(wiring).message)
"""
    assert "cannot be locked" in without_locks(source, tmp_path, error=errno.ENOLCK)
