"""Edits of the stored watch list without a dashboard, and what the next dashboard makes of them."""

import queue
from dataclasses import replace

import pytest

from tests.unit.core_fakes import RUN, FakeProber
from wandb_tui.core.goal import Goal
from wandb_tui.core.list_edits import added, cancelled, removed, restarted
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import RowChange, StoredRun
from wandb_tui.core.ports import Services
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchList
from wandb_tui.services.disk.store import SqliteWatchStore
from wandb_tui.text.event_text import event_text

V3 = Goal.parse("v3")
WAITING = StoredRun(RUN, Goal(), 2, State.WAITING, text_notice("Not yet"), elapsed=9.0, baseline=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "watchlist.sqlite3"


@pytest.fixture
def store(path):
    return SqliteWatchStore(path, "https://api.wandb.ai")


def stored(store, row):
    store.write([RowChange(RUN, row, added=True, settings_changed=True)])
    return store.load()[0]


@pytest.mark.parametrize(
    ("row", "goal", "expected"),
    [
        (None, None, (0, State.QUEUED, Goal())),
        (None, V3, (0, State.QUEUED, V3)),
        (WAITING, V3, (2, State.WAITING, V3)),
        (replace(WAITING, goal=V3, state=State.FAILED), None, (3, State.QUEUED, V3)),
        (replace(WAITING, state=State.AVAILABLE), V3, (3, State.QUEUED, V3)),
    ],
)
def test_a_run_is_added_as_in_a_dashboard(store, row, goal, expected):
    listed = stored(store, row) if row else None
    (after,) = store.edit(lambda rows: [added(RUN, goal, rows[0] if rows else None)])
    assert (after.attempt, after.state, after.goal) == expected
    assert listed is None or len(store.load()) == 1


@pytest.mark.parametrize("row", [WAITING, replace(WAITING, state=State.AVAILABLE)])
def test_adding_what_is_listed_changes_nothing(store, row):
    assert added(RUN, None, stored(store, row)) is added(RUN, Goal(), row) is None


def test_a_cancel_ends_the_attempt_and_its_log(store):
    stored(store, WAITING)
    (after,) = store.edit(lambda rows: [cancelled(rows[0])])
    assert (after.state, after.attempts[-1].state, after.attempts[-1].ended is None) == (
        State.CANCELLED,
        State.CANCELLED,
        False,
    )
    store.load()
    assert [event_text(line.notice) for line in store.lines(RUN)] == ["Cancelled"]
    assert after.updated == store.lines(RUN)[-1].time
    assert cancelled(after) is None


def test_an_edit_is_seen_by_other_dashboards_and_does_not_lose_theirs(store, path):
    stored(store, WAITING)
    dashboard = SqliteWatchStore(path, "https://api.wandb.ai")
    dashboard.load()
    dashboard.write([RowChange(RUN, replace(WAITING, attempt=3))])
    store.edit(lambda rows: [cancelled(rows[0])])
    (found,) = dashboard.external_changes().rows
    assert (found.attempt, found.state) == (3, State.CANCELLED)
    # The dashboard has not read it yet, and its monitor is still at work.
    dashboard.write([RowChange(RUN, replace(WAITING, attempt=3, state=State.VISITING))])
    assert store.load()[0].state is State.CANCELLED
    store.edit(lambda rows: [removed(rows[0])])
    assert dashboard.external_changes().rows == ()


def test_a_restart_without_a_dashboard_is_a_fresh_attempt_at_the_next_start(store):
    stored(store, replace(WAITING, state=State.FAILED))
    (after,) = store.edit(lambda rows: [restarted(rows[0])])
    messages = queue.SimpleQueue()
    watch_list = WatchList(Services(FakeProber(), None), lambda run, work: None, messages.put)
    row = watch_list.restore(after)
    assert (row.attempt, row.elapsed_then, row.baseline, event_text(row.notice)) == (3, 0.0, None, "Attempt 3")
