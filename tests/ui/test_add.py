"""The screen on which runs are added."""

from __future__ import annotations

from fakes import World, address
from support import running, shown, until
from textual.widgets import Input, TextArea

from wandb_tui.core.goal import Goal
from wandb_tui.ui.screens.add import AddRuns


async def open_with(app, pilot, text):
    await pilot.press("a")
    assert isinstance(app.screen, AddRuns)
    app.screen.query_one(TextArea).text = text


async def test_many_at_once():
    async with running() as (app, pilot):
        assert "No runs yet" in shown(app)
        await open_with(
            app, pilot, "lab/forks/abc, def\nhttps://wandb.ai/lab/forks/runs/ghi?nw=nwuserme  lab/forks/abc"
        )
        await until(lambda: "named twice" in shown(app))
        assert "3 runs to add" in shown(app)
        await pilot.press("ctrl+j")
        await until(lambda: len(app.session.watch) == 3)
        assert app.screen is app.dashboard
        assert app.dashboard.table.shown == [address("abc"), address("def"), address("ghi")]
        assert "No runs yet" not in shown(app)


async def test_what_is_wrong_stays_in_the_box():
    async with running() as (app, pilot):
        await open_with(app, pilot, "abc boom https://other.host/lab/forks/runs/x")
        await until(lambda: "2 not understood" in shown(app))
        await pilot.pause(0.1)
        await pilot.click("#add")
        await until(lambda: len(app.session.watch) == 1)
        assert isinstance(app.screen, AddRuns)
        assert app.screen.query_one(TextArea).text.split() == ["boom", "https://other.host/lab/forks/runs/x"]
        assert "is not the address of a run" in shown(app)


async def test_a_wrong_goal_adds_nothing():
    async with running() as (app, pilot):
        await open_with(app, pilot, "abc")
        app.screen.query_one("#goal", Input).value = "soon"
        await until(lambda: "✖ exists, v3" in shown(app))
        await pilot.press("ctrl+j")
        await until(lambda: "is not a goal" in shown(app))
        assert not app.session.watch
        app.screen.query_one("#goal", Input).value = "step:200"
        await pilot.press("ctrl+j")
        await until(lambda: app.session.watch)
        assert str(app.session.watch[address("abc")].goal) == "step:200"


async def test_the_default_goal_is_offered():
    async with running(goal=Goal.parse("newer")) as (app, pilot):
        await open_with(app, pilot, "")
        assert app.screen.query_one("#goal", Input).value == "newer"
        await pilot.press("ctrl+j")
        await until(lambda: "There is no address yet" in shown(app))


async def test_a_slow_check_blocks_nothing():
    world = World()
    async with running(world) as (app, pilot):
        world.addresses.gate.clear()
        await open_with(app, pilot, "abc")
        await pilot.pause(0.3)
        await pilot.press("end", "d")
        assert app.screen.query_one(TextArea).text == "abcd"
        world.addresses.gate.set()
        await until(lambda: "lab/forks/abcd" in shown(app))


async def test_a_bad_address_from_the_command_line_is_named():
    world = World()
    async with running(world) as (app, _):
        app._given = [("boom", Goal()), ("abc", Goal())]
        app.run_worker(app._add_given())
        await until(lambda: app.session.watch)
        assert any(note.title == "Not added" and "boom" in note.message for note in app._notifications)
