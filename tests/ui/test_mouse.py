"""All of it by the mouse, as far as no other test does it."""

from __future__ import annotations

import pytest
from textual.widgets import Button, TextArea

from tests.screen import shown, until
from tests.ui.fakes import FakeCatalogue, FakeDoctor, Scenario
from tests.ui.support import back, case, running
from wandb_tui.core.catalogue import ListedRun
from wandb_tui.ui.common.confirm import Confirm
from wandb_tui.ui.dashboard.help import HelpScreen


def place(app, text):
    """The place of a text on the screen."""
    for y, line in enumerate(shown(app).splitlines()):
        if text in line:
            return line.index(text), y
    raise AssertionError(f"{text} is nowhere:\n{shown(app)}")


async def test_a_question_is_answered_by_the_mouse():
    async with running(None, "abc", "def") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        await pilot.press("asterisk", "d")
        await pilot.click("#no")
        assert len(app.dashboard.table.shown) == 2
        await pilot.press("d")
        assert isinstance(app.screen, Confirm)
        await pilot.click("#yes")
        await until(lambda: not app.session.watch_list)


async def test_help_is_left_by_the_mouse():
    async with running(None, "abc") as (app, pilot):
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.click(offset=place(app, "Close (Esc)"))
        assert app.screen is app.dashboard


@pytest.mark.parametrize(("text", "screen"), [("add runs:", "AddScreen"), ("keys, symbols", "HelpScreen")])
async def test_an_empty_dashboard_is_clicked_to_life(text, screen):
    async with running() as (app, pilot):
        await until(lambda: text in shown(app))
        await pilot.click(offset=place(app, text))
        assert type(app.screen).__name__ == screen


@pytest.mark.parametrize("size", [(80, 24), (48, 16)])
async def test_every_dialog_has_a_button_in_view_that_leaves_it(size):
    async with running(None, "abc", size=size) as (app, pilot):
        await until(lambda: app.app_url and len(app.dashboard.table.shown) == 1)
        for key in "aghsyq":
            with case(key):
                await pilot.press(key)
                await pilot.pause()
                assert app.screen is not app.dashboard
                button = list(app.screen.query(Button))[-1]
                button.scroll_visible(animate=False)
                await pilot.pause()
                assert await pilot.click(button)
                await until(lambda: app.screen is app.dashboard)


@pytest.mark.parametrize("size", [(62, 20), (50, 12), (40, 10)])
async def test_small_dialogs_have_all_their_buttons_in_view(size):
    runs = [ListedRun("lab", "forks", f"r{n}", name=f"sun-{n}") for n in range(9)]
    scenario = Scenario(catalogue=FakeCatalogue(runs), doctor=FakeDoctor({}))
    async with running(scenario, "abc", size=size) as (app, pilot):
        await until(lambda: app.app_url and len(app.dashboard.table.shown) == 1)
        for key in "apghyqsD":
            with case(key):
                await pilot.press(key)
                await fill(app, pilot, key)
                await pilot.pause()
                box = app.screen.query_one(".dialog").content_region
                for button in app.screen.query(Button):
                    if button.display:
                        assert button.region.area
                        assert button.region in box, button.label
                await back(app, pilot)


async def fill(app, pilot, key):
    """Let a dialog that can be long be so."""
    if key == "a":
        app.screen.query_one(TextArea).text = "boom\n" * 9 + "def"
        await until(lambda: "✖ 9" in shown(app) and "✖ boom" in shown(app))
    if key == "p":
        await until(lambda: app.screen._listing.names)
        await pilot.press("enter")
        await until(lambda: app.screen._place.entity and app.screen._listing.names)
        await pilot.press("enter")
        await until(lambda: "sun-0" in shown(app) and "sun-1" in shown(app))
