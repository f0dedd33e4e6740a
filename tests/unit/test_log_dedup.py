"""Which lines of a log say the same, and how they are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wandb_tui.core.events import Level, MonitorStatus
from wandb_tui.core.log import LogLine, counted
from wandb_tui.core.log_dedup import counting_down, says_the_same, without_countdown
from wandb_tui.core.state import State

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rate limited, next check in 5 s", "Rate limited, next check in 17 s"),
        ("Visit failed: no answer. Trying again in 30 s", "Visit failed: no answer. Trying again in 120 s"),
        ("Run page loaded in 0.6 s (loaded)", "Run page loaded in 12.4 s (loaded)"),
        ("Try again in 2 minutes.", "Try again in 59 minutes."),
        ("12 ms or 1 h 5 min", "3 ms or 2 h 40 min"),
        ("the same", "the same"),
        (
            "not there (run running, step 7), next check in 5 s",
            "not there (run running, step 1,204), next check in 4 s",
        ),
    ],
)
def test_messages_that_differ_in_lengths_of_time_say_the_same(one, other):
    assert says_the_same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("v1 covers step 99, waiting for 200", "v1 covers step 120, waiting for 200"),
        ("not there (run running, step 7)", "not there (run finished, step 7)"),
        ("waiting for (step 7)", "waiting for (step 8)"),
        ("v3 was there before", "v4 was there before"),
        ("the server says: HTTP 500", "the server says: HTTP 502"),
        ("5 sheep", "6 sheep"),
        ("run v5 s", "run v6 s"),
        ("next check in 5 s", "next check in 5 h"),
    ],
)
def test_all_other_numbers_matter(one, other):
    assert not says_the_same(one, other)


def test_a_countdown_is_taken_off_as_it_was_put_on():
    assert without_countdown(counting_down("Rate limited, it says", 4.6)) == "Rate limited, it says"
    assert without_countdown("next check in 5 s, perhaps") == "next check in 5 s, perhaps"


def said(*lines):
    made = [LogLine(NOON + timedelta(seconds=at), **{"attempt": 1} | more) for at, more in enumerate(lines)]
    return [(line.nth, line.began) for line in counted(made)]


WAITING = {"message": "not yet, next check in 5 s", "status": MonitorStatus.NOT_AVAILABLE}


@pytest.mark.parametrize(
    "other",
    [
        {"attempt": 2},
        {"level": Level.WARNING},
        {"status": None},
        {"state": State.FAILED},
        {"message": "something else"},
    ],
)
def test_lines_count_while_nothing_else_is_said(other):
    first, second = NOON, NOON + timedelta(seconds=1)
    assert said(*[WAITING] * 2) == [(1, first), (2, first)]
    assert said(WAITING, WAITING | other) == [(1, first), (1, second)]
    counts = said(WAITING, WAITING | other, *[WAITING] * 3)
    assert [count for count, _ in counts] == [1, 1, 1, 2, 3]


def test_the_ends_of_attempts_stand_for_themselves():
    assert [count for count, _ in said(*[WAITING | {"state": State.CANCELLED}] * 3)] == [1, 1, 1]
