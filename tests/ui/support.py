"""What the dashboard's tests share."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest
from fakes import World

from wandb_tui.ui.app import WandbTuiApp


async def until(condition, within=5.0):
    """Wait until something holds; how many seconds that took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within:
            pytest.fail("it never came true")
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
