"""Picking runs from the server."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len
from textual.widgets import Button, Input, OptionList

from tests.screen import shown, until
from tests.ui.fakes import FakeCatalogue, Scenario, address
from tests.ui.support import running
from wandb_tui.core.catalogue import ListedRun, RunQuery
from wandb_tui.core.errors import ServerError
from wandb_tui.core.goal import Goal
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.add.screen import AddScreen
from wandb_tui.ui.common.confirm import Confirm
from wandb_tui.ui.pick.labels import offer_all
from wandb_tui.ui.pick.listing import Listing, Place, format_query, parse_query
from wandb_tui.ui.pick.rows import headings, run_columns, run_line
from wandb_tui.ui.pick.screen import PickScreen


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


def scenario(**options):
    return Scenario(catalogue=FakeCatalogue(RUNS, **options))


def offered(app):
    """The buttons that can be seen and pressed."""
    return [button.id for button in app.screen.query(Button) if button.display and not button.disabled]


def line_of(app, text):
    """The first line of the screen that holds a text."""
    return next(line for line in shown(app).splitlines() if text in line)


def offers(app, text):
    """Whether the list of the screen offers it; the header has the user's name as well."""
    return isinstance(app.screen, PickScreen) and any(
        text in str(option.prompt) for option in app.screen.query_one(OptionList).options
    )


async def at_runs(app, pilot):
    """Go down to the runs."""
    await pilot.press("p")
    assert isinstance(app.screen, PickScreen)
    await until(lambda: offers(app, "lab"))
    await pilot.press("enter")
    await until(lambda: offers(app, "forks"))
    await pilot.press("enter")
    await until(lambda: offers(app, "a1"))


async def test_from_entity_to_project_to_runs_and_more():
    scripted = scenario()
    async with running(scripted, size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        assert "lab / forks" in shown(app)
        assert "5 runs" in shown(app)
        assert "sun-d4" not in shown(app)
        await pilot.press("space", "end", "enter")
        await until(lambda: "sun-e5" in shown(app))
        assert "more" not in shown(app)
        await pilot.press("up", "space")
        assert "2 selected, 5 runs" in shown(app)
        await pilot.press("ctrl+s")
        await until(lambda: app.screen is app.dashboard)
        assert [run.run_id for run in app.dashboard.table.shown] == ["a1", "c3"]
        assert threading.get_ident() not in scripted.catalogue.threads


async def test_a_whole_group_with_another_goal_and_other_times():
    async with running(scenario(), size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        await pilot.press("g")
        await until(lambda: "3 runs" in shown(app))
        assert app.screen.query_one("#pick-search", Input).value == "group:grid"
        app.screen.query_one("#goal", Input).value = "step:20"
        app.screen.query_one("#longest", Input).value = "1h30m"
        app.screen.query_one("#interval", Input).value = "10"
        await pilot.press("ctrl+a")
        await until(lambda: app.screen is app.dashboard)
        rows = list(app.session.watch_list)
        assert [row.run.run_id for row in rows] == ["a1", "c3", "d4"]
        assert {str(row.goal) for row in rows} == {"step:20"}
        assert {(row.poll_policy.max_wait_time, row.poll_policy.check_interval) for row in rows} == {(5400, 10)}


async def test_a_whole_sweep_by_the_mouse():
    async with running(scenario(), size=(120, 40)) as (app, pilot):
        await pilot.click("KeyBar", offset=(9, 0))
        await until(lambda: offers(app, "lab"))
        await pilot.pause()
        await pilot.click("PickScreen OptionList", offset=(3, 0))
        await until(lambda: offers(app, "forks"))
        await pilot.pause()
        await pilot.click("PickScreen OptionList", offset=(3, 0))
        await until(lambda: offers(app, "c3"))
        await pilot.pause()
        await pilot.click("PickScreen OptionList", offset=(3, 2))
        assert "1 selected" in shown(app)
        await pilot.press("s")
        await until(lambda: "1 selected, 2 runs" in shown(app))
        # In the middle: its label has just changed, and with that the place of its left edge.
        await pilot.click("#pick-all", offset=(12, 0))
        await until(lambda: len(app.session.watch_list) == 2)
        assert {row.run.run_id for row in app.session.watch_list} == {"c3", "e5"}


async def test_search_and_state_are_asked_of_the_server():
    scripted = scenario()
    async with running(scripted, size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        await pilot.press("slash", *"sun state:crashed")
        await until(lambda: "1 run" in shown(app) and "sun-d4" in shown(app))
        assert scripted.catalogue.queries[-1] == RunQuery("sun", "crashed")
        await pilot.press("escape", "asterisk")
        assert "1 selected" in shown(app)
        await pilot.press("asterisk")
        assert "selected" not in shown(app)
        await pilot.press("left")
        await until(lambda: "sun-a1" in shown(app))
        await pilot.press("left")
        await until(lambda: "other" in shown(app))
        await pilot.press("slash", *"oth")
        await until(lambda: "forks" not in shown(app))
        await pilot.press("escape", "escape")
        assert app.screen is app.dashboard


async def test_one_entity_needs_no_choice():
    async with running(scenario(entities=("lab",))) as (app, pilot):
        await pilot.press("p")
        await until(lambda: "forks" in shown(app))


async def test_trouble_is_shown_in_the_dialog_and_passes():
    scripted = scenario(error=ServerError("Nothing listens there.", "Is it up?"))
    async with running(scripted) as (app, pilot):
        await pilot.press("p")
        await until(lambda: "Nothing listens there. Is it up?" in shown(app))
        assert "no answer" in shown(app)
        assert "nothing here" not in shown(app)
        assert "Refresh (^r)" in shown(app)
        assert offered(app) == ["pick-refresh", "pick-close"]
        scripted.catalogue.error = None
        await pilot.press("ctrl+r")
        await until(lambda: "Pick an entity" in shown(app) and "me" in shown(app))
        assert "Nothing listens" not in shown(app)
        assert offered(app) == ["pick-open", "pick-close"]
        await pilot.press("enter")
        await until(lambda: "forks" in shown(app))
        scripted.catalogue.error = ServerError("It went down.")
        await pilot.press("enter")
        await until(lambda: "It went down." in shown(app))
        assert offered(app) == ["pick-up", "pick-refresh", "pick-close"]
        assert "There is no run" not in shown(app)
        scripted.catalogue.error = None
        await pilot.click("#pick-refresh", offset=(3, 0))
        await until(lambda: "sun-a1" in shown(app))
        assert offered(app) == ["pick-up", "pick-add", "pick-all", "pick-follow", "pick-close"]
        assert isinstance(app.focused, OptionList)


async def test_what_does_not_answer_a_new_search_leaves_nothing_of_the_old_one_to_be_added():
    scripted = scenario()
    async with running(scripted, size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        await pilot.press("space")
        scripted.catalogue.error = ServerError("It went down.")
        await pilot.press("slash", *"crashed")
        await until(lambda: "It went down." in shown(app))
        assert "sun-a1" not in shown(app)
        assert offered(app) == ["pick-up", "pick-refresh", "pick-add", "pick-close"], "one is marked"


async def test_only_an_empty_answer_is_called_empty():
    async with running(scenario(entities=())) as (app, pilot):
        await pilot.press("p")
        await until(lambda: "nothing here" in shown(app))
        assert app.screen.query_one("#pick-open").disabled


async def test_wrong_times_add_nothing():
    async with running(scenario(), size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        app.screen.query_one("#longest", Input).value = "soon"
        await until(lambda: "✖ Write 90" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: "“soon” is not a duration" in shown(app))
        assert not app.session.watch_list


async def test_very_many_are_asked_about():
    scripted = Scenario(catalogue=FakeCatalogue([listed(f"n{n}") for n in range(40)]))
    async with running(scripted, size=(120, 40)) as (app, pilot):
        await pilot.press("p", "enter")
        await until(lambda: "forks" in shown(app))
        await pilot.press("enter")
        await until(lambda: "sun-n1" in shown(app))
        await pilot.press("ctrl+a")
        await until(lambda: isinstance(app.screen, Confirm) and "Add 40 runs?" in shown(app))
        await pilot.press("n")
        assert isinstance(app.screen, PickScreen)
        await pilot.press("ctrl+a")
        await until(lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(lambda: len(app.session.watch_list) == 40)


async def test_what_is_watched_shows_and_what_cannot_be_watched_cannot_be_picked():
    scripted = Scenario(catalogue=FakeCatalogue([listed("a1"), listed("x" * 120)]))
    async with running(scripted, "a1", size=(120, 40)) as (app, pilot):
        await pilot.press("p", "enter")
        await until(lambda: "forks" in shown(app))
        await pilot.press("enter")
        await until(lambda: "sun-a1" in shown(app))
        assert "◐ waiting" in line_of(app, "sun-a1")
        await until(lambda: "1 already watched" in shown(app))
        assert app.screen.query_one(OptionList).get_option_at_index(1).disabled


async def test_add_leads_to_picking():
    async with running(scenario(), size=(120, 40)) as (app, pilot):
        await pilot.press("a")
        assert isinstance(app.screen, AddScreen)
        await pilot.press("ctrl+o")
        assert isinstance(app.screen, PickScreen)
        await pilot.press("escape", "a")
        await pilot.click("#pick")
        assert isinstance(app.screen, PickScreen)


async def test_without_a_catalogue_there_is_no_picking():
    async with running() as (app, pilot):
        await pilot.press("p")
        assert app.screen is app.dashboard


@pytest.mark.parametrize("name", ["[red]x[/]", "\x1b[31mred", "漢字" * 60, "a\nb", "\u202eevil", "x" * 5000])
@pytest.mark.parametrize("width", [40, 69, 70, 116])
def test_lines_are_straight_whatever_a_run_is_called(name, width):
    run = listed("abc", name=name, group=name, sweep=name, state=name)
    columns = run_columns(width, [run], watched=True)
    row = WatchedRun(address("abc"), Goal(), PollPolicy(), state=State.SIGNING_IN)
    for line in (headings(columns, Glyphs()), run_line(run, columns, Glyphs(), selected=True, row=row)):
        assert cell_len(line.plain) == width
        assert line.plain.isprintable()


def test_queries_are_read_and_written():
    query = parse_query('sun state:finished group:"my grid" sweep:swp lr:0.1')
    assert query == RunQuery("sun lr:0.1", "finished", "my grid", "swp")
    assert parse_query(format_query(query)) == query
    assert address("abc") == listed("abc").address


async def test_each_level_says_what_the_keys_do_and_why_nothing_can_be_added_there():
    async with running(scenario(), "a1", size=(120, 40)) as (app, pilot):
        await pilot.press("p")
        await until(lambda: offers(app, "lab"))
        assert "Enter Open" in shown(app).splitlines()[-1]
        assert "/ Search" in shown(app).splitlines()[-1]
        assert "Watched" in line_of(app, "Entity")
        assert re.search(r"│  lab +1 ", shown(app))
        assert offered(app) == ["pick-open", "pick-close"]
        assert "Add" not in line_of(app, "Open (Enter)")
        await pilot.press("ctrl+s")
        assert "Open a project to add its runs." in shown(app)
        await pilot.click("#pick-open", offset=(3, 0))
        await until(lambda: "forks" in shown(app))
        assert "← Back" in shown(app).splitlines()[-1]
        await pilot.press("down", "enter")
        await until(lambda: "There is no run to add here" in shown(app))
        await pilot.press("ctrl+a")
        assert not app.screen.query_one("#pick-up").disabled
        assert app.screen is not app.dashboard


async def test_heads_stand_above_what_is_shown():
    async with running(scenario(), size=(120, 40)) as (app, pilot):
        await at_runs(app, pilot)
        heads, run = line_of(app, "Created"), line_of(app, "sun-a1")
        assert "Watched" not in heads, "nothing is"
        assert (heads.index("Run"), heads.index("State")) == (run.index("sun-a1"), run.index("finished"))
        assert heads.index("Group") == run.index("grid")


async def test_what_is_watched_is_left_alone_by_what_adds_many():
    runs = [listed(f"n{n}") for n in range(3)]
    async with running(Scenario(catalogue=FakeCatalogue(runs)), "n1", size=(120, 40)) as (app, pilot):
        await pilot.press("p", "enter", "enter")
        await until(lambda: "sun-n1" in shown(app))
        assert "3 runs, 1 already watched" in shown(app)
        await until(lambda: "Add the project's 2 new (^a)" in shown(app))
        await pilot.press("asterisk")
        assert "2 selected" in shown(app)
        await until(lambda: "Add 2 runs (^s)" in shown(app))
        await pilot.press("asterisk")
        assert "selected" not in shown(app)
        app.screen.query_one("#goal", Input).value = "newer"
        await pilot.press("ctrl+a")
        await until(lambda: app.screen is app.dashboard)
        assert {row.run.run_id: str(row.goal) for row in app.session.watch_list} == {
            "n1": "exists",
            "n0": "newer",
            "n2": "newer",
        }
        assert "2 runs added" in [note.message for note in app._notifications]
        await pilot.press("p", "enter", "enter")
        await until(lambda: "3 already watched" in shown(app))
        assert app.screen.query_one("#pick-all").disabled
        await pilot.press("ctrl+a")
        assert "All of these are already watched." in shown(app)


async def test_a_watched_run_is_picked_only_by_hand_and_tells_what_becomes_of_it():
    runs = [listed("a1"), listed("b2")]
    async with running(Scenario(catalogue=FakeCatalogue(runs)), "a1", size=(120, 40)) as (app, pilot):
        app.session.cancel(address("a1"))
        await until(lambda: not app.session.watch_list[address("a1")].running)
        await pilot.press("p", "enter", "enter")
        await until(lambda: "This run: watched, cancelled; starts attempt 2" in shown(app))
        await until(lambda: "Restart this (^s)" in shown(app))
        await pilot.press("down")
        await until(lambda: "1 run to add, goal: exists" in shown(app))
        await until(lambda: "Add this (^s)" in shown(app))
        await pilot.press("asterisk", "up", "space")
        assert "1 run to add, 1 already watched (1 restart)" in shown(app)
        await pilot.press("ctrl+s")
        await until(lambda: app.session.watch_list[address("a1")].attempt == 2)
        assert address("b2") in app.session.watch_list


RUN = [listed("a1")]


@pytest.mark.parametrize(
    ("query", "listing", "watched", "label"),
    [
        (RunQuery(), Listing(runs=RUNS, total=5), {}, "Add the project's 5"),
        (RunQuery(sweep="swp"), Listing(runs=RUNS, total=5), {}, "Add the sweep's 5"),
        (RunQuery(group="grid"), Listing(runs=RUNS, total=5), {address("a1")}, "Add the group's 4 new"),
        (RunQuery("sun", group="grid"), Listing(runs=RUNS, total=5), {}, "Add the 5 found"),
        (RunQuery(), Listing(runs=RUN, after="1", total=900), {}, "Add the project's 900"),
        (RunQuery(), Listing(runs=RUN, after="1", total=900), {address("z")}, "Add all new ones"),
        (RunQuery(), Listing(runs=RUN, after="1"), {}, "Add all new ones"),
        (RunQuery(), Listing(runs=RUN, after="1", total=5000), {}, "Add the newest 1,000"),
        (RunQuery(), Listing(runs=RUN, total=1), {address("a1")}, "Add all"),
    ],
)
def test_the_button_says_whose_runs_it_adds_and_how_many(query, listing, watched, label):
    offer = offer_all(Place("lab", "forks"), query, listing, watched, any_watched=bool(watched))
    assert offer.label == label
    assert offer.possible is (label != "Add all")


async def test_a_query_that_was_to_begin_when_the_screen_was_closed_is_dropped():
    async with running(scenario()) as (app, pilot):
        await at_runs(app, pilot)
        screen = app.screen
        await pilot.press("escape")
        await until(lambda: not screen.query("#pick-count"))
        await screen._fetch("", 0.0)
