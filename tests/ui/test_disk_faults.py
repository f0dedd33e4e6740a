"""The dashboard on a real file that is full, damaged, or taken away: a clear message, and nothing stops."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import pytest
from textual.widgets import Static

from tests.screen import until
from tests.ui.fakes import NOT_YET, FakeProber, Scenario, address
from tests.ui.support import running
from wandb_tui.core.goal import Goal
from wandb_tui.core.state import State
from wandb_tui.services.disk import store as stores
from wandb_tui.services.disk.schema import prepare
from wandb_tui.services.disk.store import SqliteWatchStore
from wandb_tui.ui.common.confirm import Confirm
from wandb_tui.ui.runtime import store_writer

SERVER = "https://api.wandb.ai"


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(store_writer, "_MAX_RETRY_S", 0.2)
    monkeypatch.setattr(store_writer, "CHECK_INTERVAL_S", 0.2)
    return tmp_path / "watchlist.sqlite3"


def scenario(path):
    return Scenario(FakeProber(default=NOT_YET), store=SqliteWatchStore(path, SERVER))


def on_disk(path):
    return {row.run.run_id for row in SqliteWatchStore(path, SERVER).load()}


def notified(app, text):
    return any(text in note.message for note in app._notifications)


async def goes_on(app, run_id):
    await until(lambda: app.session.watch_list[address(run_id)].state is State.WAITING)


async def test_a_full_disk(path, monkeypatch):
    full = True

    def prepared(db):
        prepare(db)
        if full:
            db.execute("PRAGMA max_page_count = 1")

    SqliteWatchStore(path, SERVER).load()
    monkeypatch.setattr(stores, "prepare", prepared)
    async with running(scenario(path), *(f"run{n}" for n in range(40))) as (app, _):
        await until(lambda: notified(app, "the disk is full"))
        await goes_on(app, "run39")
        full = False
        await until(lambda: notified(app, "being saved again"))
        await until(lambda: len(on_disk(path)) == 40)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of its own that holds 256 KB; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=256k", "wandb-tui-test", str(folder)]
    if not shutil.which("mount") or subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_quitting_promises_only_what_is_saved(small_disk, path):
    path = small_disk / path.name
    filling = small_disk / "filling"
    async with running(scenario(path), "abc") as (app, pilot):
        await until(lambda: on_disk(path) == {"abc"})
        await pilot.press("q")
        await until(lambda: isinstance(app.screen, Confirm) and app.screen.query(".dialog-text"))
        assert quit_text(app) == "One run is still being watched. The next start resumes it."
        await pilot.press("n")
        with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        for number in range(100):
            app.session.add(address(f"run{number}"), Goal.parse("exists"))
        await until(lambda: notified(app, "the disk is full"))
        await pilot.press("q")
        await until(lambda: isinstance(app.screen, Confirm) and app.screen.query(".dialog-text"))
        assert quit_text(app) == (
            "101 runs are still being watched. The watch list "
            f"{path} cannot be saved: the disk is full. Free some space. Saving is retried. "
            "The next start resumes only what was saved before."
        )
        filling.unlink()
        await until(lambda: notified(app, "being saved again"))
        await until(lambda: quit_text(app) == "101 runs are still being watched. The next start resumes them.")
        assert len(on_disk(path)) == 101


async def test_quitting_saves_at_the_last_moment_what_it_can(small_disk, path, monkeypatch):
    monkeypatch.setattr(store_writer, "_MAX_RETRY_S", 600.0)
    path = small_disk / path.name
    async with running(scenario(path), "abc") as (app, pilot):
        await until(lambda: on_disk(path) == {"abc"})
        monkeypatch.setattr(app.session.store_writer, "_failures", 20)
        filling = small_disk / "filling"
        with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        for number in range(100):
            app.session.add(address(f"run{number}"), Goal.parse("exists"))
        await until(lambda: notified(app, "the disk is full"))
        filling.unlink()
        await pilot.press("q", "y")
        await until(lambda: app.return_value == 0)
    assert len(on_disk(path)) == 101


def quit_text(app):
    return str(app.screen.query_one(".dialog-text", Static).content)


async def test_a_file_that_is_damaged_at_the_start(path):
    path.write_bytes(b"this is no database" * 500)
    async with running(scenario(path), "abc") as (app, _):
        await until(lambda: notified(app, "was damaged; it was renamed"))
        await goes_on(app, "abc")
        await until(lambda: on_disk(path) == {"abc"})


async def test_a_file_that_is_damaged_while_it_is_in_use(path):
    async with running(scenario(path), "abc", "def") as (app, pilot):
        await until(lambda: on_disk(path) == {"abc", "def"})
        path.write_bytes(b"this is no database" * 500)
        await pilot.press("home", "c")
        await until(lambda: notified(app, "was damaged; it was renamed"))
        await until(lambda: on_disk(path) == {"abc", "def"})
        assert len(app.session.watch_list) == 2


async def test_a_file_that_is_taken_away(path):
    async with running(scenario(path), "abc", "def") as (app, _):
        await until(lambda: on_disk(path) == {"abc", "def"})
        path.unlink()
        await until(lambda: on_disk(path) == {"abc", "def"})
        assert len(app.session.watch_list) == 2


async def test_a_place_that_cannot_be_written(path):
    path.mkdir()
    async with running(scenario(path), "abc") as (app, pilot):
        await until(lambda: notified(app, "cannot be written"))
        await goes_on(app, "abc")
        assert len([note for note in app._notifications if "cannot be written" in note.message]) == 1
        await pilot.press("q", "y")
        await until(lambda: app.return_value == 0)


async def test_a_place_that_cannot_be_made(path):
    path.write_text("no folder")
    async with running(scenario(path / "state" / "list"), "abc") as (app, pilot):
        await until(lambda: notified(app, f"Nothing can be saved: the watch list {path}"))
        await goes_on(app, "abc")
        await pilot.press("q", "y")
        await until(lambda: app.return_value == 0)


async def test_two_dashboards_on_one_file(path):
    async with running(scenario(path), "abc") as (one, pilot), running(scenario(path), "def") as (other, _):
        await until(lambda: len(one.session.watch_list) == len(other.session.watch_list) == 2)
        assert len(one.dashboard.table.shown) == len(other.dashboard.table.shown) == 2
        one.session.remove([address("abc")])
        await until(lambda: address("abc") not in other.session.watch_list)
        one.session.undo()
        await until(lambda: address("abc") in other.session.watch_list)
        other.session.cancel(address("def"))
        await until(lambda: one.session.watch_list[address("def")].state is State.CANCELLED)
        one.session.restart(address("def"))
        await until(lambda: other.session.watch_list[address("def")].attempt == 2)
        await goes_on(other, "def")
        await pilot.pause()
    assert on_disk(path) == {"abc", "def"}
