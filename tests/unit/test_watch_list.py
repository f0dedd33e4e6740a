"""The watch list: attempts, restarts, stale words, and systems without threads."""

import queue
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.core_fakes import NOT_YET, RUN, FakeProber, there
from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import AttemptEnded, Level, MonitorEvent
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt, LogLine
from wandb_tui.core.notice import EventKind, Notice, text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.ports import Services
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import MAX_LOG_LINES, WatchList
from wandb_tui.library.results import MonitorResult
from wandb_tui.text.event_text import event_text, row_text

OTHER = RunAddress("lab", "forks", "def456")
SLOW = PollPolicy(check_interval=100, max_wait_time=0)


class Harness:
    """Folds what the monitors say, one at a time, when the test wants it."""

    def __init__(self, prober, **options):
        self.messages = queue.SimpleQueue()
        self.watch_list = WatchList(Services(prober, None), self.spawn, self.messages.put, **options)
        self.refuse = False

    def spawn(self, run, work):
        if self.refuse:
            raise RuntimeError("can't start new thread")
        threading.Thread(target=work, daemon=True).start()

    def until(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.watch_list.apply(self.messages.get(timeout=max(0.01, deadline - time.monotonic())))


@pytest.fixture
def prober():
    return FakeProber()


@pytest.fixture
def harness(prober):
    harness = Harness(prober)
    yield harness
    harness.watch_list.cancel_all()
    harness.until(lambda: not any(row.running for row in harness.watch_list))


def test_a_run_goes_its_way(harness, prober):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    assert row.state is State.QUEUED
    prober.answer(there(1))
    harness.until(lambda: not row.running)
    assert row.state is State.AVAILABLE
    assert row.artifact == "lab/forks/run-abc123-history:v1"
    assert row.run_info.name == "brisk-sun-1"
    assert [line.state for line in row.log] == [State.QUEUED, State.WAITING, State.AVAILABLE]


def test_hundreds_of_monitors_are_at_work_one_after_the_other_where_that_is_requested(prober):
    turns = threading.Lock()
    harness = Harness(prober, turns=turns)
    with turns:
        rows = [harness.watch_list.add(run, Goal(), SLOW) for run in (RUN, OTHER)]
        with pytest.raises(queue.Empty):
            prober.asked.get(timeout=0.1)
        harness.watch_list.cancel_all()
    harness.until(lambda: all(row.state is State.CANCELLED and not row.running for row in rows))
    assert not turns.locked()


def test_restart_begins_attempt_2_and_nothing_of_attempt_1_follows(harness, prober):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    prober.answer(NOT_YET)
    harness.until(lambda: "not available" in event_text(row.notice))
    harness.watch_list.restart(RUN)
    assert row.attempt == 1
    harness.until(lambda: row.attempt == 2)
    prober.answer(there(0))
    harness.until(lambda: row.state is State.AVAILABLE)
    attempts = [line.attempt for line in row.log]
    assert attempts == sorted(attempts)
    assert set(attempts) == {1, 2}


def test_restarting_twice_makes_one_new_attempt(harness):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    harness.watch_list.restart(RUN)
    harness.watch_list.restart(RUN)
    harness.until(lambda: row.attempt == 2 and row.state is State.WAITING)
    assert harness.messages.empty()


def test_words_of_an_older_attempt_are_dropped(harness):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    harness.watch_list.restart(RUN)
    harness.until(lambda: row.attempt == 2)
    before = len(row.log)
    assert harness.watch_list.apply(MonitorEvent(RUN, 1, State.AVAILABLE, text_notice("stale"))) is None
    assert harness.watch_list.apply(AttemptEnded(RUN, 1)) is None
    assert len(row.log) == before
    assert row.running


def test_a_removed_run_that_is_added_again_does_not_hear_its_old_thread(harness):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    harness.watch_list.remove(RUN)
    assert RUN not in harness.watch_list
    again = harness.watch_list.add(RUN, Goal(), SLOW)
    assert again is not row
    harness.until(lambda: again.state is State.WAITING)
    assert again.running
    assert again.state is State.WAITING


def test_adding_twice_changes_the_goal_only(harness):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    assert harness.watch_list.add(RUN, Goal.parse("v3"), SLOW) is row
    assert row.attempt == 1
    harness.until(lambda: "v3 from now on" in event_text(row.notice))
    assert len(harness.watch_list) == 1


def test_a_system_without_threads_leaves_it_queued_until_another_ends(harness, prober):
    first = harness.watch_list.add(OTHER, Goal(), SLOW)
    harness.refuse = True
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    assert row.state is State.QUEUED
    assert "no thread left" in event_text(row.notice)
    assert not row.running
    harness.refuse = False
    harness.watch_list.cancel(OTHER)
    harness.until(lambda: row.running)
    assert first.state is State.CANCELLED
    assert row.attempt == 1


def test_a_queued_run_can_be_cancelled(harness):
    harness.refuse = True
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    harness.watch_list.cancel(RUN)
    assert row.state is State.CANCELLED


def test_restored_rows_go_on_or_rest(harness):
    rests = harness.watch_list.restore(
        StoredRun(RUN, Goal(), 3, State.AVAILABLE, text_notice("done"), "lab/forks/run-abc123-history:v0", 42.0)
    )
    goes_on = harness.watch_list.restore(
        StoredRun(OTHER, Goal(), 2, State.WAITING, text_notice("…"), elapsed=83.0), SLOW
    )
    assert not rests.running
    assert rests.elapsed(time.monotonic()) == 42.0
    assert goes_on.running
    assert goes_on.attempt == 2
    assert "Resumed; 83 s waited" in event_text(goes_on.notice)
    assert 83 <= goes_on.elapsed(time.monotonic()) < 90


def test_what_is_held_back_begins_only_after_its_release(harness):
    harness.watch_list.hold_starts()
    goes_on = harness.watch_list.restore(StoredRun(RUN, Goal(), 2, State.WAITING, text_notice("…"), elapsed=83.0), SLOW)
    new = harness.watch_list.add(OTHER, Goal(), SLOW)
    harness.watch_list.hold_starts(Notice(EventKind.AWAITS_SIGN_IN))
    for row in (goes_on, new):
        assert event_text(row.notice) == "Waiting for you to sign in"
        assert (row.state, row.running, list(row.log)) == (State.QUEUED, False, [])
    harness.watch_list.cancel(OTHER)
    assert harness.watch_list.release_starts() == [RUN]
    assert not goes_on.running
    harness.watch_list.start(RUN)
    assert (goes_on.running, goes_on.attempt, new.state) == (True, 2, State.CANCELLED)


def test_a_goal_of_something_newer_remembers_what_was_there(harness, prober):
    stored = StoredRun(RUN, Goal.parse("newer"), 1, State.WAITING, text_notice("…"), baseline=1)
    row = harness.watch_list.restore(stored, SLOW)
    prober.answer(there(2))
    harness.until(lambda: row.state is State.AVAILABLE)


def test_what_goes_on_has_the_time_for_a_visit(harness):
    row = harness.watch_list.restore(
        StoredRun(RUN, Goal(), 1, State.WAITING, elapsed=299.0), PollPolicy(max_wait_time=300)
    )
    assert 240 <= row.elapsed(time.monotonic()) < 245


def test_what_goes_on_begins_when_its_old_thread_has_ended(harness):
    harness.watch_list.add(RUN, Goal(), SLOW)
    harness.watch_list.remove(RUN)
    row = harness.watch_list.restore(StoredRun(RUN, Goal(), 1, State.WAITING, elapsed=7.0), SLOW)
    assert row.restart_wanted
    harness.until(lambda: row.state is State.WAITING)
    assert (row.attempt, row.running, row.elapsed_then >= 7) == (1, True, True)
    assert "Cancelled" not in [event_text(line.notice) for line in row.log]


def test_what_is_put_back_goes_on_where_it_stood(prober):
    now = [100.0]
    harness = Harness(prober, clock=lambda: now[0])
    row = harness.watch_list.add(RUN, Goal.parse("newer"), SLOW)
    prober.answer(there(0))
    harness.until(lambda: row.baseline == 0)
    now[0] += 67
    before = list(row.log)
    harness.watch_list.remove(RUN)
    now[0] += 1000
    assert harness.watch_list.undo_remove(row) is row
    assert (row.state, row.attempt, row.elapsed(now[0])) == (State.QUEUED, 1, 67)
    harness.until(lambda: row.state is State.WAITING)
    assert (row.attempt, row.baseline, row.elapsed(now[0])) == (1, 0, 67)
    assert event_text(row.log[len(before)].notice) == "Resumed; 67 s waited so far"
    assert [attempt.number for attempt in row.attempts] == [1]
    prober.answer(there(1))
    harness.until(lambda: not row.running)
    assert (row.state, row.attempt) == (State.AVAILABLE, 1)


def test_what_is_put_back_stands_where_it_stood(harness):
    runs = [RunAddress("lab", "forks", f"r{n}") for n in range(5)]
    for run in runs:
        harness.watch_list.add(run, Goal(), SLOW)
    gone = [harness.watch_list.remove(runs[n]) for n in (1, 3)]
    last = harness.watch_list.add(OTHER, Goal(), SLOW)
    for row in gone:
        harness.watch_list.undo_remove(row)
    assert [row.run for row in harness.watch_list] == [*runs, last.run]


@pytest.mark.parametrize("ended", [True, False])
def test_what_is_added_after_its_removal_counts_on_with_its_log(harness, prober, ended):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    if ended:
        prober.answer(there(1))
        harness.until(lambda: not row.running)
    harness.until(lambda: row.state is (State.AVAILABLE if ended else State.WAITING))
    before = list(row.log)
    harness.watch_list.remove(RUN)
    again = harness.watch_list.add(RUN, Goal.parse("v9"), SLOW, before=row)
    assert (again.attempt, again.running, again.goal) == (2, True, Goal.parse("v9"))
    harness.until(lambda: again.state is State.WAITING)
    assert list(again.log)[: len(before)] == before
    assert [(one.number, one.ended is None) for one in again.attempts] == [(1, False), (2, True)]
    assert ("Removed, then added again" in [event_text(line.notice) for line in again.log]) is not ended
    assert {line.attempt for line in list(again.log)[-2:]} == {2}


def test_what_had_ended_is_put_back_as_it_was(harness, prober):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    prober.answer(there(1))
    harness.until(lambda: not row.running)
    before = list(row.log)
    harness.watch_list.undo_remove(harness.watch_list.remove(RUN))
    assert (row.state, row.attempt, row.running, list(row.log)) == (State.AVAILABLE, 1, False, before)


@pytest.mark.parametrize("then", ["cancel", "restart", "remove"])
def test_what_is_done_with_a_run_that_has_just_been_put_back(harness, then):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    harness.until(lambda: row.state is State.WAITING)
    harness.watch_list.undo_remove(harness.watch_list.remove(RUN))
    getattr(harness.watch_list, then)(RUN)
    if then == "remove":
        harness.watch_list.undo_remove(row)
    if then == "cancel":
        harness.until(lambda: not row.running)
        assert (row.state, event_text(row.notice)) == (State.CANCELLED, "Cancelled")
    else:
        harness.until(lambda: row.state is State.WAITING)
        assert row.attempt == (2 if then == "restart" else 1)


def test_a_restored_run_remembers_its_log_and_its_attempts(harness):
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    before = [
        LogLine(noon, 1, text_notice("long ago"), state=State.FAILED),
        LogLine(noon, 2, text_notice("just now"), state=State.WAITING),
    ]
    attempts = (Attempt(1, noon, noon, State.FAILED, text_notice("long ago")), Attempt(2, noon, None, State.WAITING))
    row = harness.watch_list.restore(StoredRun(RUN, Goal(), 2, State.WAITING, attempts=attempts), SLOW)
    harness.watch_list.prepend_log(row, before)
    assert [event_text(line.notice) for line in row.log][:3] == ["long ago", "just now", "Resumed; 0 s waited so far"]
    assert harness.watch_list.prepend_log(row, before) is None, "once is enough"
    harness.watch_list.cancel(RUN)
    harness.until(lambda: not row.running)
    harness.watch_list.restart(RUN)
    assert [(a.number, a.state, a.ended is None) for a in row.attempts] == [
        (1, State.FAILED, False),
        (2, State.CANCELLED, False),
        (3, State.QUEUED, True),
    ]


def test_all_logs_together_are_bounded(monkeypatch, harness):
    monkeypatch.setattr("wandb_tui.core.watch_list.MAX_TOTAL_LINES", 600)
    rows = [
        harness.watch_list.restore(StoredRun(RunAddress("lab", "forks", f"r{n}"), Goal(), 1, State.FAILED))
        for n in range(3)
    ]
    for row in rows:
        for number in range(300):
            harness.watch_list.apply(MonitorEvent(row.run, 1, State.WAITING, text_notice(f"line {number}")))
    assert [len(row.log) for row in rows] == [200, 200, 200]
    assert event_text(rows[0].log[-1].notice) == "line 299"


def test_a_log_is_bounded(harness):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    for i in range(MAX_LOG_LINES + 50):
        harness.watch_list.apply(MonitorEvent(RUN, 1, State.WAITING, text_notice(f"line {i}")))
    assert len(row.log) == MAX_LOG_LINES
    assert event_text(row.log[-1].notice) == f"line {MAX_LOG_LINES + 49}"


def test_a_log_counts_what_is_reported_again_and_again(monkeypatch, harness):
    monkeypatch.setattr("wandb_tui.core.watch_list.MAX_TOTAL_LINES", 0)
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    row = harness.watch_list.restore(StoredRun(RUN, Goal(), 1, State.FAILED), SLOW)
    for second in range(150):
        notice = Notice(EventKind.POLL_FAILED, detail="not there", next_check=second % 7)
        harness.watch_list.apply(MonitorEvent(RUN, 1, State.WAITING, notice, time=noon + timedelta(seconds=second)))
    assert [line.nth for line in row.log] == [*range(51, 151)], "each line is there, and knows of those that are not"
    assert {line.began for line in row.log} == {noon}
    harness.watch_list.add_remark(RUN, "your command failed", Level.WARNING)
    harness.watch_list.add_remark(RUN, "your command failed", Level.WARNING)
    assert [line.nth for line in row.log][-3:] == [150, 1, 2]


def test_recalled_lines_are_counted(harness):
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    row = harness.watch_list.restore(StoredRun(RUN, Goal(), 1, State.FAILED), SLOW)
    harness.watch_list.prepend_log(
        row, [LogLine(noon, 1, Notice(EventKind.POLL_FAILED, detail="not there", next_check=n)) for n in range(3)]
    )
    assert [line.nth for line in row.log] == [1, 2, 3]


def test_time_ticks_between_words_and_stands_still_when_stopped(harness):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    harness.watch_list.apply(MonitorEvent(RUN, 1, State.WAITING, text_notice("…"), elapsed=10, next_probe=5))
    now = row.reported_at
    assert row.elapsed(now + 3) == pytest.approx(13)
    assert row.until_probe(now + 3) == pytest.approx(2)
    harness.watch_list.apply(
        MonitorEvent(RUN, 1, State.SIGNING_IN, text_notice("needs you"), elapsed=13, clock_stopped=True)
    )
    assert row.elapsed(row.reported_at + 100) == 13


def test_a_goal_changed_just_when_the_old_one_is_met_is_not_lost(harness, prober):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    prober.answer(there(0))
    time.sleep(0.05)  # the attempt ends, and its events wait in the queue
    harness.watch_list.change_goal(RUN, Goal.parse("v1"))
    harness.until(lambda: row.attempt == 2)
    assert row.goal == Goal.parse("v1")
    prober.answer(there(1))
    harness.until(lambda: row.state is State.AVAILABLE)


def test_a_goal_changed_before_the_old_thread_has_ended_waits_for_that(harness, prober):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    prober.answer(there(0))
    harness.until(lambda: row.state is State.AVAILABLE)
    assert row.running
    harness.watch_list.change_goal(RUN, Goal.parse("v1"))
    harness.until(lambda: row.attempt == 2)
    prober.answer(there(1))
    harness.until(lambda: row.state is State.AVAILABLE and not row.running)
    assert row.attempt == 2


def test_what_a_row_says_counts_down(harness, prober):
    row = harness.watch_list.add(RUN, Goal(), SLOW)
    prober.answer(Probe(ProbeOutcome.UNAVAILABLE, message="Rate limited", retry_after=20))
    harness.until(lambda: "Rate limited" in event_text(row.notice))
    assert row_text(row, row.reported_at) == "Rate limited, next check in 20 s"
    assert row_text(row, row.reported_at + 3) == "Rate limited, next check in 17 s"
    assert MonitorResult.of(row, row.reported_at).error_message == "Rate limited"
    assert row_text(row, row.reported_at + 19.8) == "Rate limited, checking now"
    late = SLOW.check_interval + 6
    assert row_text(row, row.reported_at + 20 + late) == f"Rate limited, no answer for {late:.0f} s"
    harness.watch_list.cancel(RUN)
    harness.until(lambda: not row.running)
    assert row_text(row, time.monotonic()) == "Cancelled"
