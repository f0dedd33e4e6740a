"""Pictures of the dialogs around the table, with a still clock."""

from __future__ import annotations

import pytest

from tests.screen import shown, until
from tests.ui.fakes import FakeBranches, FakeCatalogue, FakeStore, Scenario, address
from tests.ui.support import WIDE, still
from tests.ui.test_pick import listed
from wandb_tui.core.branch_order import BranchFinding
from wandb_tui.core.events import Level
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.text import times
from wandb_tui.ui.app.app import WandbTuiApp

NAMES = ("calm-moon", "[red]not red[/]", "漢字かな", "x" * 200)
DIALOGS = {
    "pick": ("p", "forks", "enter", "12 runs", "space", "1 selected", "down"),
    "columns": ("o", "▲", "h", "Columns", "down", "down", "space"),
    "goal": ("asterisk", "g", "Change goal", "x", "exists, v3"),
    "fork": ("B", "Fork or rewind", "4", "2", "tab", "3", "of loss is NaN", "for _ in range(3)"),
    "add": ("a", "Add runs", *"abc,one,boom", "invalid"),
    "filter": ("asterisk", "slash", *"old /[", "missing ]"),
}


@pytest.fixture
def app_of(monkeypatch):
    monkeypatch.setattr(times, "time_of_day", lambda _: "12:01:03")
    monkeypatch.delenv("NO_COLOR", raising=False)
    states = ("finished", "running", "crashed", "failed")
    runs = [
        listed(
            "old" if n == 2 else f"id{n}",
            name=NAMES[n % 4],
            state=states[n % 4],
            group="grid" if n % 3 else "",
            sweep=f"swp{n % 2}",
        )
        for n in range(12)
    ]
    stored = [
        StoredRun(address(run), Goal(), 1, State.CANCELLED, text_notice("Cancelled"), None, 33)
        for run in ("one", "old", "older")
    ]

    def make():
        findings = (BranchFinding("v3 covers step 42"), BranchFinding("the last value of loss is NaN", Level.WARNING))
        catalogue, branches = FakeCatalogue(runs, entities=("lab",)), FakeBranches(*findings)
        scenario = Scenario(store=FakeStore(stored), catalogue=catalogue, branches=branches)
        return WandbTuiApp(scenario.backend(), clock=lambda: 1000.0)

    return make


@pytest.mark.parametrize("dialog", DIALOGS)
def test_dialog(snap_compare, app_of, dialog):
    async def go(pilot):
        app = pilot.app
        await until(lambda: len(app.session.watch_list) == 3 and app.account is not None and app.app_url)
        for step in DIALOGS[dialog]:
            if len(step) > 1 and step not in {"enter", "down", "space", "tab", "asterisk", "slash"}:
                await until(lambda step=step: step in shown(app))
            else:
                await pilot.press(
                    {" ": "space", ",": "comma", "/": "slash", "[": "left_square_bracket"}.get(step, step)
                )
        await still(pilot)

    assert snap_compare(app_of(), terminal_size=WIDE, run_before=go)
