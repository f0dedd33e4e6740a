"""Where messages stand: they hide neither what one types into nor what one reads."""

from __future__ import annotations

import threading

import pytest
from textual.widgets import Button, Input, OptionList, TextArea
from textual.widgets._toast import Toast, ToastRack

from tests.screen import shown, until
from tests.ui.fakes import FakeCatalogue, FakeDoctor, Scenario
from tests.ui.test_doctor_screen import LOCAL
from tests.ui.test_pick import RUNS
from wandb_tui.ui.app.app import WandbTuiApp

LONG = "No such project or run, or this key may not see it; whoever has made the key can tell what it may see. " * 2


def toasts(app):
    """Those that can be seen."""
    return [toast for toast in app.screen.query(Toast) if toast.region.area]


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
@pytest.mark.parametrize("keys", ["a", "p", "h", "g", "s", "y", "D", "*d"])
async def test_a_dialog_keeps_its_buttons_and_lines(size, keys):
    scenario = Scenario(catalogue=FakeCatalogue(RUNS), doctor=FakeDoctor(LOCAL))
    app = WandbTuiApp(scenario.backend(), runs=["abc", "def"])
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(lambda: app.dashboard.table.row_count == 2 and app.account)
        await pilot.press(*("asterisk" if key == "*" else key for key in keys))
        assert app.screen is not app.dashboard
        for number in range(4):
            app.notify(f"{number} {LONG}", title="Not added", severity="error", markup=False)
        await until(lambda: len(toasts(app)) == 1)
        assert toasts(app)[0]._notification.message.startswith("3")
        covered = toasts(app)[0].region.intersection(app.screen.get_child_by_type(ToastRack).region)
        for kind in (Button, Input, TextArea, OptionList):
            assert not any(widget.region.overlaps(covered) for widget in app.screen.query(kind)), kind
        app.session.stop()


async def test_they_are_small_and_stand_under_the_header():
    app = WandbTuiApp(Scenario().backend(), runs=["abc"])
    async with app.run_test(size=(80, 24), notifications=True):
        await until(lambda: app.dashboard.table.row_count == 1 and app.account)
        app.notify("first", markup=False)
        app.notify("the second", markup=False)
        await until(lambda: len(toasts(app)) == 2)
        assert [toast.region.y for toast in toasts(app)] == [1, 2]
        for toast in toasts(app):
            assert toast.region.height == 1
            assert toast.region.right == 79
            assert toast.region.width < 16
            assert not any(pane.region.overlaps(toast.region) for pane in app.dashboard.panes.panes)
        app.session.stop()


async def test_over_a_dialog_they_stand_once():
    app = WandbTuiApp(Scenario().backend(), runs=["abc"])
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(lambda: app.dashboard.table.row_count == 1 and app.account)
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
