"""The watch list on disk: what is stored, by which dashboard, and what happens when the disk fails."""

import os
import sqlite3
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.core_fakes import RUN
from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import StoreError
from wandb_tui.core.events import Failure, Level, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt, LogLine, counted
from wandb_tui.core.notice import EventKind, Notice, text_notice
from wandb_tui.core.persistence import RowChange, StoredRun
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import Times
from wandb_tui.core.state import State
from wandb_tui.services.disk import store as stores
from wandb_tui.services.disk.schema import prepare
from wandb_tui.services.disk.store import MAX_STORED_LINES, SqliteWatchStore
from wandb_tui.text.event_text import event_text

OTHER = RunAddress("lab", "forks", "def456")
SERVER = "https://api.wandb.ai"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
WAITING = StoredRun(RUN, Goal(), 1, State.WAITING, text_notice("Not yet"), None, 12.5, baseline=2)

OLD_TABLE = """
CREATE TABLE run (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  server TEXT NOT NULL, entity TEXT NOT NULL, project TEXT NOT NULL, run_id TEXT NOT NULL,
  goal TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
  artifact TEXT, elapsed REAL NOT NULL, UNIQUE (server, entity, project, run_id)
)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "watchlist.sqlite3"


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def store(path):
    return SqliteWatchStore(path, SERVER)


def another(path, server=SERVER, **options):
    return SqliteWatchStore(path, server, **options)


def added(row, *lines):
    return RowChange(row.run, row, added=True, settings_changed=True, lines=lines)


def line(number, attempt=1, **more):
    return LogLine(NOON + timedelta(seconds=number), attempt, text_notice(f"line {number}"), **more)


def count(path, table):
    with sqlite3.connect(path) as db:
        found = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own table
    db.close()
    return found


def test_a_row_comes_back_as_it_was(store, path, open_umask):
    attempts = (
        Attempt(1, NOON, NOON + timedelta(seconds=9), State.FAILED, text_notice("No")),
        Attempt(2, NOON + timedelta(seconds=10), None, State.WAITING, text_notice("Not yet")),
    )
    row = replace(WAITING, attempt=2, attempts=attempts)
    store.write([added(row), added(StoredRun(OTHER, Goal.parse("step:200")))])
    first, second = another(path).load()
    assert first == row
    assert second.goal == Goal.parse("step:200")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_known_of_the_run_and_why_it_failed_are_stored(store, path):
    known = replace(WAITING, run_info=RunInfo("brisk-sun-12", "running", 1204), times=Times(7.0, 0.0))
    failed = StoredRun(OTHER, Goal(), 1, State.FAILED, text_notice("No such run"), failure=Failure.NOT_FOUND)
    store.write([added(known), added(failed)])
    assert another(path).load() == [known, failed]
    store.write([RowChange(RUN, replace(WAITING, run_info=RunInfo(state="finished", last_step=2**70)))])
    first, _ = another(path).load()
    assert first.run_info == RunInfo("brisk-sun-12", "finished", 1204), "what is not told now is not forgotten"
    assert first.times == Times(7.0, 0.0), "what was not wished here stays"
    with sqlite3.connect(path) as db:
        db.execute("UPDATE run SET failure = 'of a later version'")
    db.close()
    assert [row.failure for row in another(path).load()] == [None, None]


def test_rows_belong_to_their_server(store, path):
    store.write([added(WAITING)])
    assert another(path, "https://acme.wandb.io").load() == []
    store.save_view("filter", "lab")
    assert another(path, "https://acme.wandb.io").load_view() == {}


def test_lines_are_stored_whole_in_order_and_bounded(store, path):
    first = LogLine(
        NOON, 1, text_notice("naïve 🔐 \x1b[31m \ud800 line"), MonitorStatus.SIGNING_IN, Level.ERROR, State.SIGNING_IN
    )
    store.write([added(WAITING, first)])
    again = another(path)
    again.load()
    (stored,) = again.lines(RUN)
    assert stored == replace(first, notice=text_notice(event_text(first.notice).replace("\ud800", "?")))
    for number in range(0, 1000, 10):
        store.write([RowChange(RUN, WAITING, notify=False, lines=tuple(line(number + i) for i in range(10)))])
    again = another(path)
    again.load()
    lines = again.lines(RUN)
    assert [event_text(n.notice) for n in lines] == [f"line {n}" for n in range(1000 - MAX_STORED_LINES, 1000)]
    assert count(path, "line") <= MAX_STORED_LINES + 60


def test_only_the_lines_from_before_the_load_are_reported(store):
    store.write([added(WAITING, line(1))])
    store.load()
    store.write([RowChange(RUN, WAITING, lines=(line(2),))])
    assert [event_text(n.notice) for n in store.lines(RUN)] == ["line 1"]


def test_what_is_removed_goes_with_all_that_belongs_to_it(store, path):
    row = replace(WAITING, attempts=(Attempt(1, NOON),))
    store.write([added(row, line(1)), added(StoredRun(OTHER, Goal()))])
    store.write([RowChange(RUN, None)])
    assert [row.run for row in another(path).load()] == [OTHER]
    assert count(path, "line") == count(path, "attempt") == 0
    store.write([added(row)])
    assert [row.run for row in another(path).load()] == [OTHER, RUN]


def test_views_are_stored_by_key(store, path):
    store.save_view("filter", "!abc")
    store.save_view("panes", {"open": ["a", "b"], "wrap": False})
    store.save_view("filter", "lab")
    assert another(path).load_view() == {"filter": "lab", "panes": {"open": ["a", "b"], "wrap": False}}
    store.save_view("filter", None)
    assert set(another(path).load_view()) == {"panes"}


# Two dashboards


def test_there_is_no_change_by_others(store):
    store.load()
    assert store.external_changes() is None
    store.write([added(WAITING)])
    assert store.external_changes() is None


def test_what_another_dashboard_adds_changes_and_removes_is_seen(store, path):
    other = another(path)
    store.load()
    other.load()
    store.write([added(WAITING)])
    other.write([added(StoredRun(OTHER, Goal()))])
    assert {row.run for row in store.external_changes().rows} == {RUN, OTHER}
    assert {row.run for row in other.external_changes().rows} == {RUN, OTHER}
    assert store.external_changes() is other.external_changes() is None
    other.write(
        [RowChange(RUN, replace(WAITING, goal=Goal.parse("v3")), settings_changed=True), RowChange(OTHER, None)]
    )
    (row,) = store.external_changes().rows
    assert row.goal == Goal.parse("v3")
    other.write([RowChange(RUN, WAITING, notify=False, lines=(line(1),))])
    assert store.external_changes() is None, "its log alone is no news"


def test_progress_does_not_bring_back_what_another_has_removed(store, path):
    store.write([added(WAITING)])
    another(path).write([RowChange(RUN, None)])
    store.write([RowChange(RUN, WAITING, lines=(line(1),))])
    assert another(path).load() == []


def test_what_comes_back_stands_where_it_stood(store, path):
    rows = [replace(WAITING, run=RunAddress("lab", "forks", f"r{n}")) for n in range(4)]
    store.write([added(row) for row in rows])
    store.write([RowChange(rows[1].run, None), RowChange(rows[2].run, None)])
    store.write([added(replace(WAITING, run=OTHER)), added(rows[2])])
    store.write([replace(added(rows[1]), restore_position=True)])
    at_once = RowChange(rows[0].run, None).then(replace(added(rows[0]), restore_position=True), 10)
    store.write([at_once])
    assert [row.run for row in another(path).load()] == [rows[0].run, rows[1].run, rows[3].run, OTHER, rows[2].run]


def test_in_another_file_what_comes_back_takes_no_ones_place(store, path):
    store.write([added(WAITING)])
    store.write([RowChange(RUN, None)])
    path.unlink()
    another(path).write([added(replace(WAITING, run=OTHER))])
    store.write([replace(added(WAITING), restore_position=True)])
    assert [row.run for row in another(path).load()] == [OTHER, RUN]


def test_progress_does_not_undo_another_dashboards_goal(store, path):
    store.write([added(WAITING)])
    another(path).write([RowChange(RUN, replace(WAITING, goal=Goal.parse("v3")), settings_changed=True)])
    store.write([RowChange(RUN, WAITING)])
    assert another(path).load()[0].goal == Goal.parse("v3")


@pytest.mark.parametrize(
    "end",
    [
        {"state": State.CANCELLED},
        {"state": State.AVAILABLE},
        {"state": State.FAILED, "notice": Notice(EventKind.ATTEMPT_UNDONE, attempt=1)},
    ],
)
def test_an_attempt_that_has_ended_stays_so_until_the_next_one(store, path, end):
    store.write([added(WAITING)])
    another(path).write([RowChange(RUN, replace(WAITING, **end))])
    store.write([RowChange(RUN, WAITING)])
    assert another(path).load()[0].state is end["state"]
    store.write([RowChange(RUN, replace(WAITING, attempt=2))])
    assert another(path).load()[0].state is State.WAITING
    another(path).write([RowChange(RUN, WAITING)])
    assert another(path).load()[0].attempt == 2


def test_many_writers_lose_nothing(path):
    def work(name):
        mine = another(path)
        for number in range(10):
            run = RunAddress("lab", name, f"run{number}")
            mine.write([added(StoredRun(run, Goal(), 1), line(number))])

    threads = [threading.Thread(target=work, args=(f"project{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = another(path).load()
    assert len(rows) == len({row.run for row in rows}) == 40


# Older and newer files


def test_a_file_of_the_first_version_is_brought_up_to_date(store, path):
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute(OLD_TABLE)
        values = (SERVER, "lab", "forks", "abc123", "newer", 3, "waiting", "Not yet", None, 42.0)
        db.execute("INSERT INTO run VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    db.close()
    (row,) = store.load()
    assert row == StoredRun(RUN, Goal.parse("newer"), 3, State.WAITING, text_notice("Not yet"), None, 42.0)
    store.write([RowChange(RUN, row, lines=(line(1),))])
    store.save_view("filter", "lab")
    assert another(path).load_view() == {"filter": "lab"}


def test_a_list_of_version_0_1_0_opens_with_nothing_lost(store, path):
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.executescript((Path(__file__).parent / "data" / "watchlist-0.1.0.sql").read_text(encoding="utf-8"))
        texts = [text for (text,) in db.execute("SELECT message FROM line WHERE run = 1 ORDER BY id")]
    db.close()
    waits, failed = store.load()
    assert (waits.run, waits.goal, waits.attempt, waits.state) == (RUN, Goal.parse("step:200"), 2, State.WAITING)
    assert event_text(waits.notice).startswith("Artifact v1 covers step 99, waiting for 200")
    assert (waits.artifact, waits.elapsed, waits.baseline) == ("lab/forks/run-abc123-history:v1", 83.5, 1)
    assert (waits.run_info, waits.times) == (RunInfo("brisk-sun-12", "running", 1204), Times(2.0, 600.0))
    assert [(one.number, one.state, event_text(one.notice)) for one in waits.attempts] == [
        (1, State.FAILED, "Visit failed"),
        (2, State.WAITING, "Waiting"),
    ]
    assert (failed.run, failed.failure, event_text(failed.notice)) == (
        *(OTHER, Failure.NOT_FOUND),
        "There is no project lab/forks.",
    )
    lines = store.lines(RUN)
    assert [event_text(one.notice) for one in lines] == texts
    assert [one.nth for one in counted(lines)] == [1, 1, 1, 2, 3, 1, 2], "what repeated is folded as it was"
    assert store.load_view() == {"filter": "lab"}


def test_two_programs_may_bring_it_up_to_date_at_once(path):
    errors = []

    def begin():
        try:
            another(path).load()
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_newer_file_is_left_alone(store, path):
    store.load()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="newer wandb-tui"):
        another(path).load()
    assert path.exists()


def test_a_row_of_the_future_is_left_alone(store, path):
    store.write([added(WAITING), added(StoredRun(OTHER, Goal()))])
    with sqlite3.connect(path) as db:
        db.execute("UPDATE run SET state = 'dreaming' WHERE run_id = 'abc123'")
    db.close()
    assert [row.run for row in another(path).load()] == [OTHER]


# Disks that do not want to


@pytest.mark.parametrize("damage", ["all", "middle"])
def test_a_damaged_file_is_put_aside_and_reported(store, path, damage):
    store.write(
        [
            added(StoredRun(RunAddress("lab", "forks", f"run{n}"), Goal(), notice=text_notice("x" * 300)))
            for n in range(200)
        ]
    )
    content = bytearray(path.read_bytes())
    content[0 if damage == "all" else 4096 : len(content)] = b"\xff" * (len(content) - (0 if damage == "all" else 4096))
    path.write_bytes(content)
    path.with_name(path.name + "-journal").write_bytes(b"old")
    fresh = another(path)
    with pytest.raises(StoreError, match=r"was damaged; it was renamed to .*damaged-"):
        fresh.load()
    assert len(list(path.parent.glob("*.damaged-*[0-9]"))) == 1
    fresh.write([added(WAITING)])
    assert [row.run for row in another(path).load()] == [RUN]


def test_a_file_that_was_replaced_is_no_removal(store, path):
    other = another(path)
    other.write([added(WAITING)])
    store.load()
    path.unlink()
    other.write([added(StoredRun(OTHER, Goal()))])
    found = store.external_changes()
    assert found.replaced
    assert [row.run for row in found.rows] == [OTHER]


def test_a_file_locked_by_another_program_is_reported(store, path):
    store.load()
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked by another program"):
            another(path, lock_timeout=0.05).write([added(WAITING)])
        db.execute("ROLLBACK")
    db.close()


def test_a_place_where_nothing_can_be_written_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        another(tmp_path / "file" / "watchlist.sqlite3").load()


def test_what_fails_changes_nothing(store, path):
    store.write([added(WAITING)])

    class Broken:
        def __getattr__(self, name):
            raise RuntimeError(name)

    with pytest.raises(RuntimeError):
        store.write([added(StoredRun(OTHER, Goal())), RowChange(RUN, Broken())])
    assert [row.run for row in another(path).load()] == [RUN]


@pytest.fixture
def pragma(monkeypatch):
    """Lets every connection begin with a pragma, so that SQLite itself meets with trouble."""
    wanted = []

    def prepared(db):
        prepare(db)
        for one in wanted:
            db.execute(f"PRAGMA {one}")

    monkeypatch.setattr(stores, "prepare", prepared)
    return wanted


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("max_page_count = 1", "the disk is full. Free some space"),
        ("query_only = 1", "cannot be written. Make its folder"),
    ],
)
def test_a_disk_that_takes_nothing_more_is_reported_and_can_still_be_read(store, path, pragma, trouble, says):
    store.write([added(WAITING)])
    pragma.append(trouble)
    with pytest.raises(StoreError, match=says):
        store.write([added(StoredRun(OTHER, Goal()), *(line(n) for n in range(2000)))])
    assert [row.run for row in another(path).load()] == [RUN]
    pragma.clear()
    store.write([added(StoredRun(OTHER, Goal()))])
    assert len(another(path).load()) == 2
