"""Other keys, as the user's settings want them."""

from __future__ import annotations

import pytest
from fakes import World, address
from support import running, shown, until

from wandb_tui.core.state import State
from wandb_tui.ui.actions import ACTIONS, BY_ID
from wandb_tui.ui.commands import ActionCommands
from wandb_tui.ui.keys import KeyTable, read_key
from wandb_tui.ui.screens.help import Help


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("k", "k"),
        ("/", "slash"),
        ("slash", "slash"),
        ("^k", "ctrl+k"),
        ("Ctrl+K", "ctrl+k"),
        ("ctrl+/", "ctrl+slash"),
        ("F5", "f5"),
        ("shift+a", "A"),
        ("Esc", "escape"),
        ("Del", "delete"),
        ("ctrl+m", "enter"),
        ("+", "plus"),
        ("ö", "ö"),
        ("nonsense", ""),
        ("hypr+x", ""),
        ("ctrl+", ""),
        ("\x1b", ""),
    ],
)
def test_keys_as_people_write_them(written, key):
    assert read_key(written) == key


def test_every_key_of_ours_is_one_and_can_be_written_as_it_is_shown():
    table = KeyTable()
    for action in ACTIONS:
        for key, shown_as in zip(action.keys, table.all(action).split(), strict=True):
            assert read_key(key) == key
            assert read_key(shown_as) == key or "Shift+" in shown_as


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"dashboard.restat": "k"}, "did you mean “dashboard.restart”?"),
        ({"dashboard.cancel": "zz"}, "“zz” for dashboard.cancel is no key; it keeps c."),
        ({"dashboard.cancel": "up"}, "up moves the cursor"),
        ({"dashboard.cancel": "ctrl+c"}, "^c always leaves"),
        ({"dashboard.cancel": "K", "dashboard.visit": "K"}, "K is wanted by dashboard.cancel and dashboard.visit"),
        ({"dashboard.cancel": "r"}, "r is for dashboard.cancel now; dashboard.restart has no key now."),
        ({"dashboard.cancel": "d"}, "dashboard.remove has Del left."),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(wishes, says):
    (complaint,) = KeyTable(wishes).complaints
    assert says in complaint


def test_keys_change_places_without_complaint():
    table = KeyTable({"dashboard.cancel": "r", "dashboard.restart": "c", "dashboard.visit": ""})
    assert not table.complaints
    assert (table.first("cancel"), table.first("restart"), table.first("visit")) == ("r", "c", "")
    assert table.hint("Nothing there", "visit", "visits") == "Nothing there"


async def test_a_new_key_works_the_old_one_does_not_and_all_show_it():
    keys = {"dashboard.cancel": "k, F3", "dashboard.filter": "ctrl+f", "anywhere.help": "H", "dashboard.visit": ""}
    async with running(World(keys=keys), "abc", size=(160, 60)) as (app, pilot):
        row = app.session.watch[address("abc")]
        await until(lambda: row.state is State.WAITING)
        visits = app._backend.services().visitor.visits
        await until(lambda: len(visits) == 1)
        await pilot.press("c", "v", "slash", "question_mark")
        assert row.active
        assert len(visits) == 1
        assert app.screen is app.dashboard
        assert "k Cancel" in shown(app).splitlines()[-1]
        assert "Visit" not in shown(app).splitlines()[-1]
        names = [name for name, _, _ in ActionCommands(app.screen)._commands()]
        assert {"Cancel  k", "Filter  ^f", "Visit"} <= set(names)
        await pilot.press("H")
        assert isinstance(app.screen, Help)
        assert "k F3" in shown(app)
        await pilot.press("escape", "ctrl+f", *"kH", "escape")
        assert row.active, "typed into a line, it is a letter"
        await pilot.press("f3")
        await until(lambda: row.state is State.CANCELLED)


async def test_enter_can_be_taken_from_the_table():
    async with running(World(keys={"dashboard.logs": "l", "dashboard.goal": "enter"}), "abc") as (app, pilot):
        await until(lambda: app.dashboard.table.row_count == 1)
        await pilot.press("enter")
        assert type(app.screen).__name__ == "ChangeGoal"
        assert not app.dashboard.panes.pinned


async def test_what_is_wrong_with_keys_is_said_at_the_start_and_nothing_breaks():
    async with running(World(keys={"dashboard.cancel": "zz", "foo": "x"}), "abc") as (app, pilot):
        text = " ".join(notification.message for notification in app._notifications)
        assert "“zz” for dashboard.cancel" in text
        assert "“foo”" in text
        await until(lambda: app.session.watch[address("abc")].state is State.WAITING)
        await pilot.press("c")
        await until(lambda: app.session.watch[address("abc")].state is State.CANCELLED)


async def test_the_mouse_over_a_key_tells_what_it_does():
    async with running(None, "abc") as (app, pilot):
        await pilot.hover("KeyBar", offset=(2, 0))
        bar = app.screen.query_one("KeyBar")
        await until(lambda: bar.tooltip is not None)
        assert BY_ID["add"].help in str(bar.tooltip)


async def test_j_and_k_go_where_the_arrows_go():
    async with running(None, "abc", "def", "ghi") as (app, pilot):
        await pilot.press("home", "j", "j")
        await until(lambda: app.dashboard.table.run == address("ghi"))
        await pilot.press("k")
        await until(lambda: app.dashboard.table.run == address("def"))
        pane = app.dashboard.panes.panes[0]
        pane.focus()
        await pilot.pause()
        moved = []
        pane.action_scroll_up = lambda: moved.append("up")
        await pilot.press("k")
        await until(lambda: moved)
        assert app.dashboard.table.run == address("def")
