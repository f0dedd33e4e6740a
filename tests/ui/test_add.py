"""The screen on which runs are added."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Input, TextArea

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, FakeProber, FakeStore, Scenario, address, there
from tests.ui.support import burst, case, running
from wandb_tui.core.errors import ServerError
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.add.address_list import PastedWord, words
from wandb_tui.ui.add.screen import AddScreen


async def open_with(app, pilot, text):
    await pilot.press("a")
    assert isinstance(app.screen, AddScreen)
    app.screen.query_one(TextArea).text = text


async def test_many_at_once():
    async with running() as (app, pilot):
        assert "No runs yet" in shown(app)
        await open_with(
            app, pilot, "lab/forks/abc, def\nhttps://wandb.ai/lab/forks/runs/ghi?nw=nwuserme  lab/forks/abc"
        )
        await until(lambda: "entered twice" in shown(app))
        assert "3 runs to add" in shown(app)
        await pilot.press("ctrl+j")
        await until(lambda: len(app.session.watch_list) == 3)
        assert app.screen is app.dashboard
        assert app.dashboard.table.shown == [address("abc"), address("def"), address("ghi")]
        assert "No runs yet" not in shown(app)


async def test_what_is_wrong_stays_in_the_box():
    async with running() as (app, pilot):
        await open_with(app, pilot, "abc boom https://other.host/lab/forks/runs/x")
        await until(lambda: "2 invalid" in shown(app))
        await pilot.pause(0.1)
        await pilot.click("#add")
        await until(lambda: len(app.session.watch_list) == 1)
        assert isinstance(app.screen, AddScreen)
        assert app.screen.query_one(TextArea).text.split() == ["boom", "https://other.host/lab/forks/runs/x"]
        assert "is not the address of a run" in shown(app)


async def test_a_wrong_goal_adds_nothing():
    async with running() as (app, pilot):
        await open_with(app, pilot, "abc")
        app.screen.query_one("#goal", Input).value = "soon"
        await until(lambda: "✖ exists, v3" in shown(app))
        await pilot.press("ctrl+j")
        await until(lambda: "is not a goal" in shown(app))
        assert not app.session.watch_list
        app.screen.query_one("#goal", Input).value = "step:200"
        await pilot.press("ctrl+j")
        await until(lambda: app.session.watch_list)
        assert str(app.session.watch_list[address("abc")].goal) == "step:200"


async def test_the_default_goal_is_offered():
    async with running(goal=Goal.parse("newer")) as (app, pilot):
        await open_with(app, pilot, "")
        assert app.screen.query_one("#goal", Input).value == "newer"
        await pilot.press("ctrl+j")
        await until(lambda: "Enter an address first" in shown(app))


async def test_a_slow_check_blocks_nothing():
    scenario = Scenario()
    async with running(scenario) as (app, pilot):
        scenario.addresses.gate.clear()
        await open_with(app, pilot, "abc")
        await pilot.pause(0.3)
        await pilot.press("end", "d")
        assert app.screen.query_one(TextArea).text == "abcd"
        scenario.addresses.gate.set()
        await until(lambda: "lab/forks/abcd" in shown(app))


async def test_where_the_server_cannot_be_asked_it_is_asked_once_and_again_with_the_next_key():
    scenario = Scenario()
    scenario.addresses.trouble = ServerError("Nothing listens at localhost:8080.")
    async with running(scenario) as (app, pilot):
        await open_with(app, pilot, "abc\ndef\nlab/forks/ghi")
        await until(lambda: shown(app).count("Nothing listens") == 2 and "lab/forks/ghi" in shown(app))
        assert scenario.addresses.asked == 1
        scenario.addresses.trouble = None
        await pilot.press("end", "j")
        await until(lambda: "lab/forks/abc" in shown(app) and "lab/forks/def" in shown(app))


async def test_a_bad_address_from_the_command_line_is_named():
    scenario = Scenario()
    async with running(scenario) as (app, _):
        app._startup._given = [("boom", Goal()), ("abc", Goal())]
        app.run_worker(app._startup._add_given())
        await until(lambda: app.session.watch_list)
        assert any(note.title == "Not added" and "boom" in note.message for note in app._notifications)


GOALS = {name: Goal.parse(name) for name in ("exists", "newer", "step:7", "step:200", "v3")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("abc, def;ghi", [PastedWord("abc"), PastedWord("def"), PastedWord("ghi")]),
        ("abc step:7\ndef", [PastedWord("abc", GOALS["step:7"]), PastedWord("def")]),
        (
            "abc, def newer ghi V3",
            [PastedWord("abc"), PastedWord("def", GOALS["newer"]), PastedWord("ghi", GOALS["v3"])],
        ),
        ("v3\nstep:7 abc", [PastedWord("v3"), PastedWord("step:7"), PastedWord("abc")]),
        ("lab/my project, v2/abc", [PastedWord("lab/my project, v2/abc")]),
        ("lab/my project/abc step:7", [PastedWord("lab/my project/abc", GOALS["step:7"])]),
        ("lab/forks/abc, lab/forks/def", [PastedWord("lab/forks/abc"), PastedWord("lab/forks/def")]),
        ("forks/abc forks/def", [PastedWord("forks/abc"), PastedWord("forks/def")]),
        ("abc step:7 newer", [PastedWord("abc", GOALS["step:7"]), PastedWord("newer")]),
    ],
)
def test_a_goal_holds_for_the_address_before_it_alone(text, found):
    assert words(text) == found
    assert words("\n".join(map(str, found))) == found


async def test_of_several_goals_for_a_run_the_last_applies_and_it_alone_is_named():
    async with running() as (app, pilot):
        await open_with(app, pilot, "abc newer\nlab/forks/abc step:200\nabc step:7\nabc newer")
        await until(lambda: "goal newer applies" in shown(app))
        assert shown(app).count("entered twice") == 3
        assert shown(app).count("applies") == 1
        await pilot.press("ctrl+j")
        await until(lambda: len(app.session.watch_list) == 1)
        assert app.session.watch_list[address("abc")].goal == GOALS["newer"]


def listed():
    """A scenario whose list has a run that waits, one that failed and one whose history is there."""
    stored = [
        StoredRun(address("waits"), GOALS["step:200"], 1, State.WAITING, text_notice("…")),
        StoredRun(address("failed"), Goal(), 2, State.FAILED, text_notice("No such run")),
        StoredRun(address("ready"), Goal(), 1, State.AVAILABLE, text_notice("v0 is available")),
    ]
    return Scenario(FakeProber(default=NOT_YET), store=FakeStore(stored))


def notifications(app):
    return [note.message for note in app._notifications]


async def test_what_is_listed_already_keeps_its_goal_until_another_is_given():
    async with running(listed()) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 3)
        await open_with(app, pilot, "new1 new2 waits ready")
        await until(lambda: "2 runs to add, 2 already watched" in shown(app))
        await until(lambda: "already watched; goal stays “step:200”" in shown(app))
        await until(lambda: "watched, available; no change" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: len(app.session.watch_list) == 5)
        await until(lambda: "2 runs added, 2 already watched" in notifications(app))
        waits, ready = app.session.watch_list[address("waits")], app.session.watch_list[address("ready")]
        assert (waits.goal, waits.attempt, ready.goal, ready.attempt) == (GOALS["step:200"], 1, Goal(), 1)


async def test_another_goal_is_shown_before_it_applies():
    async with running(listed(), size=(80, 24)) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 3)
        await open_with(app, pilot, "waits step:7 ready step:7")
        await until(lambda: "already watched; goal step:200 → step:7" in shown(app))
        await until(lambda: "watched, available; goal exists → step:7, starts attempt 2" in shown(app))
        await until(lambda: "Change 2 runs (^s)" in shown(app))
        app.screen.query_one(TextArea).text = "waits"
        app.screen.query_one("#goal", Input).value = "newer"
        await until(lambda: "goal step:200 → newer" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: app.screen is app.dashboard)
        assert "1 run already watched (1 new goal)" in notifications(app)
        assert app.session.watch_list[address("waits")].goal == GOALS["newer"]
        assert app.session.watch_list[address("ready")].goal == Goal()


async def test_the_button_says_all_that_it_does():
    async with running(listed(), size=(80, 24)) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 3)
        await open_with(app, pilot, "")
        for typed, label in (
            ("waits step:7", "Change 1 run"),
            ("failed", "Restart 1 run"),
            ("new1 new2 waits", "Add 2 runs"),
            ("new1 new2 failed", "Add 2, restart 1"),
            ("new1 failed waits newer", "Add 1, change 2"),
        ):
            with case(typed):
                app.screen.query_one(TextArea).text = typed
                await until(lambda label=label: f" {label} (^s) " in shown(app))


async def test_the_offered_goal_is_given_by_typing_it_again():
    async with running(listed()) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 3)
        await open_with(app, pilot, "waits")
        await until(lambda: "goal stays “step:200”" in shown(app))
        app.screen.query_one("#goal", Input).focus()
        await pilot.press("backspace", *"exists")
        await until(lambda: "goal step:200 → exists" in shown(app))


async def test_what_had_failed_starts_again_and_says_so_before():
    async with running(listed()) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 3)
        await open_with(app, pilot, "failed")
        await until(lambda: "watched, failed; starts attempt 3" in shown(app))
        await until(lambda: "Restart 1 run (^s)" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: app.session.watch_list[address("failed")].attempt == 3)
        assert "1 run already watched (1 restart)" in notifications(app)


async def test_where_nothing_changes_the_toast_says_that():
    async with running(listed()) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 3)
        before = list(app.session.watch_list)
        await open_with(app, pilot, "ready waits")
        await until(lambda: "2 runs already watched; no change" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: app.screen is app.dashboard)
        assert "2 runs already watched; no change" in notifications(app)
        assert [(row.goal, row.attempt) for row in app.session.watch_list] == [
            (row.goal, row.attempt) for row in before
        ]
        assert app.dashboard.table.run == address("ready")


async def test_times_hold_for_what_is_listed_only_where_they_were_typed():
    async with running(listed()) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 3)
        row = app.session.watch_list[address("waits")]
        row.poll_policy = replace(row.poll_policy, check_interval=77)
        await open_with(app, pilot, "waits")
        await until(lambda: "goal stays" in shown(app))
        app.screen.query_one("#longest", Input).value = "9m"
        await until(lambda: "new times from its next attempt" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: app.screen is app.dashboard)
        assert row.poll_policy.max_wait_time == 540


async def test_a_wrong_address_keeps_its_goal_in_the_box():
    async with running(listed()) as (app, pilot):
        await open_with(app, pilot, "boom step:7")
        await until(lambda: "1 invalid" in shown(app))
        await pilot.press("ctrl+s")
        await pilot.pause(0.1)
        assert app.screen.query_one(TextArea).text == "boom step:7"


async def test_a_long_address_leaves_room_for_what_becomes_of_it():
    async with running(listed(), size=(80, 24)) as (app, pilot):
        await open_with(app, pilot, f"lab/{'p' * 100}/end newer")
        await until(lambda: "p/end  goal: newer" in shown(app))
        await until(lambda: "✔ …ppp" in shown(app))


async def test_the_verdict_in_view_is_that_of_the_line_with_the_cursor():
    async with running(size=(80, 24)) as (app, pilot):
        await open_with(app, pilot, "\n".join("boom" if n == 3 else f"run{n}" for n in range(300)))
        box = app.screen.query_one(TextArea)
        for line, seen in ((299, "run299"), (150, "run150"), (0, "run0 ")):
            box.move_cursor((line, 0))
            await until(lambda seen=seen: f"✔ lab/forks/{seen}" in shown(app))
        assert "299 runs to add, ✖ 1 invalid" in shown(app)
        box.move_cursor((3, 4))
        await until(lambda: "✖ boom" in shown(app))
        box.move_cursor((299, 6))
        await pilot.press("enter", *"last")
        await until(lambda: "✔ lab/forks/last" in shown(app))


@pytest.mark.parametrize(("given", "goal"), [("waits", "step:200"), (("waits", Goal()), "exists")])
async def test_a_run_of_the_command_line_keeps_its_goal_unless_one_is_given_there(given, goal):
    scenario = listed()
    async with running(scenario, given, "new") as (app, _):
        await until(lambda: len(app.session.watch_list) == 4)
        assert str(app.session.watch_list[address("waits")].goal) == goal
        assert any(note.startswith("1 run added, 1 already watched") for note in notifications(app))


async def test_what_was_removed_comes_back_with_its_log_as_the_next_try():
    scenario = Scenario(FakeProber({"abc": [there(3)]}, default=NOT_YET))
    async with running(scenario, "abc", "def") as (app, pilot):
        await until(lambda: app.session.watch_list[address("abc")].state is State.AVAILABLE)
        before = [event_text(line.notice) for line in app.session.watch_list[address("abc")].log]
        await pilot.press("home", "d")
        await open_with(app, pilot, "abc")
        await until(lambda: "was removed before; starts attempt 2" in shown(app))
        await pilot.press("ctrl+s")
        row = app.session.watch_list[address("abc")]
        await until(lambda: row.attempt == 2 and row.state is State.AVAILABLE)
        assert [event_text(line.notice) for line in row.log][: len(before)] == before
        assert [(one.number, one.state) for one in row.attempts] == [(1, State.AVAILABLE), (2, State.AVAILABLE)]
        assert app.dashboard.table.shown == [address("def"), address("abc")]
        log = scenario.store.logs[address("abc")]
        await until(lambda: {line.attempt for line in log} == {1, 2})
        texts = [event_text(line.notice) for line in log]
        assert texts.count(before[0]) == 2, "once before, and once with what came back"


async def test_what_was_typed_comes_back_until_it_is_added():
    async with running(listed(), size=(80, 24)) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 3)
        await pilot.press("a")
        burst(app, *"waits boom", "escape")
        await until(lambda: app.screen is app.dashboard)
        await open_again(app, pilot)
        assert app.screen.query_one(TextArea).text == "waits boom"
        await until(lambda: "1 invalid" in shown(app))
        app.screen.query_one("#goal", Input).value = "newer"
        await pilot.click("#close")
        await until(lambda: app.screen is app.dashboard)
        await open_again(app, pilot)
        assert app.screen.query_one("#goal", Input).value == "newer"
        await until(lambda: "goal step:200 → newer" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: app.screen.query_one(TextArea).text == "boom")
        await pilot.press("escape")
        await open_again(app, pilot)
        assert app.screen.query_one(TextArea).text == "boom"
        await pilot.press("backspace", "backspace", "backspace", "backspace", *"new1", "ctrl+s")
        await until(lambda: address("new1") in app.session.watch_list)
        await until(lambda: app.screen is app.dashboard)
        await open_again(app, pilot)
        assert app.screen.query_one(TextArea).text == ""
        assert app.screen.query_one("#goal", Input).value == "exists"


async def open_again(app, pilot):
    await pilot.press("a")
    await until(lambda: isinstance(app.screen, AddScreen) and app.screen.is_mounted)
    await pilot.pause()


async def test_a_check_that_outlives_the_screen_is_harmless():
    async with running(listed(), size=(80, 24)) as (app, pilot):
        await open_again(app, pilot)
        screen = app.screen
        screen.query_one(TextArea).text = "waits"
        await pilot.press("escape")
        await until(lambda: app.screen is app.dashboard and not screen.query(TextArea))
        assert await screen._check() == []
