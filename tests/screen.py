"""The screen of an app that runs in a test."""

import asyncio
import faulthandler
import sys

from textual._context import visible_screen_stack

from tests.stopwatch import Stopwatch


def drawn(app):
    """The lines of the screen, with what shines through a dialog from below, as the app itself draws them."""
    visible_screen_stack.set(app._background_screens)
    return app.screen._compositor.render_strips(app.size)


def shown(app):
    """The screen as text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in drawn(app))


async def until(condition, within=30.0):
    """Wait until a condition holds; returns the seconds that it took."""
    watch, pause = Stopwatch(), 0.005
    while not condition():
        if watch.seconds > within:
            faulthandler.dump_traceback(sys.__stderr__)
            # Not `pytest.fail`: where Textual drives the test, only an ordinary error ends the app.
            raise AssertionError("it never came true")
        # A condition that draws the screen costs as much as the work that it waits for.
        await asyncio.sleep(pause)
        pause = min(0.04, pause * 1.5)
    return watch.seconds
