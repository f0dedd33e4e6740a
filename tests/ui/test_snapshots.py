"""Pictures of the screens, with a still clock."""

from __future__ import annotations

from concurrent.futures import Future
from itertools import product

import pytest

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, FakeAccount, FakeProber, FakeStore, FakeVisitor, Scenario, address, done, there
from tests.ui.support import LOOKS, WIDE, still
from wandb_tui.core.account import AccountState
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.ports import Visit
from wandb_tui.core.probe import Probe, ProbeOutcome, RunInfo
from wandb_tui.core.state import State
from wandb_tui.text import times
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.app.app import WandbTuiApp

SCREENS = {
    "dashboard": ((), "calm-moon-13"),
    "one log": (("z",), "Artifact"),
    "help": (("question_mark",), "Change the goal"),
    "palette": (("ctrl+p",), "Add"),
    "copy": (("y",), "fork snippet"),
    "quit": (("q",), "Quit wandb-tui?"),
    "sign-in": (("s",), "Sign in"),
}
"""The keys that lead there from a dashboard with some runs, and what is seen then."""


@pytest.fixture
def app_of(monkeypatch):
    monkeypatch.setattr(times, "time_of_day", lambda _: "12:01:03")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stored = [
        StoredRun(
            address("old111"),
            Goal.parse("step:200"),
            2,
            State.TIMED_OUT,
            text_notice("Timeout reached after 300 s"),
            None,
            300,
        ),
        StoredRun(address("can222"), Goal(), 1, State.CANCELLED, text_notice("Cancelled"), None, 33),
    ]
    missing = Probe(ProbeOutcome.NOT_FOUND, message="No such project or run, or this key may not see it.")
    prober = FakeProber(
        {
            "abc123": [there(3, "brisk-sun-12")],
            "def456": [Probe(ProbeOutcome.NOT_YET, run=RunInfo("calm-moon-13", "finished"))],
            "ghi789": [missing],
        },
        default=NOT_YET,
    )
    visitor = FakeVisitor(visit=lambda run: Future() if run.run_id == "mno345" else done(Visit(1.2, "run data loaded")))
    runs = ["abc123", "def456", "ghi789", "mno345"]

    def make(**options):
        scenario = Scenario(prober, visitor, store=FakeStore(stored), notify_channels=frozenset({"bell", "terminal"}))
        return WandbTuiApp(scenario.backend(), runs=runs, clock=lambda: 1000.0, **options)

    return make


async def settled(pilot):
    app = pilot.app
    wanted = {"abc123": "available", "def456": "waiting", "ghi789": "failed", "mno345": "visiting"}
    await until(lambda: len(app.session.watch_list) == 6)
    for run, state in wanted.items():
        row = app.session.watch_list[address(run)]
        await until(lambda row=row, state=state: str(row.state) == state)
    await until(
        lambda: any("loaded" in event_text(line.notice) for line in app.session.watch_list[address("def456")].log)
    )
    await until(lambda: app.account is not None and app.app_url)
    await pilot.press("home", "down", "down", "l", "down", "l")
    await until(lambda: len(app.dashboard.panes.panes) > 1)


@pytest.mark.parametrize(
    ("screen", "look"),
    [*((screen, "wide") for screen in SCREENS), *product(("dashboard", "help"), ("narrow", "light", "ascii"))],
)
def test_screen(snap_compare, app_of, screen, look):
    size, options = LOOKS[look]
    keys, title = SCREENS[screen]

    async def go(pilot):
        await settled(pilot)
        await pilot.press(*keys)
        await until(lambda: title in shown(pilot.app))
        await still(pilot)

    assert snap_compare(app_of(**options), terminal_size=size, run_before=go)


def test_first_start(snap_compare):
    async def go(pilot):
        await until(lambda: "Sign in to" in shown(pilot.app))
        await still(pilot)

    app = WandbTuiApp(Scenario(account=FakeAccount(AccountState()), open_sign_in=None).backend())
    assert snap_compare(app, terminal_size=WIDE, run_before=go)


def test_no_runs_yet(snap_compare):
    async def go(pilot):
        await until(lambda: pilot.app.account is not None and pilot.app.app_url)
        await still(pilot)

    assert snap_compare(WandbTuiApp(Scenario().backend()), terminal_size=WIDE, run_before=go)
