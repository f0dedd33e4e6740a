"""Saved views: keys and clicks switch, the line of tabs counts, and what the screen shows can be saved."""

import threading

import pytest
from textual.widgets import Input

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, FakeInspector, FakeProber, FakeStore, Scenario, address
from tests.ui.support import running
from wandb_tui.core.details import RunFacts
from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.saved_view import SavedView
from wandb_tui.core.state import State

STATES = {"r1": State.FAILED, "r2": State.AVAILABLE, "r3": State.FAILED}
VIEWS = (
    SavedView("failed", "state:failed", "run", reverse=True, hidden=("goal",)),
    SavedView("heroes", "tag:hero", compact=True),
)
FACTS = {"r1": RunFacts(tags=("hero",)), "r2": RunFacts(tags=("hero",)), "r3": RunFacts()}


def scenario(views=VIEWS, **options):
    rows = [StoredRun(address(run), Goal(), 1, state, text_notice("It is so")) for run, state in STATES.items()]
    inspector = FakeInspector(facts_of=FACTS)
    return Scenario(FakeProber(default=NOT_YET), store=FakeStore(rows), inspector=inspector, views=views, **options)


def ids(app):
    return [run.run_id for run in app.dashboard.table.shown]


def messages(app):
    return [note.message for note in app._notifications]


def tabs(app):
    return [(tab.name, tab.count, tab.active) for tab in app.dashboard.view_tabs.tabs]


async def test_a_key_switches_and_the_same_key_leads_back():
    async with running(scenario(save_views=lambda _: None), size=(120, 30)) as (app, pilot):
        await until(lambda: tabs(app) == [("failed", 2, False), ("heroes", 2, False)])
        assert "1 failed 2" in shown(app)
        await pilot.press("slash", *"r2")
        await until(lambda: ids(app) == ["r2"])
        assert "Tab Complete" in shown(app)
        assert "= saves a view" not in shown(app), "it would be a character"
        await pilot.press("enter")
        await until(lambda: "1 of 3 · = saves a view" in shown(app))
        await pilot.press("1")
        await until(lambda: ids(app) == ["r3", "r1"])
        assert app.dashboard.filter_bar.value == "state:failed"
        assert "Goal" not in next(line for line in shown(app).splitlines() if "Artifact" in line)
        assert tabs(app)[0][2], "its tab is marked"
        assert "= saves a view" not in shown(app)
        await pilot.press("2")
        await until(lambda: ids(app) == ["r1", "r2"] and tabs(app)[1][2] and not tabs(app)[0][2])
        await pilot.press("2")
        await until(lambda: ids(app) == ["r2"])
        assert app.dashboard.filter_bar.value == "r2", "what was shown before all views"
        await pilot.press("7")
        await until(lambda: "There is no view 7; = saves one" in messages(app))


async def test_a_view_that_is_changed_is_no_longer_marked():
    async with running(scenario(), size=(120, 30)) as (app, pilot):
        await until(lambda: len(ids(app)) == 3)
        await pilot.press("1")
        await until(lambda: tabs(app)[0][2])
        await pilot.press("O")
        await until(lambda: not tabs(app)[0][2])


async def test_a_click_on_a_tab_switches():
    async with running(scenario(), size=(120, 30)) as (app, pilot):
        await until(lambda: len(ids(app)) == 3 and app.dashboard.view_tabs.display)
        await pilot.click("ViewTabs", offset=(4, 0))
        await until(lambda: ids(app) == ["r3", "r1"])


async def test_what_the_screen_shows_is_saved_replaced_and_deleted():
    saved = []
    threads = set()

    def save(views):
        threads.add(threading.get_ident())
        saved.append(tuple(views))

    async with running(scenario((), save_views=save), size=(120, 30)) as (app, pilot):
        await until(lambda: len(ids(app)) == 3)
        assert not app.dashboard.view_tabs.display
        await pilot.press("slash", *"r2", "enter")
        await until(lambda: ids(app) == ["r2"] and not app.dashboard.filter_bar.typing)
        await pilot.press("equals_sign")
        await until(lambda: "Save view" in shown(app) and app.screen.focused)
        await pilot.press(*"two", "enter")
        await until(lambda: saved == [(SavedView("two", "r2"),)])
        await until(lambda: tabs(app) == [("two", 1, True)])
        await pilot.press("slash")
        app.dashboard.query_one("FilterBar Input", Input).value = "r3"
        await pilot.press("enter")
        await until(lambda: ids(app) == ["r3"] and not app.dashboard.filter_bar.typing)
        await pilot.press("equals_sign")
        await until(lambda: "Save view" in shown(app) and app.screen.focused)
        app.screen.query_one(Input).value = "two"
        await until(lambda: "Replace" in shown(app))
        await pilot.press("enter")
        await until(lambda: saved[-1] == (SavedView("two", "r3"),))
        await pilot.press("equals_sign")
        await until(lambda: "Save view" in shown(app) and app.screen.focused)
        await pilot.press("ctrl+d")
        await until(lambda: saved[-1] == () and not app.dashboard.view_tabs.display)
        assert ids(app) == ["r3"], "the table goes on showing it"
    assert threading.get_ident() not in threads, "a slow disk holds up no key"


async def test_a_settings_file_that_cannot_be_written_is_named():
    def refuse(_):
        raise UsageError("settings.toml cannot be written: Read-only file system.")

    async with running(scenario((), save_views=refuse), size=(120, 30)) as (app, pilot):
        await until(lambda: len(ids(app)) == 3)
        await pilot.press("equals_sign")
        await until(lambda: "Save view" in shown(app) and app.screen.focused)
        await pilot.press(*"all", "enter")
        await until(lambda: "settings.toml cannot be written: Read-only file system." in messages(app))
        assert not app.dashboard.view_tabs.display


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_tabs_fit_a_small_terminal(size):
    views = [SavedView(f"a rather long name {number}", f"r{number}") for number in range(12)]
    async with running(scenario(tuple(views)), size=size) as (app, pilot):
        await until(lambda: len(ids(app)) == 3 and app.dashboard.view_tabs.display)
        assert len(app.dashboard.view_tabs.tabs) == 9
        assert app.dashboard.view_tabs.size.height == 1
        line = app.dashboard.view_tabs.render().plain
        assert len(line) <= size[0]
        assert all(f" {number} " in line for number in range(1, 10))
        await pilot.press("8")
        await until(lambda: app.dashboard.view_tabs.tabs[7].active)
        assert (" 8 a rather" if size[0] >= 80 else " 8  0 ") in app.dashboard.view_tabs.render().plain


async def test_the_cursor_is_where_it_was_at_the_next_start():
    scripted = scenario()
    async with running(scripted) as (app, pilot):
        await until(lambda: len(ids(app)) == 3)
        await pilot.press("down", "down", "q")
        await until(lambda: scripted.store.view.get("cursor") == "lab/forks/r3")
    again = scenario()
    again.store.view["cursor"] = "lab/forks/r3"
    async with running(again) as (app, _):
        await until(lambda: app.dashboard.table.run == address("r3"))
