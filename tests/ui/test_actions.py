"""Every action, by its key."""

from __future__ import annotations

import pytest

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, FakeProber, FakeStore, FakeVisitor, Scenario, address, done, there
from tests.ui.support import running
from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.core.events import MonitorEvent
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.ports import Visit
from wandb_tui.core.state import State
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.common.confirm import Confirm
from wandb_tui.ui.common.dialog import Dialog
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.dashboard.help import HelpScreen
from wandb_tui.ui.dashboard.screen import Dashboard
from wandb_tui.ui.dashboard.sign_in import SignInDialog
from wandb_tui.ui.input.actions import ACTIONS, MAIN, Scope
from wandb_tui.ui.logs.log_area import LogArea
from wandb_tui.ui.logs.pane import LogPane
from wandb_tui.ui.table.filter_bar import FilterBar
from wandb_tui.ui.table.run_actions import RunActions
from wandb_tui.ui.table.run_table import RunTable
from wandb_tui.ui.table.view_tabs import ViewTabs


def state(app, run_id):
    row = app.session.watch_list.get(address(run_id))
    return row.state if row else None


def cell(app, run_id, column="state"):
    return app.dashboard.table.cell(address(run_id), column).text.strip()


async def test_a_run_becomes_available():
    scenario = Scenario(FakeProber({"abc": [NOT_YET, there(3, "brisk-sun-12")]}))
    async with running(scenario, "abc") as (app, _):
        await until(lambda: state(app, "abc") is State.AVAILABLE)
        await until(lambda: "available" in cell(app, "abc"))
        assert cell(app, "abc", "artifact") == "v3"
        assert cell(app, "abc", "run") == "brisk-sun-12 abc"
        await until(lambda: app.dashboard.header.counts.ready == 1)
        await until(lambda: "Available: brisk-sun-12: v3" in [n.message for n in app._notifications])


async def test_a_cancel_does_not_wait_for_the_server():
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        await until(lambda: "waiting" in cell(app, "abc"))
        await pilot.press("c")
        await until(lambda: "cancelled" in cell(app, "abc"))


async def test_a_restart_begins_attempt_2_and_attempt_1_is_silent():
    scenario = Scenario(FakeProber(default=NOT_YET), FakeVisitor(visit=lambda _: done(Visit(1.0))))
    async with running(scenario, "abc", size=(240, 40)) as (app, pilot):
        await until(lambda: "waiting" in cell(app, "abc"))
        await pilot.press("r")
        row = app.session.watch_list[address("abc")]
        await until(lambda: row.attempt == 2 and row.state is State.WAITING)
        await pilot.pause(0.2)
        attempts = [line.attempt for line in row.log]
        assert attempts == sorted(attempts)
        assert attempts[-1] == 2
        await until(lambda: cell(app, "abc", "attempt") == "2")
        assert "── attempt 2" in app.dashboard.panes.panes[0].plain


async def test_remove_and_undo():
    async with running(None, "abc", "def") as (app, pilot):
        await pilot.press("d")
        assert app.dashboard.table.shown == [address("def")]
        await pilot.press("u")
        assert set(app.dashboard.table.shown) == {address("abc"), address("def")}
        await until(lambda: state(app, "abc") is State.WAITING)
        assert app.session.watch_list[address("abc")].attempt == 1
        assert app.dashboard.table.run == address("abc")


async def test_a_run_that_was_removed_and_added_again_goes_back_step_by_step():
    async with running(None, "abc", "def") as (app, pilot):
        await pilot.press("home", "d")
        app.session.add(address("abc"), Goal.parse("v3"))
        app.dashboard.refresh_all()
        await pilot.press("u")
        assert app.dashboard.table.shown == [address("def")]
        await pilot.press("u")
        await until(lambda: state(app, "abc") is State.WAITING)
        assert [note.message for note in app._notifications][1:] == [
            "Undid: abc added; ^r redoes it",
            "Undid: abc removed; ^r redoes it",
        ]


@pytest.mark.parametrize(
    ("persistent", "expected"),
    [(True, "being watched. The next start resumes it."), (False, "The demo's data is deleted.")],
)
async def test_what_leaving_means_for_the_run_is_reported(persistent, expected):
    async with running(Scenario(persistent=persistent), "abc") as (app, pilot):
        await pilot.press("q")
        text = " ".join(shown(app).replace("│", " ").split())
        assert expected in text, text
        assert ("next start" in text) is persistent


async def test_many_are_cancelled_only_after_a_question():
    async with running(None, "abc", "def", "ghi") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 3)
        await pilot.press("space", "space", "c")
        assert isinstance(app.screen, Confirm)
        await pilot.press("n")
        assert state(app, "abc") is not State.CANCELLED
        await pilot.press("c", "y")
        await until(lambda: state(app, "abc") is state(app, "def") is State.CANCELLED)
        assert state(app, "ghi") is not State.CANCELLED


async def test_visit_again():
    async with running(None, "abc") as (app, pilot):
        visits = app._backend.services().visitor.visits
        await until(lambda: len(visits) == 1)
        await pilot.press("v")
        await until(lambda: len(visits) == 2)


async def test_panes_are_pinned_and_closed():
    async with running(None, "abc", "def", "ghi", size=(120, 45)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 3)
        panes = app.dashboard.panes
        assert [pane.run for pane in panes.panes] == [app.dashboard.table.run]
        await pilot.press("home", "l", "down", "l", "down")
        assert [pane.run for pane in panes.panes] == [address("abc"), address("def")]
        assert panes.panes[0].region.y == panes.panes[1].region.y, "side by side"
        await pilot.press("x")
        assert [pane.run for pane in panes.panes] == [address("abc")]
        await pilot.press("x")
        assert [pane.run for pane in panes.panes] == [address("ghi")], "follows the cursor again"


async def test_room_beside_the_pinned_panes_follows_the_cursor_down_the_table():
    async with running(None, "abc", "def", "ghi", size=(160, 45)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 3)
        panes = app.dashboard.panes
        await pilot.press("home")
        assert [pane.run for pane in panes.panes] == [address("abc"), address("def")]
        await pilot.press("l", "down", "down")
        assert [pane.run for pane in panes.panes] == [address("abc"), address("ghi")]
        await pilot.resize_terminal(100, 45)
        await until(lambda: [pane.run for pane in panes.panes] == [address("abc")])


async def test_a_pane_pauses_while_it_is_scrolled_up():
    async with running(None, "abc", size=(100, 16)) as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        row = app.session.watch_list[address("abc")]
        await until(lambda: row.state is State.WAITING)
        for number in range(30):
            app.session.event_queue.publish(MonitorEvent(row.run, 1, State.WAITING, text_notice(f"line {number}")))
        await until(lambda: pane.scroll_y == pane.max_scroll_y > 10)
        pane.focus()
        await pilot.press("home")
        await until(lambda: pane.scroll_y == 0)
        assert not pane.following
        top = pane.scroll_y
        app.dashboard.table.focus()
        await pilot.press("v", "v")
        await pilot.pause(0.2)
        assert pane.scroll_y == top
        pane.focus()
        await pilot.press("end")
        await until(lambda: pane.following and pane.scroll_y == pane.max_scroll_y)


async def test_the_filter():
    async with running(None, "abc", "def") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        await pilot.press("slash", *"!abc", "enter")
        assert app.dashboard.table.shown == [address("def")]
        assert app.dashboard.query_one(FilterBar).display
        assert isinstance(app.focused, RunTable)
        await pilot.press("slash", "escape")
        assert len(app.dashboard.table.shown) == 2


async def test_help_shows_every_key():
    async with running(None, "abc", size=(120, 140)) as (app, pilot):
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        text = shown(app)
        for action in ACTIONS:
            if action.where in MAIN - {Scope.COMPARE} and action.listed:
                assert action.all_keys in text
                assert action.label in text
        await pilot.press("escape")
        assert app.screen is app.dashboard


async def test_the_palette_knows_what_makes_sense():
    from wandb_tui.ui.app.palette import ActionCommands

    async with running(None, "abc") as (app, pilot):
        await until(lambda: state(app, "abc") is State.WAITING)
        provider = ActionCommands(app.screen)
        names = {name.split("  ")[0] for name, _, _ in provider._commands()}
        assert {"Add", "Cancel", "Restart", "Quit"} <= names
        assert "Undo" not in names
        await pilot.press("ctrl+p")
        await pilot.pause(0.3)
        await pilot.press(*"cancel")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await until(lambda: state(app, "abc") is State.CANCELLED)


def test_every_action_has_a_method():
    from wandb_tui.ui.app.app import WandbTuiApp

    owners = {place: (screen,) for screen in screens() for place in screen.PLACES} | {Scope.ANYWHERE: (WandbTuiApp,)}
    owners |= dict.fromkeys(Dashboard.PLACES, (Dashboard, RunTable, RunActions, ViewTabs, LogArea))
    for action in ACTIONS:
        name = action.id if action.where is Scope.ANYWHERE else (action.action or action.id).partition("(")[0]
        assert sum(callable(getattr(owner, f"action_{name}", None)) for owner in owners[action.where]) == 1, name


def screens():
    """All screens that have actions of the table."""
    from wandb_tui.ui.app.screens import import_screens

    import_screens()
    kinds = [*RunScreen.__subclasses__(), *Dialog.__subclasses__()]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return [kind for kind in kinds if kind.PLACES]


async def test_sign_in_needs_you():
    refusal = SignInError(SignInProblem.WRONG_PASSWORD, "Wrong e-mail or password.")
    visitor = FakeVisitor(signed_in=False, sign_in=refusal)
    scenario = Scenario(visitor=visitor)
    scenario.account.after = visitor.fix
    async with running(scenario, "abc", "def") as (app, pilot):
        await until(lambda: "Wrong e-mail or password" in shown(app))
        await until(lambda: cell(app, "abc", "next") == "you")
        await pilot.press("s")
        assert isinstance(app.screen, SignInDialog)
        assert "Wrong e-mail or password" in shown(app)
        await pilot.press(*"secret", "enter")
        await until(lambda: scenario.account.saved)
        await until(lambda: state(app, "abc") is state(app, "def") is State.WAITING)
        await until(lambda: "needs you" not in shown(app).splitlines()[1])


async def test_the_list_comes_back_and_goes_on():
    stored = StoredRun(address("abc"), Goal(), 1, State.WAITING)
    ended = StoredRun(
        address("def"), Goal(), 1, State.AVAILABLE, text_notice("There"), "lab/forks/run-def-history:v1", 42
    )
    scenario = Scenario(store=FakeStore([stored, ended]))
    async with running(scenario) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 2)
        await until(lambda: state(app, "abc") is State.WAITING)
        assert app.session.watch_list[address("abc")].attempt == 1, "it goes on"
        assert cell(app, "def", "time") == "0:42"
        await until(lambda: any("Resumed" in event_text(line.notice) for line in scenario.store.logs[address("abc")]))
        await pilot.press("q", "y")
        await pilot.pause()
    assert app.return_value == 0
    assert scenario.store.rows[address("abc")].state is State.WAITING, "quitting is no cancelling"
    assert scenario.closed.is_set()


async def test_nothing_but_the_screen_happens_on_its_thread():
    import threading

    scenario = Scenario()
    async with running(scenario, "abc") as (app, _):
        await until(lambda: state(app, "abc") is State.WAITING and scenario.store.rows)
        here = threading.get_ident()
        assert here not in scenario.store.threads | scenario.account.threads | scenario.prober.threads


@pytest.mark.parametrize("key", ["y", "enter"])
async def test_quit_asks_while_monitors_run(key):
    async with running(None, "abc") as (app, pilot):
        await pilot.press("q")
        assert isinstance(app.screen, Confirm)
        await pilot.press("escape")
        assert app.screen is app.dashboard
        await pilot.press("q", key)
        await pilot.pause()
    assert app.return_value == 0


async def test_quit_does_not_ask_when_nothing_runs():
    async with running() as (app, pilot):
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == 0


async def test_a_click_moves_the_cursor_and_pins_nothing():
    async with running(None, "abc", "def") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        await pilot.click(RunTable, offset=(20, 2))
        assert app.dashboard.table.run == address("def")
        assert app.dashboard.panes.pinned == []
        assert len(app.screen.query(LogPane)) == 4


async def test_a_click_on_a_key_does_what_the_key_does():
    async with running(None, "abc") as (app, pilot):
        await pilot.click("KeyBar", offset=(2, 0))
        assert type(app.screen).__name__ == "AddScreen"
