"""Helpers that the dashboard's tests share."""

from __future__ import annotations

import contextlib

from textual import events
from textual.keys import _character_to_key, key_to_character
from textual.widgets import Input, TextArea

from tests.screen import until
from tests.ui.fakes import Scenario
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.app.themes import LIGHT

WIDE = (160, 45)
LOOKS = {
    "wide": (WIDE, {}),
    "narrow": ((80, 24), {}),
    "light": ((120, 30), {"theme": LIGHT}),
    "ascii": ((80, 24), {"ascii_look": True}),
}
"""The looks of a picture: the size of the terminal and the app's options."""


@contextlib.asynccontextmanager
async def running(scenario: Scenario | None = None, *runs: str, size=(120, 40), notifications=False, **options):
    """A dashboard on scripted services, with its list read and its runs added."""
    scenario = scenario or Scenario()
    app = WandbTuiApp(scenario.backend(), runs=runs, **options)
    async with app.run_test(size=size, notifications=notifications) as pilot:
        await until(lambda: app.session.deferred.built or "services" in scenario.options)
        await until(lambda: len(app.session.watch_list) >= len(runs))
        await pilot.pause()
        try:
            yield app, pilot
        finally:
            # Else the end of one that fails would wait for its monitors, and each app would leave threads that wake up
            # several times a second for as long as the tests run.
            app.session.stop()
            app.session.store_writer.close(0)


@contextlib.contextmanager
def case(*names):
    """Name one of many cases that an app goes through in the error that it ends with."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in the case of {', '.join(map(str, names))}")
        raise


async def back(app, pilot):
    """Leave all that lies over the dashboard, by Escape."""
    while app.screen is not app.dashboard:
        await pilot.press("escape")


async def still(pilot):
    """Let nothing on the screen blink, pass or still be on its way."""
    for line in (*pilot.app.screen.query(Input), *pilot.app.screen.query(TextArea)):
        line.cursor_blink = False
    pilot.app.clear_notifications()
    await pilot.pause(0.2)


def burst(app, *keys):
    """Press keys all at once, before any of them has been taken in."""
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 else key
        app.post_message(events.Key(name, key if len(key) == 1 else key_to_character(key)))
