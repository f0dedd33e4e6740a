"""Pictures of the plots: several runs in one, and the preview below the table with small curves in it."""

from __future__ import annotations

import pytest

from tests.screen import shown, until
from tests.ui.fakes import FakeStore
from tests.ui.support import LOOKS, still
from tests.ui.test_compare import RUNS, compared, scenario
from wandb_tui.ui.app.app import WandbTuiApp


@pytest.mark.parametrize("look", ["wide", "light", "ascii"])
def test_compare(snap_compare, monkeypatch, look):
    monkeypatch.delenv("NO_COLOR", raising=False)
    size, options = LOOKS[look]

    async def go(pilot):
        await compared(pilot.app, pilot, "full_stop")
        await until(lambda: "1 of 2" in shown(pilot.app) and " at step " in shown(pilot.app))
        await still(pilot)

    app = WandbTuiApp(scenario().backend(), runs=RUNS[:3], clock=lambda: 1000.0, **options)
    assert snap_compare(app, terminal_size=size, run_before=go)


def test_preview(snap_compare, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    store = FakeStore(view={"preview": "plot", "plot": {"metric": "train/loss"}, "table": {"metric": "train/loss"}})

    async def go(pilot):
        table = pilot.app.dashboard.table
        await until(lambda: len(table.shown) == 3 and all(row.run_info for row in pilot.app.session.watch_list))
        await pilot.press("home", "space", "space")
        await until(lambda: "2━ sun run1" in shown(pilot.app) and table.trends.last(table.shown[2]) is not None)
        table.tick()
        await still(pilot)

    app = WandbTuiApp(scenario(store=store).backend(), runs=RUNS[:3], clock=lambda: 1000.0)
    assert snap_compare(app, terminal_size=LOOKS["wide"][0], run_before=go)
