"""The themes: readable, and for the colour-blind too; the one chosen is remembered."""

from __future__ import annotations

from itertools import combinations

import pytest
from textual.color import Color

from tests.screen import shown, until
from tests.ui.fakes import FakeStore, Scenario
from tests.ui.support import running
from wandb_tui.text.glyphs import STATE_COLOURS
from wandb_tui.ui.app.palette import ActionCommands
from wandb_tui.ui.app.screens import import_screens
from wandb_tui.ui.app.startup import Startup
from wandb_tui.ui.app.themes import LIGHT, SAFE_DARK, SAFE_LIGHT, THEMES

BY_NAME = {theme.name: theme for theme in THEMES}
READABLE = 4.5
"""WCAG's ratio for text."""

APART = 15.0
"""CIE 1976: two colours that differ by 2.3 can just be distinguished."""

# Machado, Oliveira and Fernandes (2009), at full severity, on linear light.
SIGHTS = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}


def colour(theme, name):
    return theme.variables.get(name) or getattr(theme, name)


def linear(text):
    values = [value / 255 for value in Color.parse(text).rgb]
    return [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]


def lightness(light):
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def contrast(one, other):
    dark, bright = sorted((lightness(linear(one)), lightness(linear(other))))
    return (bright + 0.05) / (dark + 0.05)


def lab(light):
    def root(value):
        return value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116

    x = root((0.4124 * light[0] + 0.3576 * light[1] + 0.1805 * light[2]) / 0.95047)
    y = root(lightness(light))
    z = root((0.0193 * light[0] + 0.1192 * light[1] + 0.9505 * light[2]) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def seen(text, sight):
    light = linear(text)
    return lab([min(1, max(0, sum(a * b for a, b in zip(row, light, strict=True)))) for row in SIGHTS[sight]])


def apart(one, other, sight):
    return sum((a - b) ** 2 for a, b in zip(seen(one, sight), seen(other, sight), strict=True)) ** 0.5


@pytest.mark.parametrize("name", BY_NAME)
def test_states_can_be_read_on_the_background(name):
    theme = BY_NAME[name]
    for state in {*STATE_COLOURS.values(), "foreground", "quiet", "selected"}:
        assert contrast(colour(theme, state), theme.background) >= READABLE, state


@pytest.mark.parametrize("name", [SAFE_DARK, SAFE_LIGHT])
@pytest.mark.parametrize("sight", SIGHTS)
def test_no_two_states_look_alike_to_the_colour_blind(name, sight):
    theme = BY_NAME[name]
    for one, other in combinations(sorted({*STATE_COLOURS.values()}), 2):
        assert apart(colour(theme, one), colour(theme, other), sight) >= APART, (one, other)


@pytest.mark.parametrize("name", [SAFE_DARK, SAFE_LIGHT])
def test_states_can_be_read_under_the_cursor(name):
    theme = BY_NAME[name]
    for state in {*STATE_COLOURS.values(), "foreground", "quiet"}:
        assert contrast(colour(theme, state), colour(theme, "cursor")) >= READABLE, state


async def test_a_theme_chosen_in_the_palette_is_remembered_until_the_settings_change():
    store = FakeStore()
    async with running(Scenario(store=store)) as (app, _):
        choose = {name: run for name, _, run in ActionCommands(app.screen)._commands()}[f"Theme {SAFE_DARK}"]
        choose()
        assert app.theme == SAFE_DARK
        await until(lambda: store.view.get("theme"))
    async with running(Scenario(store=store)) as (app, _):
        await until(lambda: app.theme == SAFE_DARK)
    async with running(Scenario(store=store), theme=LIGHT) as (app, _):
        await until(lambda: app.dashboard._loading is False)
        assert app.theme == LIGHT


@pytest.mark.parametrize(("ascii_look", "mark"), [(False, "✔ current"), (True, "+ current")])
async def test_the_palette_marks_the_theme_that_is_there_and_takes_another_at_once(ascii_look, mark):
    async with running(ascii_look=ascii_look) as (app, pilot):
        for theme in (THEMES[0].name, LIGHT):
            app.choose_theme(theme)
            await pilot.press("ctrl+p", *"current")
            await until(lambda theme=theme: f"Theme {theme}  {mark}" in shown(app))
            assert shown(app).count(mark) == 1
            await pilot.press("escape")
        await pilot.press("ctrl+p", *SAFE_DARK)
        await until(lambda: f"Theme {SAFE_DARK}" in shown(app))
        await pilot.press("enter")
        await until(lambda: app.theme == SAFE_DARK and app.screen is app.dashboard)


async def test_a_hasty_enter_in_the_palette_changes_no_colours():
    async with running(theme=LIGHT) as (app, pilot):
        await pilot.press("ctrl+p", *"theme")
        await until(lambda: shown(app).find(f"Theme {LIGHT}") in range(shown(app).find("Theme ") + 1))
        await pilot.press("enter")
        await until(lambda: app.screen is app.dashboard)
        assert app.theme == LIGHT


async def test_a_stored_theme_may_be_nonsense():
    async with running(Scenario(store=FakeStore(view={"theme": 3}))) as (app, _):
        await until(lambda: app.dashboard._loading is False)
        assert app.theme == THEMES[0].name
        for stored in ({"chosen": 3}, {"chosen": "gone", "over": ""}, None):
            app.session.view["theme"] = stored
            app.restore_appearance()
            assert app.theme == THEMES[0].name


async def test_the_styles_of_all_screens_are_read_after_the_first_frame():
    async with running() as (app, _):
        assert [path.name for path in app.css_path] == ["dashboard.tcss"]
        assert all(app.stylesheet.has_source(str(screen.CSS_PATH)) for screen in import_screens())


async def test_a_screen_that_is_opened_before_that_has_its_styles(monkeypatch):
    monkeypatch.setattr(Startup, "_add_styles", lambda *_: None)
    async with running(None, "abc") as (app, pilot):
        await pilot.press("a")
        assert app.screen.query_one(".dialog").size.width > 80
        await pilot.press("escape", "enter")
        await until(lambda: app.screen.query("Section"))
        assert app.screen.query("Section").first().styles.border_top[0] == "round"
