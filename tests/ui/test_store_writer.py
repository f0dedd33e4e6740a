"""Rows are written to disk at the right time, also when another dashboard shares the file."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

from tests.screen import until
from tests.ui.fakes import FakeProber, FakeStore, Scenario, address
from tests.ui.support import running
from wandb_tui.core.errors import StoreError
from wandb_tui.core.events import MonitorEvent
from wandb_tui.core.goal import Goal
from wandb_tui.core.list_edits import cancelled
from wandb_tui.core.log import LogLine
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import RowChange, StoredRun, StoreSnapshot
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.services.disk.store import SqliteWatchStore
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.app import app as app_module
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.dashboard.empty_state import EmptyState
from wandb_tui.ui.runtime import store_writer
from wandb_tui.ui.runtime.store_writer import LogLoaded, StoreFailed, StoreRecovered, StoreWriter

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ABC = StoredRun(address("abc"), Goal(), 1, State.WAITING, text_notice("Not yet"), elapsed=7.0)


def notes(app):
    return [note.message for note in app._notifications]


async def found(app, *rows, replaced=False):
    """Let another dashboard have left the list like this."""
    app.session.backend.store.others.append(StoreSnapshot(tuple(rows), replaced))
    app.session.store_writer._checked_at = 0.0
    await until(lambda: not app.session.backend.store.others)


def stored_row(app, run_id):
    return app.session.backend.store.rows.get(address(run_id))


async def test_logs_are_written_as_they_happen():
    async with running(Scenario(FakeProber()), "abc") as (app, _):
        store = app.session.backend.store
        await until(lambda: store.logs.get(address("abc")) == list(app.session.watch_list[address("abc")].log))
        app.session.event_queue.publish(
            MonitorEvent(address("abc"), 1, State.WAITING, text_notice("one more"), elapsed=3.0)
        )
        await until(lambda: event_text(store.logs[address("abc")][-1].notice) == "one more")
        assert store.rows[address("abc")].elapsed >= 3.0


async def test_a_log_of_an_earlier_session_is_shown():
    old = [LogLine(NOON, 1, text_notice("from long ago")), LogLine(NOON, 1, text_notice("and after it"))]
    store = FakeStore([ABC, replace(ABC, run=address("def"))], logs={ABC.run: old})
    async with running(Scenario(store=store)) as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        await until(lambda: "from long ago" in pane.plain and "Resumed; 7 s" in pane.plain)
        assert pane.plain.index("from long ago") < pane.plain.index("and after it") < pane.plain.index("Resumed")
        assert not app.session.watch_list[address("def")].log_loaded, "only what is looked at is read"
        await pilot.press("down")
        await until(lambda: app.session.watch_list[address("def")].log_loaded)


async def test_the_first_frame_has_the_stored_rows(monkeypatch):
    monkeypatch.setattr(app_module, "_FIRST_FRAME_WAITS_S", 30)
    first = []

    class Disk(FakeStore):
        def load(self):
            # Longer than a first frame that does not wait for it.
            time.sleep(0.3)
            return super().load()

    class App(WandbTuiApp):
        def on_ready(self):
            first.append(list(self.dashboard.table.shown))

    app = App(Scenario(store=Disk([ABC])).backend())
    async with app.run_test():
        await until(lambda: first == [[ABC.run]])


async def test_a_slow_disk_does_not_hold_up_the_first_frame(monkeypatch):
    monkeypatch.setattr(app_module, "_FIRST_FRAME_WAITS_S", 0)
    gate = threading.Event()

    class Slow(FakeStore):
        def load(self):
            gate.wait(30)
            return super().load()

    app = WandbTuiApp(Scenario(store=Slow([ABC])).backend(), runs=["def"])
    async with app.run_test():
        assert not app.dashboard.table.shown
        assert not app.dashboard.query_one(EmptyState).display, "that is not known yet"
        gate.set()
        await until(lambda: list(app.dashboard.table.shown) == [ABC.run, address("def")])


async def test_a_signal_before_there_is_a_dashboard_ends_the_process_as_always():
    before, during = signal.getsignal(signal.SIGTERM), []

    class Asking(FakeStore):
        def load(self):
            during.append(signal.getsignal(signal.SIGTERM))
            return super().load()

    async with running(Scenario(store=Asking([ABC]))):
        assert during == [before]
        assert signal.getsignal(signal.SIGTERM) != before


async def test_the_view_is_stored_and_comes_back():
    store = FakeStore(view={"before": [1, 2]})
    async with running(Scenario(store=store), "abc") as (app, _):
        assert app.session.view["before"] == [1, 2]
        app.session.remember("after", {"wrap": True})
        await until(lambda: store.view["before"] == [1, 2] and store.view.get("after") == {"wrap": True})


async def test_an_undone_removal_brings_its_log_back_to_disk():
    async with running(None, "abc") as (app, pilot):
        store = app.session.backend.store
        await until(lambda: address("abc") in store.rows)
        app.session.event_queue.publish(MonitorEvent(address("abc"), 1, State.WAITING, text_notice("precious")))
        await until(
            lambda: any(event_text(line.notice) == "precious" for line in app.session.watch_list[address("abc")].log)
        )
        await pilot.press("d")
        await until(lambda: address("abc") not in store.rows)
        store.logs.clear()
        await pilot.press("u")
        await until(lambda: address("abc") in store.rows)
        row = app.session.watch_list[address("abc")]
        await until(lambda: row.state is State.WAITING and store.logs[address("abc")] == list(row.log))
        stored = store.rows[address("abc")]
        assert (stored.attempt, stored.state, stored.attempts) == (1, State.WAITING, tuple(row.attempts))
        assert "precious" in [event_text(line.notice) for line in store.logs[address("abc")]]
        assert "precious" in [event_text(line.notice) for line in app.session.watch_list[address("abc")].log]


# Another dashboard on the same list


async def test_what_another_dashboard_adds_is_watched_here():
    async with running(None, "abc") as (app, _):
        await until(lambda: stored_row(app, "abc"))
        await found(app, stored_row(app, "abc"), replace(ABC, run=address("def"), goal=Goal.parse("v3")))
        await until(lambda: address("def") in app.session.watch_list)
        await until(lambda: app.session.watch_list[address("def")].state is State.WAITING)
        assert app.session.watch_list[address("def")].goal == Goal.parse("v3")
        assert len(app.dashboard.table.shown) == 2


async def test_a_runs_own_times_are_stored_and_hold_in_every_dashboard():
    own = PollPolicy(check_interval=7.0, max_wait_time=0.0)
    async with running(None, "abc", "def") as (app, _):
        await until(lambda: stored_row(app, "abc") and stored_row(app, "def"))
        assert stored_row(app, "abc").times is None, "what the settings say is not the run's own"
        app.session.add(address("ghi"), Goal(), own)
        await until(lambda: stored_row(app, "ghi") and stored_row(app, "ghi").times == own.times)
        await found(
            app, replace(stored_row(app, "abc"), times=own.times), *(stored_row(app, run) for run in ("def", "ghi"))
        )
        await until(lambda: app.session.watch_list[address("abc")].poll_policy == own)
    store = FakeStore([replace(ABC, times=own.times), replace(ABC, run=address("def"))])
    async with running(Scenario(FakeProber(), store=store)) as (app, _):
        assert app.session.watch_list[address("abc")].poll_policy == own
        assert app.session.watch_list[address("def")].poll_policy == PollPolicy()


async def test_what_another_dashboard_puts_back_stands_where_it_stood():
    async with running(None, "abc", "def") as (app, _):
        await until(lambda: stored_row(app, "abc") and stored_row(app, "def"))
        back, behind = (replace(ABC, run=address(run)) for run in ("back", "behind"))
        await found(app, stored_row(app, "abc"), back, stored_row(app, "def"), behind)
        await until(lambda: len(app.dashboard.table.shown) == 4)
        assert [run.run_id for run in app.dashboard.table.shown] == ["abc", "back", "def", "behind"]


async def test_what_another_dashboard_removes_goes_here_too():
    async with running(None, "abc", "def") as (app, _):
        await until(lambda: stored_row(app, "abc") and stored_row(app, "def"))
        await found(app, stored_row(app, "def"))
        await until(lambda: app.dashboard.table.shown == [address("def")])
        assert address("abc") not in app.session.watch_list


async def test_a_goal_a_cancel_and_a_restart_of_another_dashboard_are_followed():
    async with running(Scenario(FakeProber()), "abc") as (app, _):
        row = app.session.watch_list[address("abc")]
        await until(lambda: stored_row(app, "abc") and stored_row(app, "abc").state is State.WAITING)
        await found(app, replace(stored_row(app, "abc"), goal=Goal.parse("v3")))
        await until(lambda: row.goal == Goal.parse("v3") and row.handle.goal == Goal.parse("v3"))
        await found(app, replace(row.stored(0), state=State.CANCELLED))
        await until(lambda: row.state is State.CANCELLED and not row.running)
        await found(app, replace(row.stored(0), state=State.WAITING, attempt=4))
        await until(lambda: row.attempt == 4 and row.active)


async def test_what_failed_here_and_succeeded_in_another_dashboard_is_shown_as_available(tmp_path):
    here, elsewhere = (SqliteWatchStore(tmp_path / "list.sqlite3", "https://api.wandb.ai") for _ in range(2))
    async with running(Scenario(FakeProber(), store=here), "abc") as (app, _):
        row = app.session.watch_list[address("abc")]
        await until(lambda: [stored.state for stored in elsewhere.load()] == [State.WAITING])
        app.session.event_queue.publish(MonitorEvent(row.run, 1, State.FAILED, text_notice("There is no run abc")))
        await until(lambda: [stored.state for stored in elsewhere.load()] == [State.FAILED])
        (failed,) = elsewhere.load()
        met = replace(failed, state=State.AVAILABLE, notice=text_notice("It is there"), artifact="v0")
        elsewhere.edit(lambda _: [RowChange(met.run, met)])
        await until(lambda: row.state is State.AVAILABLE)
        assert (row.artifact, event_text(row.log[-1].notice)) == ("v0", "It is there")
        await until(lambda: app.dashboard.header.counts.ready == 1)


async def test_what_was_changed_here_meanwhile_wins():
    async with running(None, "abc") as (app, _):
        await until(lambda: stored_row(app, "abc"))
        as_of = app.session.store_writer._stamp
        before = StoreSnapshot((stored_row(app, "abc"),))
        app.session.add(address("def"), Goal())
        app.session.remove([address("abc")])
        app.session.merge(before, as_of)
        assert [row.run for row in app.session.watch_list] == [address("def")]


async def test_a_cancel_that_crossed_a_change_here_is_followed_once_that_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(store_writer, "CHECK_INTERVAL_S", 1e9)
    here, elsewhere = (SqliteWatchStore(tmp_path / "list.sqlite3", "https://api.wandb.ai") for _ in range(2))
    async with running(Scenario(FakeProber(), store=here), "abc") as (app, _):
        row = app.session.watch_list[address("abc")]
        await until(lambda: [stored.state for stored in elsewhere.load()] == [State.WAITING])
        elsewhere.edit(lambda rows: [cancelled(rows[0])])
        snapshot, as_of = here.external_changes(), app.session.store_writer._stamp
        app.session.change_goal(address("abc"), Goal.parse("v3"))
        app.session.merge(snapshot, as_of)
        assert row.active, "what was read is older than the change here"
        monkeypatch.setattr(store_writer, "CHECK_INTERVAL_S", 0.1)
        await until(lambda: row.state is State.CANCELLED and not row.running)
        assert row.goal == Goal.parse("v3")


async def test_a_run_that_was_removed_and_added_between_two_readings_starts_again():
    async with running(Scenario(FakeProber()), "abc") as (app, _):
        row = app.session.watch_list[address("abc")]
        await until(lambda: stored_row(app, "abc") and stored_row(app, "abc").state is State.WAITING)
        app.session.cancel(address("abc"))
        await until(lambda: stored_row(app, "abc").state is State.CANCELLED and not row.running)
        await found(app, StoredRun(address("abc"), Goal()))
        await until(lambda: row.state is State.WAITING)
        assert row.attempt == 2


async def test_a_list_that_was_replaced_is_written_again():
    async with running(None, "abc", "def") as (app, _):
        await until(lambda: stored_row(app, "abc") and stored_row(app, "def"))
        app.session.backend.store.rows.clear()
        await found(app, replace(ABC, run=address("ghi")), replaced=True)
        await until(lambda: len(app.session.watch_list) == 3)
        await until(lambda: {"abc", "def"} <= {run.run_id for run in app.session.backend.store.rows})


# Disks that do not want to


class Harness:
    """A store writer without a dashboard."""

    def __init__(self, store, give_way=lambda: None):
        self.messages = []
        self.store_writer = StoreWriter(store, self.messages.append, give_way=give_way)
        self.reading = self.store_writer.start()

    def of(self, kind):
        return [message for message in self.messages if isinstance(message, kind)]


async def test_a_full_disk_is_reported_once_and_what_was_to_be_written_is_written_later(monkeypatch):
    monkeypatch.setattr(store_writer, "_MAX_RETRY_S", 0.01)
    monkeypatch.setattr(store_writer, "BATCH_INTERVAL_S", 0.02)
    store = FakeStore()
    harness = Harness(store)
    await until(harness.reading.done)
    store.fails = StoreError("The disk is full.", "Make room.")
    harness.store_writer.save(ABC, 1, [LogLine(NOON, 1, text_notice("one"))], added=True)
    await until(lambda: harness.of(StoreFailed))
    harness.store_writer.save(
        replace(ABC, state=State.AVAILABLE),
        2,
        [LogLine(NOON, 1, text_notice("one")), LogLine(NOON, 1, text_notice("two"))],
    )
    harness.store_writer.save_view("filter", "lab")
    await until(lambda: harness.store_writer._failures > 3)
    store.fails = None
    await until(lambda: harness.of(StoreRecovered))
    await until(lambda: store.view == {"filter": "lab"})
    assert store.rows[ABC.run].state is State.AVAILABLE
    assert [event_text(line.notice) for line in store.logs[ABC.run]] == ["one", "two"]
    assert [message.text for message in harness.of(StoreFailed)] == ["The disk is full. Make room. Saving is retried."]
    assert harness.store_writer.close(1)


async def test_closing_writes_what_is_unwritten():
    store = FakeStore()
    harness = Harness(store)
    await until(harness.reading.done)
    harness.store_writer.mark_saved(ABC)
    harness.store_writer.save(ABC, 1, [LogLine(NOON, 1, text_notice("the last word"))])
    store.rows[ABC.run] = ABC
    assert harness.store_writer.close(2)
    assert [event_text(line.notice) for line in store.logs[ABC.run]] == ["the last word"]


async def test_the_writer_gives_way_before_each_row():
    store, gate = FakeStore(), threading.Semaphore(0)
    harness = Harness(store, gate.acquire)
    await until(harness.reading.done)
    for number in range(3):
        harness.store_writer.save(replace(ABC, run=address(f"run{number}")), 0, added=True)
    for count in range(3):
        assert not harness.store_writer.close(0.01)
        gate.release()
        await until(lambda count=count: len(store.rows) == count + 1)
    assert harness.store_writer.close(2)


async def test_closing_does_not_wait_for_a_store_that_does_not_answer():
    gate = threading.Event()

    class Stuck(FakeStore):
        def write(self, changes):
            gate.wait(10)

    harness = Harness(Stuck())
    await until(harness.reading.done)
    harness.store_writer.save(ABC, 0, added=True)
    assert not harness.store_writer.close(0.1)
    gate.set()


async def test_a_log_that_cannot_be_read_does_not_hold_up_the_rest():
    store = FakeStore()
    harness = Harness(store)
    await until(harness.reading.done)
    harness.store_writer.load_log(ABC.run)
    harness.store_writer.save(ABC, 0, added=True)
    await until(lambda: harness.of(LogLoaded) and store.rows)
    assert harness.store_writer.close(1)


def test_two_changes_of_a_run_become_one():
    first = RowChange(ABC.run, ABC, added=True, settings_changed=True, lines=(LogLine(NOON, 1, text_notice("1")),))
    later = RowChange(
        ABC.run,
        replace(ABC, elapsed=9),
        notify=False,
        lines=(LogLine(NOON, 1, text_notice("2")), LogLine(NOON, 1, text_notice("3"))),
    )
    both = first.then(later, 2)
    assert (both.added, both.settings_changed, both.notify, both.replace) == (True, True, True, False)
    assert both.row.elapsed == 9
    assert [event_text(line.notice) for line in both.lines] == ["2", "3"]
    gone = RowChange(ABC.run, None)
    assert both.then(gone, 2) is gone
    assert gone.then(first, 2).replace
