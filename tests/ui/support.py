"""What the dashboard's tests share."""

from __future__ import annotations

import asyncio
import contextlib
import time

from fakes import World
from textual.widgets import Input, TextArea

from wandb_tui.ui.app import WandbTuiApp
from wandb_tui.ui.themes import LIGHT

LOOKS = {
    "wide": ((160, 45), {}),
    "narrow": ((80, 24), {}),
    "light": ((120, 30), {"theme": LIGHT}),
    "ascii": ((80, 24), {"ascii_look": True}),
}
"""How each screen is pictured: the size of the terminal, and what the app is told."""


async def until(condition, within=15.0):
    """Wait until something holds; how many seconds that took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within:
            # Not `pytest.fail`: where Textual drives the test, only an ordinary error ends the app.
            raise AssertionError("it never came true")
        await asyncio.sleep(0.005)
    return time.monotonic() - began


@contextlib.asynccontextmanager
async def running(world: World | None = None, *runs: str, size=(120, 40), notifications=False, **options):
    """A dashboard on a scripted world, with its list read and its runs added."""
    world = world or World()
    app = WandbTuiApp(world.backend(), runs=runs, **options)
    async with app.run_test(size=size, notifications=notifications) as pilot:
        await until(lambda: app.session.late.built or "services" in world.options)
        await until(lambda: len(app.session.watch) >= len(runs))
        await pilot.pause()
        yield app, pilot
        app.session.stop()


def shown(app) -> str:
    """What stands on the screen, as text."""
    lines = app.screen._compositor.render_strips(app.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


async def still(pilot):
    """Let nothing on the screen blink, pass or still be on its way."""
    for line in (*pilot.app.screen.query(Input), *pilot.app.screen.query(TextArea)):
        line.cursor_blink = False
    pilot.app.clear_notifications()
    await pilot.pause(0.2)
