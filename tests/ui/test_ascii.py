"""The ASCII look: whatever we draw ourselves is ASCII, on every screen."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.widgets import LoadingIndicator

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, FakeBranches, FakeCatalogue, FakeDoctor, FakeProber, FakeStore, Scenario, address
from tests.ui.support import back, case, running
from tests.ui.test_details import inspector
from tests.ui.test_details import stored_run as with_details
from tests.ui.test_doctor_screen import LOCAL
from tests.ui.test_pick import RUNS, listed
from wandb_tui.core.branch_order import BranchFinding
from wandb_tui.core.events import Level, MonitorEvent
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.app.palette import ActionCommands
from wandb_tui.ui.common.too_small import TooSmall

SCREENS = {
    "table": ("end", "space", "shift+up", "O"),
    "logs": ("tab", "W", "home"),
    "full screen": ("tab", "z", "home"),
    "find": ("f", *"line", "enter", "n"),
    "filter": ("slash", *"/["),
    "add": ("a", *"abc,one,boom"),
    "pick": ("p",),
    "runs to pick": ("p", "enter", "enter", "space"),
    "goal": ("g", "x"),
    "fork": ("B", "2", "0", "shift+tab", "right"),
    "columns": ("h", "o", "end"),
    "copy": ("y",),
    "confirm": ("asterisk", "d"),
    "sign in": ("s", *"me", "tab", *"secret", "tab", "tab", "space"),
    "doctor": ("D",),
    "details": ("home", "enter"),
    "details below": ("home", "enter", "end"),
    "help": ("question_mark",),
    "end of the help": ("question_mark", "end"),
    "help for a dialog": ("h", "question_mark"),
    "palette": ("ctrl+p",),
    "end of the palette": ("ctrl+p", "down", "down", "pagedown"),
}


# Letters that we never draw ourselves: what comes from outside is shown as it is.
FOREIGN = "яж漢é"


def odd(text):
    """The lines of it with signs that are neither ASCII nor from outside."""
    return [line for line in text.splitlines() if not line.translate(dict.fromkeys(map(ord, FOREIGN))).isascii()]


ROWS = 24
"""More than fit, in every state."""


def scenario(rows=ROWS, name="odd one"):
    stored = [
        StoredRun(address(f"run{n}"), Goal(), n % 3, list(State)[n % 8], text_notice("Said"), None, 33)
        for n in range(rows)
    ]
    return Scenario(
        FakeProber(default=NOT_YET),
        store=FakeStore([with_details(), *stored]),
        catalogue=FakeCatalogue([*RUNS, listed("odd1", name=name)]),
        inspector=inspector(),
        doctor=FakeDoctor(LOCAL | {"server": None}),
        branches=FakeBranches(BranchFinding("v0 covers step 20"), BranchFinding(f"NaN in {name}", Level.WARNING)),
    )


@contextlib.asynccontextmanager
async def busy_dashboard(text):
    """A dashboard in the ASCII look, with a long log and with texts from outside."""
    async with running(scenario(name=text), size=(80, 24), ascii_look=True) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == ROWS + 1 and app.app_url and app.account)
        row = app.session.watch_list[address("abc")]
        app.session.restart(row.run)
        for number in range(40):
            app.session.event_queue.publish(
                MonitorEvent(
                    row.run, row.attempt, State.WAITING, text_notice(f"line {number} … “{'long ' * 40}” {text}")
                )
            )
        await until(lambda: any("line 39" in event_text(line.notice) for line in row.log))
        yield app, pilot


async def drawn_in_ascii(app, pilot, screen, sizes):
    """Open a screen, and look at it in all sizes."""
    await pilot.press("home")
    for key in SCREENS[screen]:
        await pilot.press({",": "comma", "/": "slash", "[": "left_square_bracket"}.get(key, key))
    for size in [(80, 24), *sizes]:
        await pilot.resize_terminal(*size)
        await until(lambda: not any(one.display and one.visible for one in app.screen.query(LoadingIndicator)))
        await pilot.pause(0.1)
        assert not odd(shown(app))


LEFT_BY_ESCAPE = (
    *("add", "pick", "runs to pick", "goal", "fork", "copy", "doctor", "details", "details below"),
    *("help", "end of the help", "palette", "end of the palette", "sign in", "help for a dialog"),
    *("columns", "confirm"),
)
"""Screens from which one comes back to the dashboard as it was; at the end, to another order and a selection."""

SMALLER = [(160, 45), (61, 30), (33, 9)]


async def test_all_that_lies_over_the_dashboard_is_ascii():
    async with busy_dashboard(f"a {FOREIGN}") as (app, pilot):
        for screen in LEFT_BY_ESCAPE:
            with case(screen):
                await drawn_in_ascii(app, pilot, screen, SMALLER)
                await pilot.resize_terminal(80, 24)
                await until(lambda: not isinstance(app.screen, TooSmall))
                assert app.screen is not app.dashboard
                await back(app, pilot)


@pytest.mark.parametrize("screen", [screen for screen in SCREENS if screen not in LEFT_BY_ESCAPE])
async def test_all_that_we_draw_is_ascii(screen):
    async with busy_dashboard(f"a {FOREIGN}") as (app, pilot):
        await drawn_in_ascii(app, pilot, screen, SMALLER)


SIZES = st.lists(st.tuples(st.integers(30, 200), st.integers(8, 60)), min_size=2, max_size=3)


# The tests above show the same in fixed sizes.
@pytest.mark.long
@pytest.mark.parametrize("screen", SCREENS)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(sizes=SIZES, text=st.text(f"a {FOREIGN}", min_size=1, max_size=60))
async def test_all_that_we_draw_is_ascii_at_every_size(screen, sizes, text):
    async with busy_dashboard(text) as (app, pilot):
        await drawn_in_ascii(app, pilot, screen, sizes)


async def test_messages_and_what_stands_on_an_empty_or_a_small_screen_are_ascii():
    async with running(None, size=(80, 24), ascii_look=True, notifications=True) as (app, pilot):
        for severity in ("information", "warning", "error"):
            app.notify("Said", title="Title", severity=severity)
        await until(lambda: shown(app).count("Said") == 3)
        assert not odd(shown(app))
        assert "| Said" in shown(app)
        await pilot.resize_terminal(20, 8)
        await until(lambda: "too small" in shown(app))
        assert not odd(shown(app))


def glyphs(app, name):
    """Choose it in the palette."""
    return next(run for title, _, run in ActionCommands(app.screen)._commands() if title.startswith(f"Look {name}"))()


@pytest.mark.parametrize("keys", [("home",), ("home", "enter")])
async def test_the_palette_changes_the_look_at_once(keys):
    async with running(scenario(0), size=(160, 45)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1 and app.app_url and app.account)
        await pilot.press("home", "l", *keys)
        await until(lambda: app.screen is app.dashboard or not app.screen._pending_queries)
        await pilot.pause(0.3)
        before = shown(app)
        assert odd(before)
        await pilot.press("ctrl+p", *"look ascii")
        await until(lambda: "for fonts without the symbols" in shown(app))
        await pilot.press("enter")
        await until(lambda: app.glyphs.ascii and not odd(shown(app)))
        glyphs(app, "emoji")
        await pilot.pause()
        assert shown(app) == before
        if "enter" in keys:
            glyphs(app, "ascii")
            await pilot.press("escape")
            await until(lambda: app.screen is app.dashboard and not odd(shown(app)))


async def test_a_look_chosen_in_the_palette_is_remembered_until_the_settings_change():
    store = FakeStore()
    async with running(Scenario(store=store), "abc") as (app, _):
        glyphs(app, "ascii")
        await until(lambda: store.view.get("look"))
    async with running(Scenario(store=store), "abc") as (app, pilot):
        await until(lambda: app.dashboard._loading is False)
        await pilot.pause()
        assert app.glyphs.ascii
        assert not odd(shown(app))
        glyphs(app, "emoji")
        await until(lambda: store.view["look"]["chosen"] == "emoji")
    async with running(Scenario(store=store), ascii_look=True) as (app, _):
        await until(lambda: app.dashboard._loading is False)
        assert app.glyphs.ascii, "the settings have changed since"


async def test_a_stored_look_may_be_nonsense():
    async with running(Scenario(store=FakeStore(view={"look": 3}))) as (app, _):
        await until(lambda: app.dashboard._loading is False)
        assert not app.glyphs.ascii
        for stored in ({"chosen": 3, "over": "emoji"}, {"chosen": "gone", "over": "emoji"}, None):
            app.session.view["look"] = stored
            app.restore_appearance()
            assert not app.glyphs.ascii
