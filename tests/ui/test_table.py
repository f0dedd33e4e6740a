"""Sorting, columns, filter and marks of the table."""

from __future__ import annotations

import random
import re
import sys
from dataclasses import replace

import pytest
from textual.widgets import Input, Static

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, FakeProber, FakeStore, Scenario, address
from tests.ui.support import case, running
from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import MonitorEvent, MonitorStatus
from wandb_tui.core.goal import Goal, GoalKind
from wandb_tui.core.notice import EventKind, Notice, text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.probe import Probe, ProbeOutcome, RunInfo
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.app.palette import ActionCommands
from wandb_tui.ui.common.confirm import Confirm
from wandb_tui.ui.details.screen import DetailsScreen
from wandb_tui.ui.table import compiled_filter
from wandb_tui.ui.table.columns import BY_KEY, TREND
from wandb_tui.ui.table.filter import Filter
from wandb_tui.ui.table.run_table import RunTable

STATES = {
    "r10": State.AVAILABLE,
    "r9": State.FAILED,
    "r1": State.TIMED_OUT,
    "r20": State.CANCELLED,
    "r3": State.FAILED,
}


def ended() -> Scenario:
    """A list of runs that have all ended, so that nothing moves by itself."""
    rows = [
        StoredRun(address(run), Goal(), 1, state, text_notice(f"{state} it is"), None, elapsed=10.0 * number)
        for number, (run, state) in enumerate(STATES.items())
    ]
    return Scenario(FakeProber(default=NOT_YET), store=FakeStore(rows))


def ids(app):
    return [run.run_id for run in app.dashboard.table.shown]


def marked(app):
    return {run.run_id for run in app.dashboard.table.shown if run in app.dashboard.table.selection}


async def test_sorting_goes_through_the_columns_and_keeps_the_cursor_on_its_run():
    async with running(ended(), size=(160, 40)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("home", "down")
        assert app.dashboard.table.run == address("r9")
        await pilot.press("o")
        assert ids(app) == ["r9", "r3", "r1", "r10", "r20"], "what wants attention first"
        await pilot.press("o")
        assert ids(app) == ["r1", "r3", "r9", "r10", "r20"], "numbers as numbers"
        assert "Run▲" in shown(app)
        assert app.dashboard.table.run == address("r9")
        await pilot.press("O")
        assert ids(app) == ["r20", "r10", "r9", "r3", "r1"]
        assert "Run▼" in shown(app)
        assert app.dashboard.table.run == address("r9")
        for _ in app.dashboard.table.columns[1:]:
            await pilot.press("o")
        assert ids(app) == list(STATES), "as they were added"


async def test_a_heading_sorts_by_the_mouse_and_a_second_click_reverses():
    async with running(ended(), size=(160, 40)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        line = next(line for line in shown(app).splitlines() if "Run" in line and "Goal" in line)
        at = line.index("Run"), 0
        await pilot.click(RunTable, offset=at)
        assert ids(app) == ["r1", "r3", "r9", "r10", "r20"]
        await pilot.click(RunTable, offset=at)
        assert ids(app) == ["r20", "r10", "r9", "r3", "r1"]
        await pilot.click(RunTable, offset=at)
        assert ids(app) == list(STATES)


async def test_a_run_that_changes_finds_its_place_at_once():
    async with running(ended(), "new", size=(160, 40)) as (app, pilot):
        await until(lambda: len(ids(app)) == 6)
        row = app.session.watch_list[address("new")]
        await until(lambda: row.state is State.WAITING)
        await pilot.press("o", "home")
        assert ids(app)[3] == "new"
        app.session.event_queue.publish(
            MonitorEvent(row.run, row.attempt, State.FAILED, text_notice("no such project"))
        )
        await until(lambda: ids(app).index("new") < 3)
        assert app.dashboard.table.run == address("r9"), "the cursor stays on its run"


async def test_the_order_by_a_ticking_column_stays_still_for_a_while():
    now = [1000.0]
    async with running(Scenario(FakeProber()), "a", "b", size=(160, 40), clock=lambda: now[0]) as (app, pilot):
        await until(lambda: len(ids(app)) == 2)
        await pilot.press("o", "o")
        while app.dashboard.table.view.order.column != "next":
            await pilot.press("o")
        for run, seconds in (("a", 9.0), ("b", 3.0)):
            app.session.event_queue.publish(
                MonitorEvent(address(run), 1, State.WAITING, text_notice("x"), next_probe=seconds)
            )
        await pilot.pause(0.2)
        assert ids(app) == ["a", "b"], "not yet"
        now[0] += 6
        app.session.event_queue.publish(MonitorEvent(address("b"), 1, State.WAITING, text_notice("y"), next_probe=1.0))
        await until(lambda: ids(app) == ["b", "a"])


async def test_the_run_itself_and_the_waiting_are_reported():
    now = [1000.0]
    prober = FakeProber({"abc": [Probe(ProbeOutcome.NOT_YET, run=RunInfo("calm-moon-13", "finished", 1234))]})
    async with running(Scenario(prober), "abc", size=(240, 40), clock=lambda: now[0]) as (app, _):
        table = app.dashboard.table
        await until(lambda: "1,234" in shown(app))
        assert table.cell(address("abc"), "run_state").text == "finished"
        assert table.cell(address("abc"), "age").text.strip() == "0 s"
        assert table.cell(address("abc"), "waited").text == "───────"
        now[0] += 150
        assert table.cell(address("abc"), "waited").text == "━━━╸───"
        assert table.cell(address("abc"), "age").text.strip() == "2 m"
        assert table.cell(address("abc"), "age").colour == "warning"
        now[0] += 150
        assert table.cell(address("abc"), "waited").text == "━━━━━━━"


def text_of_help(app):
    """All that the help says, in view or not."""
    return "\n".join(str(part.content) for part in app.screen.query(Static))


def own(app):
    """The cells about the run itself, and whether they are quiet."""
    return [
        (cell.text.strip(), cell.colour == "quiet")
        for cell in (app.dashboard.table.cell(address("abc"), column) for column in ("run_state", "step"))
    ]


async def test_the_last_known_state_of_a_run_is_marked_old_once_polling_has_ended():
    now = [1000.0]
    run = RunInfo("calm-moon-13", "running", 1234)
    async with running(Scenario(), "abc", size=(240, 40), clock=lambda: now[0]) as (app, pilot):
        row = app.session.watch_list[address("abc")]
        waiting = MonitorEvent(
            row.run, 1, State.WAITING, text_notice("not yet"), status=MonitorStatus.NOT_AVAILABLE, run_info=run
        )
        app.session.event_queue.publish(waiting)
        await until(lambda: "1,234" in shown(app))
        assert own(app) == [("running", False), ("1,234", False)]
        # The server has not answered for long.
        now[0] += 60
        app.dashboard.tick()
        await until(lambda: "~running" in shown(app) and "~1,234" in shown(app))
        app.session.event_queue.publish(waiting)
        await until(lambda: "~running" not in shown(app))
        await pilot.press("home", "c")
        await until(lambda: row.state is State.CANCELLED and "~running" in shown(app))
        assert own(app) == [("~running", True), ("~1,234", True)]
        # The tooltip and the help explain the sign.
        lines = shown(app).splitlines()
        at = next((line.index("~running"), row) for row, line in enumerate(lines) if "~running" in line)
        top = app.dashboard.table.region.y
        await pilot.hover(RunTable, offset=(at[0] + 2, at[1] - top))
        assert "~running: the run's own state" in str(app.dashboard.table.tooltip)
        await pilot.hover(RunTable, offset=(4, at[1] - top))
        assert app.dashboard.table.tooltip is None
        await pilot.press("question_mark")
        await until(lambda: "Other symbols" in text_of_help(app))
        assert "~running ~300" in text_of_help(app)
        assert "may have continued since then" in " ".join(text_of_help(app).split())


async def test_a_run_that_has_ended_stands_still():
    prober = FakeProber({"abc": [Probe(ProbeOutcome.NOT_YET, run=RunInfo("calm-moon-13", "finished", 1234))]})
    async with running(Scenario(prober), "abc", size=(240, 40)) as (app, pilot):
        await until(lambda: "1,234" in shown(app))
        await pilot.press("home", "c")
        await until(lambda: app.session.watch_list[address("abc")].state is State.CANCELLED)
        assert own(app) == [("finished", False), ("1,234", False)]


async def test_minor_columns_make_room_for_a_message():
    several = [
        StoredRun(RunAddress("lab", project, "abc"), Goal(), 1, State.FAILED, text_notice("x" * 60))
        for project in ("one", "two")
    ]
    async with running(Scenario(FakeProber(), store=FakeStore(several)), size=(160, 45)) as (app, pilot):

        def columns():
            return {column.key for column in app.dashboard.table.columns}

        await until(lambda: len(app.dashboard.table.shown) == 2)
        assert {"next", "message"} <= columns()
        assert not {"waited", "age", "attempt"} & columns()
        assert "x" * 60 in shown(app).splitlines()[3], "it is whole"
        await pilot.resize_terminal(240, 45)
        await until(lambda: columns() == set(BY_KEY) - {TREND})
        await pilot.resize_terminal(160, 45)
        await until(lambda: columns() != set(BY_KEY) - {TREND})
        app.session.remove([several[0].run])
        app.dashboard.refresh_all()
        assert "project" not in columns(), "what is the same in each row goes first"


async def test_where_all_messages_are_short_minor_columns_stay():
    kept = [StoredRun(address("abc"), Goal(), 1, State.FAILED, text_notice("No such run"))]
    async with running(Scenario(FakeProber(), store=FakeStore(kept)), size=(160, 45)) as (app, _):
        await until(lambda: len(app.dashboard.table.shown) == 1)
        assert {"waited", "age", "step"} <= {column.key for column in app.dashboard.table.columns}


async def test_of_a_long_name_the_id_is_left():
    stored = [
        StoredRun(address(run), Goal(), 1, State.AVAILABLE, run_info=RunInfo("a-name-as-long-as-they-come"))
        for run in ("abc12345", "def67890")
    ]
    async with running(Scenario(store=FakeStore(stored)), size=(80, 24)) as (app, _):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        assert re.search(r"a-name\S+… abc12345 .*\n.*a-name\S+… def67890 ", shown(app))


async def test_a_server_that_owes_an_answer_is_reported():
    now = [1000.0]
    async with running(Scenario(FakeProber()), "abc", size=(160, 40), clock=lambda: now[0]) as (app, _):
        await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)
        waiting = MonitorEvent(
            address("abc"),
            1,
            State.WAITING,
            Notice(EventKind.POLL_FAILED, detail="not yet", next_check=5.0),
            next_probe=5.0,
        )
        app.session.event_queue.publish(waiting)
        table = app.dashboard.table

        def cells():
            app.dashboard.tick()
            return [table.cell(address("abc"), key).text.strip() for key in ("next", "message")]

        await until(lambda: cells() == ["5 s", "Not yet"])
        now[0] += 6
        assert cells() == ["now", "Not yet"]
        now[0] += 14
        assert cells() == ["late", "Not yet, no answer for 15 s"]


async def test_columns_are_hidden_and_come_back():
    async with running(ended(), size=(200, 40)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("h", "down", "down", "space")
        assert "project" not in [column.key for column in app.dashboard.table.columns]
        await pilot.press("up", "space")
        assert "run" in [column.key for column in app.dashboard.table.columns], "some are always there"
        await pilot.press("o")
        assert ids(app)[0] == "r1"
        await pilot.press("escape")
        assert "lab/forks" not in shown(app)
        await pilot.press("h", "down", "down", "space", "escape")
        assert "lab/forks" in shown(app)
        await pilot.press("w")
        columns = ["state", "run", "goal", "artifact", "time", "next", "message"]
        assert [column.key for column in app.dashboard.table.columns] == columns
        await pilot.press("w")
        assert len(app.dashboard.table.columns) > 8


async def test_as_added_is_one_step_away():
    async with running(ended(), size=(160, 40)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)

        def offered():
            return {name: run for name, _, run in ActionCommands(app.screen)._commands() if "order added" in name}

        assert not offered(), "they are already"
        await pilot.press("o", "o")
        assert ids(app) != list(STATES)
        offered()["Sort in order added"]()
        assert ids(app) == list(STATES)
        await pilot.press("o", "h", "a")
        assert ids(app) == list(STATES)
        await pilot.press("o")
        assert ids(app) != list(STATES)
        await pilot.click(".dialog-note", offset=(3, 0))
        assert ids(app) == list(STATES)


async def test_the_columns_say_for_which_there_is_no_room_now():
    async with running(ended(), size=(80, 24)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("h")

        def roomless():
            lines = [line for line in shown(app).splitlines() if "no room" in line]
            return {line.rsplit("✔ ", 1)[-1].split("  ")[0] for line in lines}

        assert roomless() == {"Project", "Run is", "Step", "Waited", "Age", "Try", "Message"}
        assert "Close (Esc)" in shown(app)
        await pilot.press("end", "up", "up", "space")
        assert "Try" not in roomless(), "it is not wanted"
        await pilot.resize_terminal(200, 40)
        await until(lambda: not roomless())


async def test_columns_are_hidden_by_the_mouse():
    async with running(ended(), size=(160, 40)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("h")
        await pilot.click("ColumnPicker OptionList", offset=(3, 3))
        assert app.dashboard.table.view.hidden == {"goal"}
        await pilot.click("#compact")
        assert app.dashboard.table.view.compact
        await pilot.click("#close")
        assert app.screen is app.dashboard


async def filtered_by(app, text):
    """Put a text into the filter that is being edited, in place of the one before."""
    line = app.dashboard.query_one("FilterBar Input", Input)
    count = len(app.session.watch_list)
    line.value = ""
    await until(lambda: len(ids(app)) == count and f"{count} of {count}" in shown(app))
    line.value = text
    await until(lambda: app.dashboard.table.view.filter.text == text)


async def test_the_filter():
    async with running(ended()) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("slash")
        for text, left in (
            ("r1", ["r10", "r1"]),
            ("!r1 !r2", ["r9", "r3"]),
            ("state:failed", ["r9", "r3"]),
            ("!state:failed r", ["r10", "r1", "r20"]),
            ("project:LAB/forks r3", ["r3"]),
            ("project:other", []),
            (r"run:/^r\d$/", ["r9", "r1", "r3"]),
            (r"/r(1|2)0\b/ state:available", ["r10"]),
            ("!/r[0-9]{2}/", ["r9", "r1", "r3"]),
            ("/r[0-9]0", ["r10", "r20"]),
            ('log:"failed it is"', ["r9", "r3"]),
            ("goal:exists", list(STATES)),
            ("step:200", []),
        ):
            with case(text):
                await filtered_by(app, text)
                await until(lambda left=left: ids(app) == left and f"{len(left)} of 5" in shown(app))


async def test_a_slip_in_a_filter_is_reported():
    async with running(ended(), size=(80, 24)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("slash")
        for text, expected in (
            ("state:fialed", "0 of 5 · “fialed” is not a state: failed, "),
            ("r !state:Canceled", "5 of 5 · “Canceled” is not a state: cancelled, "),
            ("status:failed", "0 of 5 · did you mean “state:”?"),
            ("prject:lab", "0 of 5 · did you mean “project:”?"),
            ("state:Fail", "2 of 5"),
            ("state:/ed$/", "3 of 5"),
            ("step:200", "0 of 5"),
            ("exp:1", "0 of 5"),
        ):
            with case(text):
                await filtered_by(app, text)
                await until(lambda expected=expected: expected in shown(app))
                line = next(line for line in shown(app).splitlines() if expected in line)
                assert ("·" in line) is ("·" in expected)
                assert text in line


async def test_a_state_may_be_the_monitors_or_the_runs_own():
    failed = StoredRun(address("abc"), Goal(), 1, State.FAILED, text_notice("No"), run_info=RunInfo("sun", "finished"))
    waits = StoredRun(address("def"), Goal(), 1, State.WAITING, run_info=RunInfo("moon", "running"))
    async with running(Scenario(FakeProber(), store=FakeStore([failed, waits])), size=(80, 24)) as (app, pilot):
        await until(lambda: len(ids(app)) == 2 and app.session.watch_list[address("def")].state is State.WAITING)
        assert "No run matches" not in shown(app)
        for text, left in (
            ("state:finished", ["abc"]),
            ("state:failed", ["abc"]),
            ("is:failed", []),
            ("state:running", ["def"]),
            ("!state:running", ["abc"]),
            ("state:/^(waiting|crashed)$/", ["def"]),
            ("state:/^available$/", []),
            ("state:killed", []),
        ):
            with case(text):
                await pilot.press("slash")
                await filtered_by(app, text)
                await until(lambda left=left: f"{len(left)} of 2" in shown(app))
                assert ids(app) == left
                assert "is not a state" not in shown(app)
                assert ("No run matches the filter; Esc shows all again" in shown(app)) is (not left)
                await pilot.press("escape")
                assert len(ids(app)) == 2
                await until(lambda: "No run matches" not in shown(app))


async def test_a_bad_regular_expression_is_reported_and_breaks_nothing():
    async with running(ended()) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("slash", *"r1", "space", *"/[", "enter")
        await until(lambda: "✖ /[/: missing ]" in shown(app))
        assert ids(app) == ["r10", "r1"], "what was good before still holds"
        await pilot.press("slash", "backspace", "backspace")
        await until(lambda: "missing ]" not in shown(app))


def saying(*texts) -> Scenario:
    """Runs that have failed with these words."""
    rows = [
        StoredRun(address(f"r{number}"), Goal(), 1, State.FAILED, text_notice(text))
        for number, text in enumerate(texts)
    ]
    return Scenario(FakeProber(default=NOT_YET), store=FakeStore(rows))


async def test_no_regular_expression_holds_the_dashboard_up():
    async with running(saying("L" * 1990 + "X", "L" * 1990 + "M")) as (app, pilot):
        await until(lambda: len(ids(app)) == 2)
        for expression, left in (
            ("log:/L*L*L*X[^ ]/", 0),
            ("log:/(L|LL)+X[^ ]/", 0),
            ("!log:/(L|LL)+X[^ ]/", 2),
            ("log:/(L+)+$/", 0),
            ("log:/(L*)*M/", 1),
        ):
            with case(expression):
                # A matcher that backtracks would never finish.
                await pilot.press("slash", *expression, "enter")
                await until(lambda left=left: f"{left} of 2" in shown(app))
                assert len(ids(app)) == left
                await pilot.press("escape")
                await until(lambda: len(ids(app)) == 2 and " of 2" not in shown(app))


async def test_regular_expressions_that_take_too_long_are_left_out_until_the_filter_is_edited(monkeypatch):
    texts = ["".join(random.Random(number).choices("Lz ", k=1990)) for number in range(200)]  # noqa: S311
    async with running(saying(*texts, "lab")) as (app, pilot):
        await until(lambda: len(ids(app)) == 201)
        await pilot.press("slash")
        line = app.dashboard.query_one("FilterBar Input", Input)
        line.value = "!log:lab log:/(L|z| ){1,1000}q[^y]/"
        await until(lambda: "✖ /(L|z| ){1,1000}q[^y]/: takes too long" in shown(app))
        assert len(ids(app)) == 200, "the rest of the filter holds"
        searched = []
        monkeypatch.setattr(compiled_filter, "_bytes", lambda text: searched.append(text) or text.encode())
        for _ in range(20):
            app.dashboard.refresh_all()
        assert not searched, "it is not tried again"
        monkeypatch.undo()
        line.value = "log:/^lab$/"
        await until(lambda: "1 of 201" in shown(app))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("/(a/", "missing )"),
        ("/*a/", "no argument for repetition operator: *"),
        ("/(?:(?:a?){999}){999}/", "invalid repetition size: {999}"),
        ("/(?:\\pL{1,99}){9}/", "pattern too large - compile failed"),
        ("/a(?=b)/", "invalid perl operator: (?="),
    ],
)
def test_what_is_wrong_with_a_regular_expression(expression, message):
    assert Filter(expression).error.endswith(f"/: {message}")


def test_the_same_expression_may_be_there_twice():
    row = WatchedRun(address("abc"), Goal(), PollPolicy())
    assert Filter("run:/abc/ !project:/abc/").matches(row)
    assert not Filter("project:/abc/ run:/abc/").matches(row)


def test_where_nothing_reads_regular_expressions_that_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "re2", None)
    assert Filter("/a/").error == "/a/: needs the package google-re2"


async def test_escape_takes_back_marks_then_the_filter():
    async with running(ended()) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("slash", *"state:failed", "enter", "space")
        assert marked(app) == {"r9"}
        await pilot.press("escape")
        assert marked(app) == set()
        assert len(ids(app)) == 2
        await pilot.press("escape")
        assert len(ids(app)) == 5


async def test_undo_selects_again_what_escape_cleared():
    async with running(ended()) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("asterisk", "escape")
        assert marked(app) == set()
        assert "Selection of 5 runs cleared; u undoes this" in [note.message for note in app._notifications]
        await pilot.press("u")
        assert len(marked(app)) == 5
        assert "● 5" in shown(app).splitlines()[0]


async def test_undo_takes_back_the_newer_of_a_removal_and_a_cleared_selection():
    async with running(ended()) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("home", "space", "escape", "d")
        assert len(ids(app)) == 4
        await pilot.press("u")
        assert len(ids(app)) == 5
        assert marked(app) == set(), "the removal came later, and the selection had been given up before it"
        await pilot.press("d", "home", "space", "escape", "u")
        assert len(marked(app)) == 1
        assert len(ids(app)) == 4
        await pilot.press("u")
        assert len(ids(app)) == 5


async def test_marks_by_key():
    async with running(ended()) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("home", "shift+down", "shift+down")
        assert marked(app) == {"r10", "r9", "r1"}
        await pilot.press("shift+up")
        assert marked(app) == {"r10", "r9"}, "a range shrinks again"
        await pilot.press("down", "down", "space")
        assert marked(app) == {"r10", "r9", "r20"}
        assert "● 3" in shown(app).splitlines()[0]
        await pilot.press("i")
        assert marked(app) == {"r1", "r3"}
        await pilot.press("asterisk", "asterisk")
        assert marked(app) == set()
        await pilot.press("home", "V", "end")
        assert marked(app) == set(STATES)
        await pilot.press("up", "V", "up")
        assert marked(app) == set(STATES) - {"r3"}


async def test_marks_by_mouse():
    async with running(ended()) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.click(RunTable, offset=(1, 1))
        assert marked(app) == {"r10"}
        await pilot.click(RunTable, offset=(20, 3), control=True)
        assert marked(app) == {"r10", "r1"}
        await pilot.click(RunTable, offset=(20, 5), shift=True)
        assert marked(app) == {"r10", "r1", "r20", "r3"}
        assert app.dashboard.panes.pinned == []
        await pilot.press("escape")
        await pilot.click(RunTable, offset=(20, 2), times=2)
        assert isinstance(app.screen, DetailsScreen)
        assert "lab/forks/runs/r9" in shown(app)


async def test_only_what_runs_is_counted_when_many_are_cancelled():
    async with running(ended(), "new1", "new2", size=(120, 40)) as (app, pilot):
        await until(lambda: len(ids(app)) == 7)
        await pilot.press("asterisk", "c")
        assert isinstance(app.screen, Confirm)
        assert "Cancel 2 runs?" in shown(app)
        await pilot.press("y")
        await until(lambda: app.session.watch_list.counts[State.CANCELLED] == 3)


async def test_many_are_restarted_visited_and_removed():
    async with running(None, "abc", "def", "ghi", size=(120, 40)) as (app, pilot):
        visits = app._backend.services().visitor.visits
        await until(lambda: len(visits) == 3)
        await pilot.press("home", "shift+down", "v")
        await until(lambda: len(visits) == 5)
        await pilot.press("r")
        assert "Restart 2 runs?" in shown(app)
        await pilot.press("y")
        await until(lambda: [row.attempt for row in app.session.watch_list] == [2, 2, 1])
        await pilot.press("d")
        assert "Remove 2 runs?" in shown(app)
        await pilot.press("y")
        assert ids(app) == ["ghi"]


async def test_what_is_done_under_a_filter_leaves_the_cursor_on_its_run():
    async with running(ended(), size=(160, 40)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("slash", *"state:failed", "enter")
        await until(lambda: ids(app) == ["r9", "r3"])
        await pilot.press("home", "r")
        row = app.session.watch_list[address("r9")]
        await until(lambda: row.state is State.WAITING)
        assert app.dashboard.table.run == row.run
        assert ids(app) == ["r9", "r3"]
        assert app.dashboard.panes.panes[0].run == row.run
        await pilot.press("r")
        await until(lambda: row.attempt == 3 and row.state is State.WAITING)
        assert "2 of 5" in shown(app)
        await pilot.press("down")
        await until(lambda: ids(app) == ["r3"])
        await until(lambda: "1 of 5" in shown(app))
        assert app.dashboard.table.run == address("r3")
        await pilot.press("r")
        assert ids(app) == ["r3"]
        await pilot.press("slash", *["backspace"] * 6, *"timed-out")
        await until(lambda: ids(app) == ["r1"])


async def test_undo_under_a_filter_puts_the_cursor_on_what_is_back():
    async with running(None, "abc", "def", size=(160, 40)) as (app, pilot):
        await until(lambda: all(row.state is State.WAITING for row in app.session.watch_list))
        await pilot.press("slash", *"state:waiting", "enter", "home", "d")
        assert ids(app) == ["def"]
        await pilot.press("u")
        assert ids(app) == ["abc", "def"]
        assert app.dashboard.table.run == address("abc")


async def test_undo_brings_back_log_and_name():
    prober = FakeProber({"abc": [Probe(ProbeOutcome.NOT_YET, run=RunInfo("calm-moon-13", "finished", 7))]})
    async with running(Scenario(prober), "abc", "def") as (app, pilot):
        await until(lambda: "calm-moon-13" in shown(app))
        row = app.session.watch_list[address("abc")]
        texts = [event_text(line.notice) for line in row.log]
        await pilot.press("home", "d", "d")
        await until(lambda: not app.session.watch_list)
        await until(lambda: "No runs yet" in shown(app))
        await pilot.press("u", "u")
        await until(lambda: len(app.session.watch_list) == 2)
        again = app.session.watch_list[address("abc")]
        assert [event_text(line.notice) for line in again.log][: len(texts)] == texts
        assert again.attempt == 1
        await until(lambda: "calm-moon-13" in shown(app))
        await until(lambda: isinstance(app.focused, RunTable))
        await until(lambda: again.state is State.WAITING)
        await pilot.press("c")
        await until(lambda: State.CANCELLED in {row.state for row in app.session.watch_list})


async def test_the_goal_of_many_is_changed():
    async with running(None, "abc", "def", size=(120, 40)) as (app, pilot):
        await until(lambda: all(row.state is State.WAITING for row in app.session.watch_list))
        await pilot.press("asterisk", "g")
        assert "abc, def" in shown(app)
        assert app.screen.query_one("#goal", Input).value == "exists"
        await pilot.press(*["backspace"] * 6, *"step:x")
        await until(lambda: "✖ exists, v3, newer" in shown(app))
        await pilot.press("enter")
        assert app.screen is not app.dashboard, "a goal that is none changes nothing"
        await pilot.press("backspace", *"200", "enter")
        assert app.screen is app.dashboard
        await until(lambda: {str(row.goal) for row in app.session.watch_list} == {"step:200"})
        await until(lambda: "step:200" in app.dashboard.table.cell(address("def"), "goal").text)


async def test_every_kind_of_goal_is_a_click_away_on_a_narrow_terminal():
    async with running(None, "abc", size=(80, 24)) as (app, pilot):
        await pilot.press("g")
        buttons = list(app.screen.query("#goal-ready Button"))
        assert [str(button.label) for button in buttons] == [kind.rule.completion for kind in GoalKind]
        row = app.screen.query_one("#goal-ready").region
        assert all(button.region in row and button.region.width >= len(str(button.label)) for button in buttons)


async def test_a_goal_is_changed_by_the_mouse():
    async with running(None, "abc", size=(120, 40)) as (app, pilot):
        await pilot.press("g")
        await pilot.click("#goal-newer")
        await pilot.click("#change")
        await until(lambda: str(app.session.watch_list[address("abc")].goal) == "newer")
        await pilot.press("g")
        await pilot.click("#goal-step")
        await pilot.press(*"200", "enter")
        await until(lambda: str(app.session.watch_list[address("abc")].goal) == "step:200")
        await pilot.press("g")
        await pilot.click("#cancel")
        assert app.screen is app.dashboard


async def test_a_heading_that_is_sorted_by_reads_as_a_word_in_ascii():
    async with running(ended(), ascii_look=True) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("o", "O")
        await until(lambda: "State v" in shown(app) or "Run v" in shown(app))


async def test_home_and_end_go_to_the_first_and_the_last_run():
    async with running(ended()) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("end")
        assert app.dashboard.table.run == address("r3")
        await pilot.press("home")
        assert app.dashboard.table.run == address("r10")


async def test_the_arrangement_is_remembered():
    scenario = ended()
    async with running(scenario, size=(160, 40)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("o", "o", "O", "w", "slash", *"!r1", "enter")
        await until(lambda: (scenario.store.load_view().get("table") or {}).get("filter") == "!r1")
    async with running(scenario, "r100", size=(160, 40)) as (app, pilot):
        await until(lambda: ids(app) == ["r20", "r9", "r3"])
        assert "Run▼" in shown(app)
        assert app.dashboard.table.view.compact
        assert "3 of 6" in shown(app)
        assert any("The filter hides it" in note.message for note in app._notifications)


async def test_a_stored_view_may_be_nonsense():
    for nonsense in (
        [],
        {"sort": "x", "hidden": ["state", "y", 3], "filter": "/(/"},
        {"hidden": 7, "sort": []},
        {"hidden": [[]]},
    ):
        scenario = ended()
        scenario.store.save_view("table", nonsense)
        async with running(scenario) as (app, _):
            await until(lambda: ids(app) == list(STATES))


async def test_without_a_shell_suspending_says_why():
    async with running(ended()) as (app, pilot):
        await pilot.press("ctrl+z")
        await until(lambda: any("no shell" in note.message for note in app._notifications))


async def test_what_was_known_of_a_run_is_there_after_a_restart():
    ended = StoredRun(
        address("abc"),
        Goal(),
        1,
        State.AVAILABLE,
        text_notice("There"),
        run_info=RunInfo("calm-moon-13", "running", 1234),
    )
    goes_on = replace(ended, run=address("def"), state=State.WAITING, run_info=RunInfo("brisk-sun-12", "running", 99))
    async with running(Scenario(FakeProber(), store=FakeStore([ended, goes_on])), size=(200, 40)) as (app, _):
        await until(lambda: "calm-moon-13" in shown(app) and "brisk-sun-12" in shown(app))
        assert own(app) == [("~running", True), ("~1,234", True)]
        assert "~99" in shown(app), "the server has not reported again"


async def test_the_counts_add_up():
    async with running(ended(), size=(160, 24)) as (app, pilot):
        await until(lambda: len(ids(app)) == 5 and app.account)
        for width, expected in (
            (160, "5 runs   ✔ 1 ready   ◐ 0 waiting   ✖ 3 failed   ⊘ 1 cancelled"),
            (80, "5 runs   ✔ 1 ready   ◐ 0 waiting   ✖ 3 failed   ⊘ 1 "),
            (44, "5 runs  ✔ 1  ◐ 0  ✖ 3  ⊘ 1"),
        ):
            await pilot.resize_terminal(width, 24)
            await until(lambda expected=expected: expected in shown(app).splitlines()[0])
            assert ("me@lab.org" in shown(app).splitlines()[0]) is (width >= 80)
        app.session.remove([address("r20")])
        app.dashboard.refresh_all()
        await pilot.pause()
        assert "⊘" not in shown(app).splitlines()[0], "none, so nothing is said"


@pytest.mark.parametrize(("typed", "left"), [("state:ready", {"r10"}), ("state:", {"r10", "r9", "r1", "r20", "r3"})])
async def test_the_headers_word_and_half_a_field_filter_as_one_expects(typed, left):
    async with running(ended()) as (app, pilot):
        await until(lambda: len(ids(app)) == 5)
        await pilot.press("slash", *typed)
        await until(lambda: set(ids(app)) == left)
        assert "Enter Apply  Tab Complete  Esc Cancel" in shown(app).splitlines()[-1]
        await pilot.press("enter")
        await until(lambda: "a Add" in shown(app).splitlines()[-1])
