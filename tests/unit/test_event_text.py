"""The events of a run in words, and the lines of a log that repeat one another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Level, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import LogLine, counted
from wandb_tui.core.notice import EventKind, Notice, text_notice
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.verdict import GoalWarning, GoalWarningKind, Verdict, VerdictCode
from wandb_tui.core.watched_run import WatchedRun
from wandb_tui.services.disk.notices import decode_notice, notice_of_words
from wandb_tui.services.disk.rows import stored_notice
from wandb_tui.text.event_text import event_text, row_text
from wandb_tui.text.run_labels import distinct_names

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
STEP = Goal.parse("step:200")
FALLS_SHORT = Verdict(VerdictCode.FALLS_SHORT, version=1, step=99)
WAITS = Notice(
    EventKind.NOT_MET, STEP, FALLS_SHORT, run_state="running", last_step=1204, next_check=4.6, waits_for_tab=True
)

NOTICES = {
    text_notice("your command failed"): "your command failed",
    Notice(EventKind.QUEUED): "Queued",
    Notice(EventKind.ATTEMPT_STARTED, attempt=2): "Attempt 2",
    Notice(EventKind.RESUMED, seconds=22.4): "Resumed; 22 s waited so far",
    Notice(EventKind.AWAITS_SIGN_IN): "Waiting for you to sign in",
    Notice(EventKind.NO_THREAD_LEFT): "The system has no thread left; starts when another monitor ends",
    Notice(EventKind.ADDED_AGAIN): "Removed, then added again",
    Notice(EventKind.MONITORING, Goal(), detail="run-abc-history"): "Monitoring artifact run-abc-history…",
    Notice(EventKind.MONITORING, STEP, detail="run-abc-history"): "Monitoring artifact run-abc-history (step:200)…",
    Notice(EventKind.GOAL_CHANGED, STEP): "Waiting for step:200 from now on",
    WAITS: "Artifact v1 covers step 99, waiting for 200 (run running, step 1,204); its page waits for a free tab, "
    "next check in 5 s",
    Notice(EventKind.NOT_MET, Goal(), Verdict(VerdictCode.NO_ARTIFACT)): "Artifact not available yet",
    Notice(EventKind.POLL_FAILED, detail="Rate limited", next_check=17): "Rate limited, next check in 17 s",
    Notice(EventKind.POLL_FAILED, detail="Rate limited", next_check=0.4): "Rate limited, checking now",
    Notice(
        EventKind.GOAL_WARNING, STEP, warning=GoalWarning(GoalWarningKind.TOO_SHORT, run_ended=True, last_step=99)
    ): "The run has ended at step 99: step 200 comes only if it is resumed",
    Notice(EventKind.SIGNING_IN): "Signing in to W&B…",
    Notice(EventKind.SIGNED_IN, detail="me"): "Signed in as me",
    Notice(EventKind.SIGNED_OUT): "Not signed in: only public runs can be visited",
    Notice(EventKind.SIGN_IN_NOTE, detail="The keyring is locked."): "The keyring is locked.",
    Notice(EventKind.SIGN_IN_FAILED, detail="Wrong password."): "Sign-in failed: Wrong password.",
    Notice(EventKind.SESSION_EXPIRED): "The session has expired, signing in again",
    Notice(EventKind.VISITING): "Visiting run page…",
    Notice(EventKind.VISITED, seconds=1.26, detail="loaded"): "Run page loaded in 1.3 s (loaded)",
    Notice(EventKind.VISIT_FAILED, detail="No answer.", seconds=30): "Visit failed: No answer. Trying again in 30 s",
    Notice(
        EventKind.VISIT_IMPOSSIBLE, detail="No browser.", seconds=5
    ): "Cannot visit: No browser. Trying again in 5 s",
    Notice(
        EventKind.GOAL_MET,
        STEP,
        Verdict(VerdictCode.COVERS, met=True, version=3, verified=True),
        detail="run-abc-history",
    ): "Artifact is now available: run-abc-history:v3 (covers step 200)",
    Notice(
        EventKind.GOAL_MET, Goal(), Verdict(VerdictCode.AVAILABLE, met=True, version=3), detail="run-abc-history"
    ): "Artifact is now available: run-abc-history:v3",
    replace(WAITS, kind=EventKind.TIMED_OUT, seconds=300.2, next_check=None, waits_for_tab=False): (
        "Timeout reached after 300 s: artifact v1 covers step 99, waiting for 200 (run running, step 1,204)"
    ),
    Notice(EventKind.TIMED_OUT, seconds=9): "Timeout reached after 9 s: the server has not answered",
    Notice(EventKind.FAILED, detail="There is no such run."): "There is no such run.",
    Notice(EventKind.CANCELLED): "Cancelled",
    Notice(EventKind.BROWSER_CLOSED): "Cancelled: the browser has been closed",
    Notice(EventKind.THREAD_DIED): "The monitor ended without reporting why",
    Notice(EventKind.ATTEMPT_UNDONE, attempt=2): "Attempt 2 undone: this is how the one before it ended",
}


def test_every_kind_has_its_words():
    assert {notice.kind for notice in NOTICES} == set(EventKind)
    assert {notice: event_text(notice) for notice in NOTICES} == NOTICES


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.kind.value)
def test_notices_are_stored_as_data(notice):
    # What has been put together once serves all that differ in nothing but the time until the next check.
    remark = notice.kind is EventKind.TEXT  # of which the words are all there is
    for seconds in (notice.next_check, *(() if remark else (None, 0.25, 12.0, notice.next_check))):
        at = replace(notice, next_check=seconds)
        text, encoded = stored_notice(at)
        assert text == event_text(at)
        assert decode_notice(encoded, text) == at


@pytest.mark.parametrize(
    "stored",
    ["", "{", "[]", '{"kind": "of-tomorrow"}', '{"kind": "not-met", "goal": "tomorrow"}', '{"goal": "v3"}'],
)
def test_what_a_later_version_has_stored_keeps_its_words(stored):
    assert decode_notice(stored, "in its words") == text_notice("in its words")


@pytest.mark.parametrize(
    "change", [{"next_check": 17}, {"seconds": 3.0}, {"last_step": 1205}, {"last_step": None}], ids=str
)
def test_durations_and_the_runs_progress_repeat(change):
    assert WAITS.repeats(replace(WAITS, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": EventKind.POLL_FAILED},
        {"goal": Goal.parse("step:201")},
        {"verdict": replace(FALLS_SHORT, step=120)},
        {"verdict": replace(FALLS_SHORT, version=2)},
        {"run_state": "finished"},
        {"detail": "something else"},
        {"waits_for_tab": False},
        {"attempt": 2},
    ],
    ids=str,
)
def test_all_else_is_something_new(change):
    assert not WAITS.repeats(replace(WAITS, **change))


def of_words(message):
    return decode_notice(notice_of_words(message), message)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rate limited, next check in 5 s", "Rate limited, next check in 17 s"),
        ("Visit failed: no answer. Trying again in 30 s", "Visit failed: no answer. Trying again in 120 s"),
        ("Try again in 2 minutes.", "Try again in 59 minutes."),
        ("the same", "the same"),
        (
            "not there (run running, step 7), next check in 5 s",
            "not there (run running, step 1,204), next check in 4 s",
        ),
    ],
)
def test_lines_of_the_first_version_repeat_but_for_durations(one, other):
    assert of_words(one).repeats(of_words(other))
    assert [event_text(of_words(words)) for words in (one, other)] == [one, other]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("v1 covers step 99, waiting for 200", "v1 covers step 120, waiting for 200"),
        ("not there (run running, step 7)", "not there (run finished, step 7)"),
        ("the server says: HTTP 500", "the server says: HTTP 502"),
        ("run v5 s", "run v6 s"),
    ],
)
def test_all_other_numbers_of_such_lines_matter(one, other):
    assert not of_words(one).repeats(of_words(other))


def count(*lines):
    made = [LogLine(NOON + timedelta(seconds=at), **{"attempt": 1} | more) for at, more in enumerate(lines)]
    return [(line.nth, line.began) for line in counted(made)]


WAITING = {"notice": WAITS, "status": MonitorStatus.NOT_AVAILABLE}


@pytest.mark.parametrize(
    "other",
    [
        {"attempt": 2},
        {"level": Level.WARNING},
        {"status": None},
        {"state": State.FAILED},
        {"notice": text_notice("something else")},
    ],
)
def test_lines_count_while_nothing_else_happens(other):
    first, second = NOON, NOON + timedelta(seconds=1)
    assert count(*[WAITING] * 2) == [(1, first), (2, first)]
    assert count(WAITING, WAITING | other) == [(1, first), (1, second)]
    counts = count(WAITING, WAITING | other, *[WAITING] * 3)
    assert [nth for nth, _ in counts] == [1, 1, 1, 2, 3]


def test_the_ends_of_attempts_stand_for_themselves():
    assert [nth for nth, _ in count(*[WAITING | {"state": State.CANCELLED}] * 3)] == [1, 1, 1]


def row_with(notice, **changes):
    return WatchedRun(RunAddress("lab", "forks", "abc"), notice.goal or Goal(), PollPolicy(), notice=notice, **changes)


ALL = frozenset({"state", "artifact", "next", "run_state", "step"})


@pytest.mark.parametrize(
    ("notice", "columns", "said"),
    [
        (Notice(EventKind.QUEUED), ALL, ""),
        (Notice(EventKind.CANCELLED), ALL, ""),
        (Notice(EventKind.VISITED, seconds=1.26, detail="loaded"), ALL, "Run page loaded in 1.3 s"),
        (
            Notice(EventKind.NOT_MET, Goal(), Verdict(VerdictCode.NO_ARTIFACT), next_check=4),
            ALL,
            "Not available yet",
        ),
        (
            Notice(EventKind.NOT_MET, Goal(), Verdict(VerdictCode.NO_ARTIFACT), next_check=4),
            ALL - {"next"},
            "Not available yet, next check in 4 s",
        ),
        (WAITS, ALL, "Covers step 99, waiting for 200; its page waits for a free tab"),
        (
            WAITS,
            ALL - {"step"},
            "Covers step 99, waiting for 200 (step 1,204); its page waits for a free tab",
        ),
        (
            WAITS,
            ALL - {"step", "run_state"},
            "Covers step 99, waiting for 200 (run running, step 1,204); its page waits for a free tab",
        ),
        (
            replace(WAITS, kind=EventKind.TIMED_OUT, seconds=300.2, next_check=None, waits_for_tab=False),
            ALL,
            "Covers step 99, waiting for 200",
        ),
        (Notice(EventKind.TIMED_OUT, seconds=9), ALL, "The server has not answered"),
        (Notice(EventKind.GOAL_MET, Goal(), Verdict(VerdictCode.AVAILABLE, met=True, version=3)), ALL, ""),
        (
            Notice(EventKind.GOAL_MET, STEP, Verdict(VerdictCode.COVERS, met=True, version=3, verified=True)),
            ALL,
            "Covers step 200",
        ),
        (Notice(EventKind.FAILED, detail="There is no such run."), ALL, "There is no such run."),
    ],
)
def test_a_row_leaves_out_what_its_columns_show(notice, columns, said):
    row = row_with(notice, next_probe_at=None if notice.next_check is None else 4.0)
    assert row_text(row, 0.0, columns) == said


def test_a_row_without_those_columns_says_all_and_a_late_answer_is_always_told():
    row = row_with(WAITS, next_probe_at=4.0)
    assert row_text(row, 0.0) == event_text(replace(WAITS, next_check=4.0))
    assert row_text(row, 100.0, ALL).endswith("its page waits for a free tab, no answer for 96 s")


def test_runs_that_share_a_name_are_told_apart_by_their_ids():
    def named(run_id, name):
        return replace_run(row_with(Notice(EventKind.QUEUED)), run_id, name)

    def replace_run(row, run_id, name):
        row.run, row.run_info = RunAddress("lab", "forks", run_id), RunInfo(name)
        return row

    a, b, c = named("aaa", "baseline"), named("bbb", "baseline"), named("ccc", "other")
    assert distinct_names([a, b, c], 30) == ["baseline aaa", "baseline bbb", "other"]
    assert distinct_names([a, c], 30) == ["baseline", "other"]
    assert distinct_names([a, c], 30, [a, b, c]) == ["baseline aaa", "other"]
    assert distinct_names([a], 5, [a, b]) == ["base… aaa"]
    d = named("ddd", "")
    assert distinct_names([d, d], 30) == ["ddd", "ddd"]
