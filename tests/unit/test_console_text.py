"""The output of programs to a terminal as plain text, and a console as a log that is read page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wandb_tui.core.console import ConsoleLine, ConsolePage, ConsolePosition
from wandb_tui.core.events import Level
from wandb_tui.core.log import MAX_CONSOLE_LINES
from wandb_tui.text.console_text import console_text
from wandb_tui.ui.logs.console_log import ConsoleLog
from wandb_tui.ui.logs.consoles import Consoles

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mred\x1b[0m and \x1b]8;;http://x\x1b\\a link\x1b]8;;\x07", "red and a link"),
        ("\rstep 1/3\rstep 2/3\rstep 3/3\r", "step 3/3"),
        ("a long bar: 10%\rshort", "shortg bar: 10%"),
        ("a long bar: 10%\r\x1b[Kshort", "short"),
        ("a long bar: 10%\x1b[2K\x1b[1Gshort", "short"),
        ("loss 0.5\b\b\b0.4", "loss 0.4"),
        ("a\tb", "a       b"),
        ("100%|\u2588\u2588\u2588| 3/3\x1b[A", "100%|\u2588\u2588\u2588| 3/3"),
        ("\x1b[999999999999Cfar", None),
        ("line end\r\n", "line end"),
        ("\x07\x00bell", "bell"),
    ],
)
def test_a_line_as_a_terminal_would_show_it(written, shown):
    if shown is None:
        assert console_text(written).strip() == "far"
    else:
        assert console_text(written) == shown


def lines(*texts, start=0, **more):
    return tuple(
        ConsoleLine(start + index, text, NOON + timedelta(seconds=start + index), **more)
        for index, text in enumerate(texts)
    )


def page(found, end, **more):
    return ConsolePage(found, ConsolePosition("cursor", end), **more)


def texts(log):
    return [line.notice.detail for line in log.lines]


def test_a_progress_bar_changes_its_own_line_and_nothing_before_it():
    log = ConsoleLog(0.0)
    assert log.take(page(lines("hello", "0%"), 2, going_on=True), now=1.0) is None
    hello = log.lines[0]
    assert log.due_at == 6.0
    assert log.take(page(lines("hello", "50%", "world"), 3, going_on=True), now=6.0) is hello
    assert texts(log) == ["hello", "50%", "world"]
    last = log.lines[-1]
    assert log.take(page(lines("50%", "world", start=1), 3), now=11.0) is last, "nothing new"
    assert log.due_at is None, "the run has ended"


def test_repeated_lines_are_counted_and_stderr_is_marked():
    log = ConsoleLog(0.0)
    log.take(page((*lines("again", "again"), *lines("again", "oops", start=2, stderr=True, label="rank0")), 4), now=0)
    assert [line.nth for line in log.lines] == [1, 2, 1, 1]
    assert texts(log)[2:] == ["[rank0] again", "[rank0] oops"]
    assert [line.level for line in log.lines[1:3]] == [Level.INFO, Level.WARNING]


def test_only_the_newest_lines_are_kept_and_that_is_said():
    log = ConsoleLog(0.0)
    for start in range(0, MAX_CONSOLE_LINES + 2000, 1000):
        log.take(page(lines(*map(str, range(start, start + 1000)), start=start), start + 1000, total=7000), now=0)
    assert len(log.lines) == MAX_CONSOLE_LINES
    assert (texts(log)[0], texts(log)[-1]) == ("2000", "6999")
    assert log.status == "newest 5,000 of 7,000 lines"


def test_why_there_is_nothing_and_when_it_is_tried_again():
    log = ConsoleLog(0.0)
    assert log.failed("The server is down.", now=1.0) is None
    assert (texts(log), log.due_at) == (["The server is down."], 31.0)
    log.take(page((), 0, going_on=True), now=31.0)
    assert texts(log) == ["The run has written nothing to its console so far."]
    log.take(page(lines("hello"), 1), now=36.0)
    assert log.failed("The server is down.", now=40.0) is log.lines[-1]
    assert (texts(log), log.status) == (["hello"], "The server is down.")


def test_the_console_that_has_waited_longest_is_read_first_and_few_are_kept():
    now = 0.0
    consoles = Consoles(lambda: now)
    consoles.of("a").due_at, consoles.of("b").due_at = 3.0, 2.0
    assert consoles.due(["a", "b"]) is None
    now = 5.0
    assert consoles.due(["a", "b"]) == "b"
    kept = consoles.of("a")
    for run in range(7):
        consoles.of(run)
    assert consoles.of("a") is kept
    for run in range(8):
        consoles.of(run)
    assert consoles.of("a") is not kept
