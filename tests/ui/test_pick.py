"""Picking runs from the server."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from fakes import FakeCatalogue, World, address
from rich.cells import cell_len
from support import running, shown, until
from textual.widgets import Input, OptionList

from wandb_tui.core.catalogue import ListedRun, RunQuery
from wandb_tui.core.errors import ServerError
from wandb_tui.ui.look import Look
from wandb_tui.ui.pick_lines import run_line
from wandb_tui.ui.picking import typed, understood
from wandb_tui.ui.screens.add import AddRuns
from wandb_tui.ui.screens.confirm import Confirm
from wandb_tui.ui.screens.pick import PickRuns


def listed(run_id, **more):
    created = datetime.now(UTC) - timedelta(hours=3)
    return ListedRun(
        "lab", "forks", run_id, **{"name": f"sun-{run_id}", "state": "finished", "created": created} | more
    )


RUNS = [
    listed("a1", group="grid"),
    listed("b2", state="running"),
    listed("c3", group="grid", sweep="swp"),
    listed("d4", group="grid", state="crashed"),
    listed("e5", sweep="swp"),
]


def world(**options):
    return World(catalogue=FakeCatalogue(RUNS, **options))


async def at_runs(app, pilot):
    """Go down to the runs."""
    await pilot.press("p")
    assert isinstance(app.screen, PickRuns)
    await until(lambda: "Pick an entity" in shown(app) and "lab" in shown(app))
    await pilot.press("enter")
    await until(lambda: "forks" in shown(app))
    await pilot.press("enter")
    await until(lambda: "sun-a1" in shown(app))


async def test_from_entity_to_project_to_runs_and_more():
    app_world = world()
    async with running(app_world, size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        assert "lab / forks" in shown(app)
        assert "5 runs" in shown(app)
        assert "sun-d4" not in shown(app)
        await pilot.press("space", "end", "enter")
        await until(lambda: "sun-e5" in shown(app))
        assert "more" not in shown(app)
        await pilot.press("up", "space")
        assert "2 marked, 5 runs" in shown(app)
        await pilot.press("ctrl+s")
        await until(lambda: app.screen is app.dashboard)
        assert [run.run_id for run in app.dashboard.table.shown] == ["a1", "c3"]
        assert threading.get_ident() not in app_world.catalogue.threads


async def test_a_whole_group_with_another_goal_and_other_times():
    async with running(world(), size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        await pilot.press("g")
        await until(lambda: "3 runs" in shown(app))
        assert app.screen.query_one("#pick-search", Input).value == "group:grid"
        app.screen.query_one("#goal", Input).value = "step:20"
        app.screen.query_one("#longest", Input).value = "1h30m"
        app.screen.query_one("#interval", Input).value = "10"
        await pilot.press("ctrl+a")
        await until(lambda: app.screen is app.dashboard)
        rows = list(app.session.watch)
        assert [row.run.run_id for row in rows] == ["a1", "c3", "d4"]
        assert {str(row.goal) for row in rows} == {"step:20"}
        assert {(row.pace.max_wait_time, row.pace.check_interval) for row in rows} == {(5400, 10)}


async def test_a_whole_sweep_by_the_mouse():
    async with running(world(), size=(120, 40)) as (app, pilot):
        await pilot.click("KeyBar", offset=(9, 0))
        await until(lambda: "lab" in shown(app))
        await pilot.click("PickRuns OptionList", offset=(3, 0))
        await until(lambda: "forks" in shown(app))
        await pilot.click("PickRuns OptionList", offset=(3, 0))
        await until(lambda: "sun-c3" in shown(app))
        await pilot.click("PickRuns OptionList", offset=(3, 2))
        assert "1 marked" in shown(app)
        await pilot.press("s")
        await until(lambda: "1 marked, 2 runs" in shown(app))
        await pilot.click("#pick-all")
        await until(lambda: len(app.session.watch) == 2)
        assert {row.run.run_id for row in app.session.watch} == {"c3", "e5"}


async def test_search_and_state_are_asked_of_the_server():
    app_world = world()
    async with running(app_world, size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        await pilot.press("slash", *"sun state:crashed")
        await until(lambda: "1 run" in shown(app) and "sun-d4" in shown(app))
        assert app_world.catalogue.queries[-1] == RunQuery("sun", "crashed")
        await pilot.press("escape", "asterisk")
        assert "1 marked" in shown(app)
        await pilot.press("asterisk")
        assert "marked" not in shown(app)
        await pilot.press("left")
        await until(lambda: "other" in shown(app))
        await pilot.press("slash", *"oth")
        await until(lambda: "forks" not in shown(app))
        await pilot.press("escape", "escape")
        assert app.screen is app.dashboard


async def test_one_entity_needs_no_choice():
    async with running(world(entities=("lab",))) as (app, pilot):
        await pilot.press("p")
        await until(lambda: "forks" in shown(app))


async def test_trouble_is_told_in_the_dialog_and_passes():
    app_world = world(error=ServerError("Nothing listens there.", "Is it up?"))
    async with running(app_world) as (app, pilot):
        await pilot.press("p")
        await until(lambda: "Nothing listens there. Is it up?" in shown(app))
        app_world.catalogue.error = None
        await pilot.press("ctrl+r")
        await until(lambda: "Pick an entity" in shown(app) and "me" in shown(app))
        assert "Nothing listens" not in shown(app)


async def test_wrong_times_add_nothing():
    async with running(world(), size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        app.screen.query_one("#longest", Input).value = "soon"
        await until(lambda: "✖ Write 90" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: "“soon” is not a length of time" in shown(app))
        assert not app.session.watch


async def test_very_many_are_asked_about():
    app_world = World(catalogue=FakeCatalogue([listed(f"n{n}") for n in range(40)]))
    async with running(app_world, size=(120, 40)) as (app, pilot):
        await pilot.press("p", "enter")
        await until(lambda: "forks" in shown(app))
        await pilot.press("enter")
        await until(lambda: "sun-n1" in shown(app))
        await pilot.press("ctrl+a")
        await until(lambda: isinstance(app.screen, Confirm))
        assert "Add 40 runs?" in shown(app)
        await pilot.press("n")
        assert isinstance(app.screen, PickRuns)
        await pilot.press("ctrl+a")
        await until(lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(lambda: len(app.session.watch) == 40)


async def test_what_is_watched_shows_and_what_cannot_be_watched_cannot_be_picked():
    app_world = World(catalogue=FakeCatalogue([listed("a1"), listed("x" * 120)]))
    async with running(app_world, "a1", size=(120, 40)) as (app, pilot):
        await pilot.press("p", "enter")
        await until(lambda: "forks" in shown(app))
        await pilot.press("enter")
        await until(lambda: "✔ sun-a1" in shown(app))
        assert app.screen.query_one(OptionList).get_option_at_index(1).disabled


async def test_add_leads_to_picking():
    async with running(world(), size=(120, 40)) as (app, pilot):
        await pilot.press("a")
        assert isinstance(app.screen, AddRuns)
        await pilot.press("ctrl+o")
        assert isinstance(app.screen, PickRuns)
        await pilot.press("escape", "a")
        await pilot.click("#pick")
        assert isinstance(app.screen, PickRuns)


async def test_without_a_catalogue_there_is_no_picking():
    async with running() as (app, pilot):
        await pilot.press("p")
        assert app.screen is app.dashboard


@pytest.mark.parametrize("name", ["[red]x[/]", "\x1b[31mred", "漢字" * 60, "a\nb", "\u202eevil", "x" * 5000])
@pytest.mark.parametrize("width", [40, 69, 70, 116])
def test_lines_are_straight_whatever_a_run_is_called(name, width):
    run = listed("abc", name=name, group=name, sweep=name, state=name)
    line = run_line(run, Look(), width, marked=True, watched=False)
    assert cell_len(line.plain) == width
    assert line.plain.isprintable()


def test_queries_are_read_and_written():
    query = understood('sun state:finished group:"my grid" sweep:swp lr:0.1')
    assert query == RunQuery("sun lr:0.1", "finished", "my grid", "swp")
    assert understood(typed(query)) == query
    assert address("abc") == listed("abc").address
