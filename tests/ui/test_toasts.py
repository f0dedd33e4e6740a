"""The place of messages: they hide neither what one types into nor what one reads."""

from __future__ import annotations

import threading

import pytest
from textual.widgets import Button, Input, OptionList, TextArea
from textual.widgets._toast import Toast, ToastRack

from tests.screen import shown, until
from tests.ui.fakes import FakeCatalogue, FakeDoctor, Scenario
from tests.ui.support import back, case, running
from tests.ui.test_doctor_screen import LOCAL
from tests.ui.test_pick import RUNS
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.common.key_bar import KeyBar

LONG = "No such project or run, or this key may not see it; whoever has made the key can tell what it may see. " * 2


def toasts(app):
    """Those that can be seen."""
    return [toast for toast in app.screen.query(Toast) if toast.region.area]


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_a_dialog_keeps_its_buttons_and_lines(size):
    scenario = Scenario(catalogue=FakeCatalogue(RUNS), doctor=FakeDoctor(LOCAL))
    async with running(scenario, "abc", "def", size=size, notifications=True) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2 and app.account)
        for keys in (*"aphgsyD", ("asterisk", "d")):
            with case(*keys):
                await pilot.press(*keys)
                assert app.screen is not app.dashboard
                for number in range(4):
                    app.notify(f"{number} {LONG}", title="Not added", severity="error", markup=False)
                await until(lambda: len(toasts(app)) == 1)
                assert toasts(app)[0]._notification.message.startswith("3")
                covered = toasts(app)[0].region.intersection(app.screen.get_child_by_type(ToastRack).region)
                for kind in (Button, Input, TextArea, OptionList):
                    assert not any(widget.region.overlaps(covered) for widget in app.screen.query(kind)), kind
                app.clear_notifications()
                await back(app, pilot)
                await until(lambda: not toasts(app))


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 12)])
@pytest.mark.parametrize("zoomed", [False, True])
async def test_on_the_dashboard_they_hide_nothing(size, zoomed):
    async with running(None, "abc", "def", "ghi", size=size, notifications=True) as (app, pilot):
        # The table takes the room for its last row in the frame after.
        await until(lambda: app.dashboard.table.region.height == 1 + 3 and app.account)
        if zoomed:
            await pilot.press("z")
        await until(lambda: app.dashboard.panes.panes[0].region.height)
        before = app.dashboard.table.region, app.dashboard.panes.region
        app.notify("first", timeout=60, markup=False)
        app.notify("the second", timeout=60, markup=False)
        await until(lambda: [toast.region.y for toast in toasts(app)] == [size[1] - 3, size[1] - 2])
        await until(lambda: app.dashboard.panes.region.bottom <= size[1] - 3)
        assert "first" in shown(app)
        for part in (
            *app.dashboard.panes.panes,
            app.dashboard.table,
            app.dashboard.header,
            app.screen.query_one(KeyBar),
        ):
            assert not any(part.region.overlaps(toast.region) for toast in toasts(app)), part
        assert app.dashboard.table.region == before[0], "the table does not move"
        app.clear_notifications()
        await until(lambda: app.dashboard.panes.region == before[1])


async def test_a_path_stands_on_one_line_at_80_cells():
    path = "/home/researcher/experiments/lab-forks-q8f3n1vd-20261129-024747.log"
    app = WandbTuiApp(Scenario().backend(), runs=["abc"])
    async with app.run_test(size=(80, 24), notifications=True):
        await until(lambda: len(app.dashboard.table.shown) == 1 and app.account)
        app.notify(f"Saved: {path}", markup=False)
        await until(lambda: path in shown(app))
        app.session.stop()


async def test_they_hide_nothing_of_the_details():
    app = WandbTuiApp(Scenario().backend(), runs=["abc"])
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(lambda: len(app.dashboard.table.shown) == 1 and app.account)
        await pilot.press("enter")
        await until(lambda: app.screen.query("#details"))
        app.notify("said", timeout=60, markup=False)
        await until(lambda: toasts(app) and app.screen.query_one("#details").region.bottom <= toasts(app)[0].region.y)
        app.session.stop()


async def test_over_a_dialog_they_stand_once():
    app = WandbTuiApp(Scenario().backend(), runs=["abc"])
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(lambda: len(app.dashboard.table.shown) == 1 and app.account)
        app.notify("said once", timeout=60, markup=False)
        await until(lambda: shown(app).count("said once") == 1)
        await pilot.press("y")
        await until(lambda: "fork snippet" in shown(app))
        await pilot.pause()
        assert shown(app).count("said once") == 1
        await pilot.press("escape")
        await until(lambda: app.screen is app.dashboard)
        await until(lambda: shown(app).count("said once") == 1)
        app.session.stop()


async def test_what_the_services_wait_for_is_shown():
    receivers = []
    scenario = Scenario(connect_notices=receivers.append)
    app = WandbTuiApp(scenario.backend())
    async with app.run_test(size=(80, 24), notifications=True):
        await until(lambda: receivers)
        text = "Waiting up to 56 s for the keyring to be unlocked"
        threading.Thread(target=receivers[0], args=(text,)).start()
        await until(lambda: "Waiting up to 56 s" in shown(app))
