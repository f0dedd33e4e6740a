"""The bar of keys at the bottom: those of where the focus is, in the order of their worth."""

from __future__ import annotations

import pytest

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, FakeCatalogue, FakeProber, Scenario, address, there
from tests.ui.support import back, case, running
from tests.ui.test_pick import RUNS
from wandb_tui.core.state import State
from wandb_tui.ui.common.key_bar import KeyBar


def bar(app):
    """Its line."""
    return app.screen.query_one("KeyBar").render().plain


async def test_a_log_in_focus_shows_the_keys_of_the_logs():
    async with running(None, "abc", size=(80, 24)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1)
        assert "a Add" in bar(app)
        assert "f Find" not in bar(app)
        app.dashboard.panes.panes[0].focus()
        await pilot.pause()
        assert bar(app).startswith(" f Find n Next ")
        assert "z Full screen" in bar(app)
        assert "? Help" in bar(app)
        assert "q Quit" in bar(app)
        assert "a Add" not in bar(app)
        await pilot.resize_terminal(200, 24)
        await until(lambda: "S Save log  Y Copy log" in bar(app))
        assert "< Smaller" in bar(app)
        await pilot.press("escape")
        assert "a Add" in bar(app)


async def test_a_toggle_is_called_what_it_would_do_now():
    async with running(None, "abc", size=(200, 24)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1)
        app.dashboard.panes.panes[0].focus()
        for key, before, after in (
            ("z", "z Full screen", "z Exit full screen"),
            ("U", "U Unfold", "U Fold"),
            ("W", "W Unwrap", "W Wrap"),
            ("F", "F Pause", "F Follow"),
        ):
            await until(lambda before=before: before in bar(app))
            await pilot.press(key)
            await until(lambda after=after: after in bar(app))
            await pilot.press(key)
            await until(lambda before=before: before in bar(app))


async def test_help_and_leaving_are_always_there_and_the_goal_from_80_cells_on():
    async with running(Scenario(catalogue=FakeCatalogue(RUNS)), "abc", size=(40, 24)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1)
        for width in (40, 80, 120, 160):
            await pilot.resize_terminal(width, 24)
            await until(lambda width=width: app.screen.query_one(KeyBar).size.width == width)
            line = bar(app)
            assert "? Help" in line
            assert "q Quit" in line
            assert len(line.rstrip()) <= width
            wide = ("g Goal", "p Pick", "l Logs", "y Copy", "^p Palette", "/ Filter") if width >= 80 else ()
            for least_known in wide:
                assert least_known in line


async def test_restarting_takes_the_place_of_cancelling_once_there_is_nothing_to_cancel():
    prober = FakeProber({"abc": [there(3)]}, default=NOT_YET)
    async with running(Scenario(prober, catalogue=FakeCatalogue(RUNS)), "abc", "def", size=(80, 24)) as (app, pilot):
        await until(lambda: app.session.watch_list[address("abc")].state is State.AVAILABLE)
        await pilot.press("home")
        await until(lambda: "r Restart" in bar(app) and "c Cancel" not in bar(app))
        await pilot.press("end")
        await until(lambda: "c Cancel" in bar(app) and "r Restart" not in bar(app))


HINTS = {
    ("a",): ("Esc Close", "^s Add", "F1 Help"),
    ("g",): ("Esc Cancel", "Enter Change", "F1 Help"),
    ("s",): ("Esc Close", "Enter Next", "F1 Help"),
    ("y",): ("Esc Close", "? Help"),
    ("h",): ("Esc Close", "? Help"),
    ("p",): ("Esc Close", "/ Search", "? Help"),
    ("asterisk", "d"): ("y Remove", "n Keep", "? Help"),
}


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_a_dialog_shows_its_own_keys(size):
    async with running(Scenario(catalogue=FakeCatalogue(RUNS)), "abc", "def", size=size) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2 and app.account)
        for keys, hints in HINTS.items():
            with case(*keys):
                await until(lambda: "q Quit" in shown(app).splitlines()[-1])
                await pilot.press(*keys)
                await until(lambda hints=hints: all(hint in shown(app).splitlines()[-1] for hint in hints))
                assert "q Quit" not in shown(app).splitlines()[-1]
                await back(app, pilot)


async def test_a_click_on_a_key_of_a_dialog_presses_it():
    async with running(None, "abc", "def") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        await pilot.press("asterisk", "d")
        await pilot.pause()
        await pilot.click(KeyBar, offset=(bar(app).index("Keep"), 0))
        await until(lambda: app.screen is app.dashboard)
        assert len(app.dashboard.table.shown) == 2
        await pilot.press("d")
        await pilot.pause()
        await pilot.click(KeyBar, offset=(bar(app).index("Remove"), 0))
        await until(lambda: len(app.dashboard.table.shown) == 0)
