"""Other keys, as the user's settings want them."""

from __future__ import annotations

from itertools import combinations

import pytest
from textual.widgets import Input

from tests.screen import shown, until
from tests.ui.fakes import FakeBranches, FakeCatalogue, FakeDoctor, FakeInspector, FakeServers, Scenario, address
from tests.ui.support import back, case, running
from wandb_tui.core.catalogue import ListedRun
from wandb_tui.core.state import State
from wandb_tui.ui.add.screen import AddScreen
from wandb_tui.ui.app.palette import ActionCommands
from wandb_tui.ui.common.dialog import Dialog
from wandb_tui.ui.dashboard.help import HelpScreen
from wandb_tui.ui.input.actions import ACTIONS, BY_ID, MAIN, RENAMED_IDS, Scope
from wandb_tui.ui.input.key_map import KeyMap, read_key


def test_no_two_actions_of_one_place_have_a_key_in_common():
    pairs = [(one, other) for one, other in combinations(ACTIONS, 2) if one.overlaps(other)]
    assert len(pairs) > len(ACTIONS)
    assert [(one.full_id, other.full_id) for one, other in pairs if {*one.keys} & {*other.keys}] == []


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
    table = KeyMap()
    for action in ACTIONS:
        for key, shown_as in zip(action.keys, table.all(action).split(), strict=True):
            assert read_key(key) == key
            assert read_key(shown_as) == key or "Shift+" in shown_as


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"dashboard.restat": "k"}, "did you mean “dashboard.restart”?"),
        ({"dashboard.cancel": "zz"}, "“zz” is not a key; dashboard.cancel keeps c."),
        ({"dashboard.cancel": "up"}, "↑ moves the cursor; dashboard.cancel keeps c."),
        ({"dashboard.cancel": "ctrl+c"}, "^c always quits"),
        ({"dashboard.add": "ä,up"}, "↑ moves the cursor; dashboard.add has ä."),
        ({"add.submit": "x, F2"}, "x is a character to type; add.submit has F2."),
        ({"sign_in.leave": "space"}, "Space is a character to type; sign_in.leave keeps Esc."),
        ({"dashboard.cancel": "K", "dashboard.visit": "K"}, "K is set for dashboard.cancel and dashboard.visit"),
        ({"dashboard.cancel": "r"}, "r is now dashboard.cancel; dashboard.restart has no key now."),
        ({"dashboard.cancel": "d"}, "dashboard.remove keeps Del."),
    ],
)
def test_what_cannot_be_is_reported_in_one_sentence(settings, says):
    (complaint,) = KeyMap(settings).complaints
    assert says in complaint


def test_the_good_ones_of_several_keys_are_taken():
    table = KeyMap({"dashboard.add": "ä,up", "pick.up": "left, h", "pick.search": "j"})
    assert (table.of(BY_ID["add"]), table.of(BY_ID["pick.up"]), table.first("pick.search")) == (
        ("ä",),
        ("left", "h"),
        "j",
    )
    assert len(table.complaints) == 1


def test_keys_change_places_without_complaint():
    table = KeyMap({"dashboard.cancel": "r", "dashboard.restart": "c", "dashboard.visit": ""})
    assert not table.complaints
    assert (table.first("cancel"), table.first("restart"), table.first("visit")) == ("r", "c", "")
    assert table.hint("Nothing there", "visit", "visits") == "Nothing there"


async def test_a_new_key_works_the_old_one_does_not_and_all_show_it():
    keys = {"dashboard.cancel": "k, F3", "dashboard.filter": "ctrl+f", "anywhere.help": "H", "dashboard.visit": ""}
    async with running(Scenario(keys=keys), "abc", size=(160, 60)) as (app, pilot):
        row = app.session.watch_list[address("abc")]
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
        assert isinstance(app.screen, HelpScreen)
        assert "k F3" in shown(app)
        await pilot.press("escape", "ctrl+f", *"kH", "escape")
        assert row.active, "typed into a line, it is a letter"
        await pilot.press("f3")
        await until(lambda: row.state is State.CANCELLED)


async def test_enter_can_be_taken_from_the_table():
    async with running(Scenario(keys={"dashboard.logs": "l", "dashboard.goal": "enter"}), "abc") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1)
        await pilot.press("enter")
        assert type(app.screen).__name__ == "GoalDialog"
        assert not app.dashboard.panes.pinned


async def test_what_is_wrong_with_keys_is_reported_at_the_start_and_nothing_breaks():
    async with running(Scenario(keys={"dashboard.cancel": "zz", "foo": "x"}), "abc") as (app, pilot):
        text = " ".join(notification.message for notification in app._notifications)
        assert "“zz” is not a key; dashboard.cancel keeps c." in text
        assert "“foo”" in text
        await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)
        await pilot.press("c")
        await until(lambda: app.session.watch_list[address("abc")].state is State.CANCELLED)


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


def everything(**options):
    """All that a dialog may need."""
    return Scenario(
        catalogue=FakeCatalogue([ListedRun("lab", "forks", "a1", name="sun", group="grid")]),
        doctor=FakeDoctor({}),
        branches=FakeBranches(),
        servers=FakeServers(),
        inspector=FakeInspector(),
        **options,
    )


DIALOGS = {
    Scope.ADD: "a",
    Scope.PICK: "p",
    Scope.GOAL: "g",
    Scope.BRANCH: "B",
    Scope.COLUMNS: "h",
    Scope.VIEW: "equals_sign",
    Scope.SERVERS: "colon",
    Scope.METRIC: "M",
    Scope.COPY: "y",
    Scope.DOCTOR: "D",
    Scope.CONFIRM: "q",
    Scope.SIGN_IN: "s",
}
"""The key that opens each of the dialogs, but for the help itself."""


async def test_help_shows_every_key_of_a_dialog():
    async with running(everything(), "abc", size=(120, 60)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1 and app.app_url)
        for place, key in DIALOGS.items():
            with case(place):
                await pilot.press(key, "f1")
                assert isinstance(app.screen, HelpScreen)
                lines = shown(app)
                for action in ACTIONS:
                    if action.where is place:
                        assert action.all_keys in lines
                        assert action.label in lines
                assert "? F1" in lines
                assert "Find any action" not in lines, "that ends at a dialog"
                await pilot.press("f1")
                assert place in app.screen.PLACES
                await back(app, pilot)


def test_every_dialog_has_its_keys_from_the_table():
    from wandb_tui.ui.app.screens import import_screens

    import_screens()
    assert {action.where for action in ACTIONS} - MAIN == {*DIALOGS, Scope.HELP}
    ours = [kind for kind in Dialog.__subclasses__() if kind.__module__.startswith("wandb_tui.")]
    assert sorted(place for kind in ours for place in kind.PLACES) == sorted({*DIALOGS, Scope.HELP})
    for kind in ours:
        by_hand = [binding.key for binding in kind.BINDINGS if not binding.id]
        assert not {*",".join(by_hand).split(",")} - {"", "tab", "shift+tab", "left", "right", "up", "down"}, (
            "those only move"
        )


async def test_the_keys_of_dialogs_can_be_others_and_their_buttons_name_them():
    keys = {"add.submit": "F2", "add.close": "ctrl+x", "pick.group": "x", "pick.search": "ctrl+f", "copy.fork": "k"}
    async with running(everything(keys=keys), "abc", size=(120, 40)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1 and app.app_url)
        await pilot.press("a", *"def")
        await until(lambda: "Add 1 run (F2)" in shown(app) and "Close (^x)" in shown(app))
        await pilot.press("ctrl+s", "escape")
        assert isinstance(app.screen, AddScreen)
        await pilot.press("f2")
        await until(lambda: address("def") in app.session.watch_list)
        await pilot.press("a", "ctrl+x", "p")
        await until(lambda: app.screen._listing.names)
        await pilot.press("enter")
        await until(lambda: app.screen._place.entity and app.screen._listing.names)
        await pilot.press("enter")
        await until(lambda: "x Group" in shown(app) and "^f Search" in shown(app))
        search = app.screen.query_one("#pick-search", Input)
        await pilot.press("ctrl+f", *"/x")
        assert search.value == "/x", "typed into a line, they are letters"
        search.value = ""
        await pilot.press("escape")
        await until(lambda: "sun" in shown(app))
        await pilot.press("x")
        await until(lambda: search.value == "group:grid")
        await pilot.press("escape", "y")
        assert "k  fork snippet" in shown(app)
        await pilot.press("f")
        assert not app.clipboard
        await pilot.press("k")
        assert "fork_from" in app.clipboard


def test_a_key_may_mean_one_thing_in_a_dialog_and_another_elsewhere():
    table = KeyMap({"doctor.try_run": "c", "columns.sort": "c", "copy.fork": "x", "add.submit": "F5"})
    assert not table.complaints
    assert (table.first("cancel"), table.first("doctor.try_run"), table.first("dashboard.sort")) == ("c", "c", "o")
    (complaint,) = KeyMap({"doctor.try_run": "r"}).complaints
    assert complaint == "r is now doctor.try_run; doctor.recheck has no key now."
    (complaint,) = KeyMap({"anywhere.help": "F2", "add.submit": "F2"}).complaints
    assert complaint == "F2 is set for anywhere.help and add.submit; anywhere.help gets it."


@pytest.mark.parametrize(("old", "new"), RENAMED_IDS.items())
def test_a_settings_file_with_ids_of_version_0_1_0_still_works(old, new):
    assert old not in BY_ID
    table = KeyMap({old: "F9"})
    assert (table.first(new), table.complaints) == ("F9", [])
