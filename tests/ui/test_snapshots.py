"""Pictures of the screens, with a still clock."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from fakes import ABSENT, FakeProber, FakeStore, FakeVisitor, World, address, done, there
from support import until

from wandb_tui.core.goal import Goal
from wandb_tui.core.kept import KeptRun
from wandb_tui.core.ports import Visit
from wandb_tui.core.probe import Answer, Probe, RunInfo
from wandb_tui.core.state import State
from wandb_tui.ui import look
from wandb_tui.ui.app import WandbTuiApp
from wandb_tui.ui.themes import LIGHT

WIDE, NARROW = (160, 45), (80, 24)


@pytest.fixture
def app_of(monkeypatch):
    monkeypatch.setattr(look, "time_of_day", lambda _: "12:01:03")
    monkeypatch.delenv("NO_COLOR", raising=False)
    kept = [
        KeptRun(
            address("old111"), Goal.parse("step:200"), 2, State.TIMED_OUT, "Timeout reached after 300 s", None, 300
        ),
        KeptRun(address("can222"), Goal(), 1, State.CANCELLED, "Cancelled", None, 33),
    ]
    missing = Probe(Answer.MISSING, message="No such project or run, or this key may not see it.")
    prober = FakeProber(
        {
            "abc123": [there(3, "brisk-sun-12")],
            "def456": [Probe(Answer.ABSENT, run=RunInfo("calm-moon-13", "finished"))],
            "ghi789": [missing],
        },
        default=ABSENT,
    )
    visitor = FakeVisitor(visit=lambda run: Future() if run.run_id == "mno345" else done(Visit(1.2, "run data loaded")))
    runs = ["abc123", "def456", "ghi789", "mno345"]

    def make(**options):
        world = World(prober, visitor, store=FakeStore(kept))
        return WandbTuiApp(world.backend(), runs=runs, clock=lambda: 1000.0, **options)

    return make


async def settled(pilot):
    app = pilot.app
    wanted = {"abc123": "available", "def456": "waiting", "ghi789": "failed", "mno345": "visiting"}
    await until(lambda: len(app.session.watch) == 6)
    for run, state in wanted.items():
        row = app.session.watch[address(run)]
        await until(lambda row=row, state=state: str(row.state) == state)
    await until(lambda: any("loaded" in line.message for line in app.session.watch[address("def456")].log))
    await until(lambda: app.account is not None and app.app_url)
    await pilot.press("home", "down", "down", "l", "down", "l")
    await pilot.pause(0.7)
    app.clear_notifications()
    await pilot.pause(0.1)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_dashboard(snap_compare, app_of, size):
    assert snap_compare(app_of(), terminal_size=size, run_before=settled)


def test_dashboard_light(snap_compare, app_of):
    assert snap_compare(app_of(theme=LIGHT), terminal_size=WIDE, run_before=settled)


def test_dashboard_ascii(snap_compare, app_of):
    assert snap_compare(app_of(ascii_look=True), terminal_size=NARROW, run_before=settled)


def test_help(snap_compare, app_of):
    async def helped(pilot):
        await settled(pilot)
        await pilot.press("question_mark")

    assert snap_compare(app_of(), terminal_size=NARROW, run_before=helped)


def test_no_runs_yet(snap_compare):
    async def waited(pilot):
        await until(lambda: pilot.app.account is not None and pilot.app.app_url)
        await pilot.pause(0.1)

    assert snap_compare(WandbTuiApp(World().backend()), terminal_size=NARROW, run_before=waited)
