"""Followed queries on disk: kept with the runs that have joined, shared by two programs, and each change of its own."""

import sqlite3
from contextlib import closing

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.persistence import QueryChange, RowChange, StoredQuery, StoredRun
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.core.schedule import Times
from wandb_tui.services.disk.schema import MIGRATIONS
from wandb_tui.services.disk.store import SqliteWatchStore

SERVER = "https://api.wandb.ai"
GROUP = ProjectQuery.parse('lab/forks/* group:"big one" brisk "a b"')
ALL = ProjectQuery.parse("my team/forks/*")


def follow(query, goal="exists", *run_ids, **more):
    return QueryChange(
        query, StoredQuery(query, Goal.parse(goal), **more), added=True, settings_changed=True, joined=run_ids
    )


def test_what_is_followed_comes_back_with_the_runs_that_have_joined(tmp_path):
    store = SqliteWatchStore(tmp_path / "list", SERVER)
    assert (store.load(), store.load_queries()) == ([], [])
    store.write([], [follow(GROUP, "complete", "b", "a", times=Times(1.0, 0.0)), follow(ALL)])
    other = SqliteWatchStore(tmp_path / "list", SERVER)
    assert other.load_queries() == [
        StoredQuery(GROUP, Goal.parse("complete"), Times(1.0, 0.0), ("a", "b")),
        StoredQuery(ALL, Goal(), None, ()),
    ]
    assert SqliteWatchStore(tmp_path / "list", "https://other").load_queries() == []


def test_another_program_sees_each_change_and_what_it_removed_stays_removed(tmp_path):
    ours, theirs = (SqliteWatchStore(tmp_path / "list", SERVER) for _ in range(2))
    ours.load(), theirs.load()
    ours.write([], [follow(GROUP)])
    assert [one.query for one in theirs.external_changes().queries] == [GROUP]
    assert ours.external_changes() is None
    run = RunAddress("lab", "forks", "a")
    joined = QueryChange(GROUP, StoredQuery(GROUP, Goal()), joined=("a",))
    ours.write([RowChange(run, StoredRun(run, Goal()), added=True)], [joined])
    found = theirs.external_changes()
    assert ([row.run for row in found.rows], found.queries[0].run_ids) == ([run], ("a",))
    theirs.write([], [QueryChange(GROUP, None)])
    # A run that joins meanwhile brings the query back neither here nor there.
    ours.write([], [joined])
    assert ours.external_changes().queries == ()
    # Followed again, it knows nothing of its former runs; so they would join again.
    ours.write([], [QueryChange(GROUP, None).then(follow(GROUP, "exists", "b"))])
    assert ours.load_queries()[0].run_ids == ("b",)


def test_a_row_that_cannot_be_read_is_skipped(tmp_path):
    store = SqliteWatchStore(tmp_path / "list", SERVER)
    store.write([], [follow(GROUP), follow(ALL)])
    with closing(sqlite3.connect(tmp_path / "list")) as db, db:
        db.execute("""UPDATE query SET conditions = '{"colour": "red"}' WHERE project = 'forks' AND entity = 'lab'""")
    assert [one.query for one in store.load_queries()] == [ALL]


def test_a_file_of_the_version_before_is_migrated_with_its_rows(tmp_path, monkeypatch):
    run = RunAddress("lab", "forks", "a")
    monkeypatch.setattr("wandb_tui.services.disk.schema.MIGRATIONS", MIGRATIONS[:4])
    SqliteWatchStore(tmp_path / "list", SERVER).write([RowChange(run, StoredRun(run, Goal()), added=True)])
    monkeypatch.undo()
    store = SqliteWatchStore(tmp_path / "list", SERVER)
    store.write([], [follow(GROUP)])
    assert ([row.run for row in store.load()], len(store.load_queries())) == ([run], 1)
