"""Keys that come in one burst, as over a slow line, mean what they would have meant one by one."""

from __future__ import annotations

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, FakeInspector, FakeProber, Scenario, address
from tests.ui.support import burst, running
from wandb_tui.core.details import RunFacts
from wandb_tui.core.probe import Probe, ProbeOutcome, RunInfo
from wandb_tui.core.state import State
from wandb_tui.ui.details.screen import DetailsScreen
from wandb_tui.ui.table.column_picker import ColumnPicker


async def test_an_address_is_added_and_its_slashes_filter_nothing():
    async with running(None, "abc") as (app, _):
        await until(lambda: len(app.dashboard.table.shown) == 1)
        burst(app, "a", *"lab/forks/q1", "ctrl+s")
        await until(lambda: address("q1") in app.session.watch_list)
        await until(lambda: app.screen is app.dashboard)
        assert not app.dashboard.table.view.filter.text


async def test_the_keys_of_the_table_are_text_in_the_filter():
    async with running(None, "abc", "gag") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        burst(app, "slash", *"gag", "enter")
        await until(lambda: app.dashboard.table.view.filter.text == "gag")
        await pilot.press("slash", "a", "g", "slash")
        assert app.screen is app.dashboard
        assert app.dashboard.filter_bar.value == "ag/"


async def test_a_filter_that_enter_has_overtaken_is_still_in_view():
    async with running(None, "abc", "bogus2") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        await pilot.press("slash")
        burst(app, *"bogus2", "enter")
        await until(lambda: "1 of 2" in shown(app))
        assert "/ bogus2" in shown(app).replace("  ", " ")


async def test_a_text_to_find_that_enter_has_overtaken_is_still_in_view():
    async with running(Scenario(FakeProber(default=NOT_YET)), "abc") as (app, pilot):
        await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)
        await pilot.press("l", "f")
        await until(lambda: app.dashboard.find_bar.display)
        burst(app, *"artifact", "enter")
        await until(lambda: app.dashboard.find_bar.value == "artifact" and app.dashboard.find_bar.display)


async def test_a_column_is_the_one_that_the_cursor_has_come_to():
    async with running(None, "abc") as (app, pilot):
        await pilot.press("h")
        await until(lambda: isinstance(app.screen, ColumnPicker))
        burst(app, "down", "down", "down", "space")
        await until(lambda: app.dashboard.table.view.hidden == {"goal"})


async def test_of_a_run_that_is_named_twice_the_last_goal_counts():
    async with running() as (app, pilot):
        await pilot.press("a")
        burst(app, *"lab/forks/abc", "enter", *"lab/forks/abc", "space", *"step:9")
        await until(lambda: "entered twice" in shown(app) and "step:9" in shown(app))
        await pilot.press("ctrl+s")
        await until(
            lambda: str(app.session.watch_list[address("abc")].goal) == "step:9" if app.session.watch_list else False
        )


async def test_nothing_to_undo_is_reported():
    async with running(None, "abc") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1)
        await pilot.press("u")
        await until(lambda: [note.message for note in app._notifications] == ["There is nothing to undo"])


async def test_the_name_of_a_run_is_whole_before_the_server_has_answered():
    prober = FakeProber(default=Probe(ProbeOutcome.NOT_YET, run=RunInfo("calm-moon-13")))
    inspector = FakeInspector(facts=RunFacts())
    inspector.gate.clear()
    async with running(Scenario(prober, inspector=inspector), "abc") as (app, pilot):
        await until(lambda: "calm-moon-13" in shown(app))
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DetailsScreen) and "─ calm-moon-13 abc ─" in shown(app))
        inspector.gate.set()
