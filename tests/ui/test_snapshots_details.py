"""Pictures of a run's details, with a still clock."""

from __future__ import annotations

import pytest

from tests.screen import shown, until
from tests.ui.support import LOOKS, still
from tests.ui.test_details import opened, picture, scenario
from wandb_tui.text import times
from wandb_tui.ui.app.app import WandbTuiApp


@pytest.mark.parametrize("look", LOOKS)
def test_details(snap_compare, monkeypatch, look):
    monkeypatch.setattr(times, "date_and_time", lambda _: "2026-11-25 12:00")
    monkeypatch.delenv("NO_COLOR", raising=False)
    size, options = LOOKS[look]

    async def go(pilot):
        await until(lambda: pilot.app.account is not None and pilot.app.app_url)
        await opened(pilot.app, pilot)
        await until(lambda: picture(shown(pilot.app)) or "***" in shown(pilot.app))
        await until(lambda: pilot.app.screen._covered.answer and not pilot.app.screen._pending_queries)
        await still(pilot)

    app = WandbTuiApp(scenario().backend(), clock=lambda: 1000.0, **options)
    assert snap_compare(app, terminal_size=size, run_before=go)
