"""The ASCII look: whatever we draw ourselves is ASCII, on every screen."""

from __future__ import annotations

import pytest
from fakes import ABSENT, FakeCatalogue, FakeDoctor, FakeProber, FakeStore, World, address
from support import running, shown, until
from test_details import inspector
from test_details import kept as with_details
from test_doctor_screen import HERE
from test_pick import RUNS
from textual.widgets import LoadingIndicator

from wandb_tui.core.events import Event
from wandb_tui.core.goal import Goal
from wandb_tui.core.ports import KeptRun
from wandb_tui.core.state import State

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


def odd(text):
    """The lines of it that are not ASCII."""
    return [line for line in text.splitlines() if not line.isascii()]


def world():
    kept = [KeptRun(address(f"run{n}"), Goal(), n % 3, list(State)[n % 8], "Said", None, 33) for n in range(40)]
    return World(
        FakeProber(default=ABSENT),
        store=FakeStore([with_details(), *kept]),
        catalogue=FakeCatalogue(RUNS),
        inspector=inspector(),
        doctor=FakeDoctor(HERE | {"server": None}),
    )


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
@pytest.mark.parametrize("screen", SCREENS)
async def test_all_that_is_drawn_is_ascii(screen, size):
    async with running(world(), size=size, ascii_look=True) as (app, pilot):
        await until(lambda: app.dashboard.table.row_count == 41 and app.app_url and app.account)
        row = app.session.watch[address("abc")]
        app.session.restart(row.run)
        for number in range(60):
            app.session.bridge.publish(Event(row.run, row.attempt, State.WAITING, f"line {number} … “{'long ' * 40}”"))
        await until(lambda: any("line 59" in line.message for line in row.log))
        await pilot.press("home")
        for key in SCREENS[screen]:
            await pilot.press({",": "comma", "/": "slash", "[": "left_square_bracket"}.get(key, key))
            await pilot.pause(0.05)
        await until(lambda: not any(one.display and one.visible for one in app.screen.query(LoadingIndicator)))
        await pilot.pause(0.3)
        assert not odd(shown(app))


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
