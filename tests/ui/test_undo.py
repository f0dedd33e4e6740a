"""Undo and redo of what was done to the list, here and by another dashboard on the same list."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from tests.screen import until
from tests.ui.fakes import NOT_YET, FakeProber, FakeStore, Scenario, address, there
from tests.ui.support import running
from wandb_tui.core.goal import Goal
from wandb_tui.core.list_edits import cancelled, restarted
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.services.disk.store import SqliteWatchStore
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.runtime import store_writer
from wandb_tui.ui.runtime.undo import MAX_CHANGES

V3 = Goal.parse("v3")


def row(app, run_id="abc"):
    return app.session.watch_list.get(address(run_id))


def toasts(app):
    return [note.message for note in app._notifications]


def prober(**answers):
    return FakeProber(answers, default=NOT_YET)


async def waiting(app, *run_ids):
    await until(lambda: all(row(app, run) and row(app, run).state is State.WAITING for run in run_ids))


async def test_a_cancelled_attempt_resumes_with_its_clock_and_its_baseline():
    store = FakeStore([StoredRun(address("abc"), Goal.parse("newer"), 1, State.WAITING, elapsed=70.0, baseline=3)])
    async with running(Scenario(prober(abc=[there(3)]), store=store)) as (app, pilot):
        await waiting(app, "abc")
        await pilot.press("c")
        # Before the attempt's thread has reported its end, or after it.
        await pilot.press("u")
        await until(lambda: row(app).attempt == 2 and row(app).state is State.WAITING)
        assert "Undid: abc cancelled; ^r redoes it" in toasts(app)
        assert (row(app).elapsed(app.session.now) >= 70.0, row(app).baseline) == (True, 3)
        assert "Resumed; 70 s waited so far" in [event_text(line.notice) for line in row(app).log]
        await pilot.press("ctrl+r")
        await until(lambda: row(app).state is State.CANCELLED and not row(app).running)
        assert "Redid: abc cancelled" in toasts(app)
        await pilot.press("u")
        await until(lambda: row(app).attempt == 3 and row(app).state is State.WAITING)
        assert row(app).baseline == 3


async def test_an_undone_restart_shows_the_result_before_it_here_and_after_the_next_start():
    store = FakeStore()
    async with running(Scenario(prober(abc=[there(3), NOT_YET]), store=store), "abc") as (app, pilot):
        await until(lambda: row(app).state is State.AVAILABLE)
        await pilot.press("r")
        await until(lambda: row(app).attempt == 2 and row(app).state is State.WAITING)
        await pilot.press("u")
        assert (row(app).state, row(app).artifact, row(app).active) == (
            State.AVAILABLE,
            "lab/forks/run-abc-history:v3",
            False,
        )
        assert [(one.number, one.state) for one in row(app).attempts] == [(1, State.AVAILABLE), (2, State.CANCELLED)]
        await until(lambda: store.rows[address("abc")].undone)
        await pilot.press("ctrl+r")
        await until(lambda: row(app).attempt == 3 and row(app).state is State.WAITING)
        await pilot.press("u")
        await until(lambda: store.rows[address("abc")].attempt == 3 and store.rows[address("abc")].undone)
    async with running(Scenario(store=store)) as (app, pilot):
        assert (row(app).state, row(app).attempt) == (State.AVAILABLE, 3)
        await pilot.press("u")
        await until(lambda: "There is nothing to undo" in toasts(app))


async def test_a_restart_of_a_waiting_run_gives_its_clock_back():
    store = FakeStore([StoredRun(address("abc"), Goal(), 1, State.WAITING, elapsed=90.0)])
    async with running(Scenario(store=store)) as (app, pilot):
        await waiting(app, "abc")
        await pilot.press("r")
        await until(lambda: row(app).attempt == 2 and row(app).state is State.WAITING)
        assert row(app).elapsed(app.session.now) < 60
        await pilot.press("u")
        await until(lambda: row(app).attempt == 3 and row(app).state is State.WAITING)
        assert row(app).elapsed(app.session.now) >= 90


async def test_a_change_of_goal_is_undone_with_the_attempt_that_it_began():
    async with running(Scenario(prober(abc=[there(0), NOT_YET])), "abc", "def") as (app, pilot):
        await until(lambda: row(app).state is State.AVAILABLE)
        await waiting(app, "def")
        with app.session.history.one_change():
            for run in ("abc", "def"):
                app.session.change_goal(address(run), V3)
        await until(lambda: row(app).attempt == 2 and row(app).state is State.WAITING)
        await pilot.press("u")
        assert "Undid: goal of abc, def changed to v3; ^r redoes it" in toasts(app)
        assert (row(app).goal, row(app).state) == (Goal(), State.AVAILABLE)
        assert (row(app, "def").goal, row(app, "def").attempt) == (Goal(), 1)
        await pilot.press("ctrl+r")
        assert {row(app).goal, row(app, "def").goal} == {V3}


async def test_added_runs_go_and_come_back_with_their_logs_and_what_was_done_before_stays_undoable():
    async with running(None, "abc") as (app, pilot):
        await waiting(app, "abc")
        await pilot.press("c")
        await until(lambda: not row(app).running)
        with app.session.history.one_change():
            for run in ("new1", "new2"):
                app.session.add(address(run), Goal())
        app.dashboard.refresh_all()
        await waiting(app, "new1", "new2")
        log = list(row(app, "new1").log)
        await pilot.press("u")
        assert "Undid: new1, new2 added; ^r redoes it" in toasts(app)
        assert [one.run.run_id for one in app.session.watch_list] == ["abc"]
        await pilot.press("ctrl+r")
        assert row(app, "new1").log[: len(log)] == log
        await waiting(app, "new1", "new2")
        await pilot.press("u", "u")
        await waiting(app, "abc")
        await pilot.press("r")
        assert not app.session.history.can_redo, "something else was done since"


async def test_what_has_changed_since_is_left_as_it_is_and_that_is_said():
    scenario = Scenario(prober(abc=[NOT_YET, there(3)]))
    async with running(scenario, "abc", "def", "ghi") as (app, pilot):
        await waiting(app, "def", "ghi")
        with app.session.history.one_change():
            for run in ("abc", "def", "ghi"):
                app.session.restart(address(run))
        await until(lambda: row(app).attempt == 2 and row(app).state is State.AVAILABLE)
        app.session.watch_list.remove(address("def"))
        await pilot.press("u")
        await until(lambda: "Undid: ghi restarted; ^r redoes it" in toasts(app))
        assert "abc is left as it is: its attempt has ended since" in toasts(app)
        assert "def is no longer on the list" in toasts(app)
        assert row(app).state is State.AVAILABLE


async def test_only_the_newest_changes_are_kept():
    async with running(None, "abc") as (app, _):
        await waiting(app, "abc")
        goals = [Goal.parse(f"v{number}") for number in range(MAX_CHANGES + 5)]
        for goal in goals:
            app.session.change_goal(address("abc"), goal)
        while app.session.history.can_undo:
            app.session.undo()
        assert row(app).goal == goals[4]


# Two dashboards on one list


@asynccontextmanager
async def two_dashboards(tmp_path, monkeypatch, *runs, state=State.WAITING, **answers):
    """Two dashboards with a store of their own each on one file; only the first is ever answered as scripted."""
    monkeypatch.setattr(store_writer, "CHECK_INTERVAL_S", 0.05)
    stores = [SqliteWatchStore(tmp_path / "list.sqlite3", "https://api.wandb.ai") for _ in range(2)]
    async with running(Scenario(prober(**answers), store=stores[0]), *runs) as (app, pilot):
        await until(lambda: [stored.state for stored in stores[1].load()] == [state] * len(runs))
        async with running(Scenario(prober(), store=stores[1])) as (other, _):
            await until(lambda: [one.state for one in other.session.watch_list] == [state] * len(runs))
            yield app, pilot, other


async def test_the_other_dashboard_follows_an_undo(tmp_path, monkeypatch):
    async with two_dashboards(tmp_path, monkeypatch, "abc", state=State.AVAILABLE, abc=[there(3), NOT_YET]) as (
        _,
        pilot,
        other,
    ):
        await pilot.press("r")
        await until(lambda: row(other).attempt == 2 and row(other).state is State.WAITING)
        await pilot.press("u")
        await until(lambda: row(other).state is State.AVAILABLE and not row(other).active)
        await pilot.press("ctrl+r")
        await until(lambda: row(other).attempt == 3 and row(other).state is State.WAITING)
        await pilot.press("c")
        await until(lambda: row(other).state is State.CANCELLED)
        await pilot.press("u")
        await until(lambda: row(other).attempt == 4 and row(other).state is State.WAITING)
        await pilot.press("d")
        await until(lambda: row(other) is None)
        await pilot.press("u")
        await until(lambda: row(other) is not None and row(other).state is State.WAITING)


async def test_what_the_other_dashboard_did_is_undone_here(tmp_path, monkeypatch):
    async with two_dashboards(tmp_path, monkeypatch, "abc", "def") as (app, pilot, other):
        await waiting(app, "abc", "def")
        await waiting(other, "abc", "def")
        other.session.change_goal(address("abc"), V3)
        await until(lambda: row(app).goal == V3)
        other.session.remove([address("def")])
        await until(lambda: row(app, "def") is None)
        await pilot.press("u")
        await until(lambda: row(other, "def") is not None and row(app, "def").state is State.WAITING)
        assert "Undid: def removed (by another dashboard or a command); ^r redoes it" in toasts(app)
        await pilot.press("u")
        await until(lambda: row(other).goal == Goal())
        assert "Undid: goal of abc changed to v3 (by another dashboard or a command); ^r redoes it" in toasts(app)


@pytest.mark.parametrize("edit", [cancelled, restarted])
async def test_what_a_command_did_is_undone(tmp_path, monkeypatch, edit):
    async with two_dashboards(tmp_path, monkeypatch, "abc") as (app, pilot, other):
        await waiting(app, "abc")
        await waiting(other, "abc")
        store = SqliteWatchStore(tmp_path / "list.sqlite3", "https://api.wandb.ai")
        store.edit(lambda rows: [edit(rows[0])])
        await until(lambda: app.session.history.can_undo)
        await until(lambda: row(app).state is State.CANCELLED or row(app).attempt == 2)
        await pilot.press("u")
        await until(lambda: {one.state for one in (row(app), row(other))} == {State.WAITING})
        await until(lambda: row(app).attempt == row(other).attempt > 1)
