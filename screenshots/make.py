"""Makes the pictures of this folder from the real app on the demo: ``python screenshots/make.py``."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from recording import Recording
from textual.pilot import Pilot

from wandb_tui.cli.dashboard import dashboard_app
from wandb_tui.core.account import Credentials
from wandb_tui.core.goal import Goal
from wandb_tui.core.state import State
from wandb_tui.sandbox import Sandbox, SandboxConfig, seed_demo
from wandb_tui.services.disk.paths import Paths
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.plots.plot import CurvePlot
from wandb_tui.wiring import Wiring

FOLDER = Path(__file__).parent
WIDE, NARROW, STORY = (140, 38), (80, 24), (100, 28)
_READY = 4


def main() -> None:
    with demo(export_delay=4) as (sandbox, runs), services(sandbox) as known:
        asyncio.run(record_story(dashboard_app(known, runs)))
    with demo(export_delay=1) as (sandbox, runs), services(sandbox) as known:
        asyncio.run(record_plot(dashboard_app(known, runs)))
    with demo(export_delay=6) as (sandbox, runs):
        with services(sandbox) as known:
            asyncio.run(picture_dashboard(dashboard_app(known, runs)))
        with services(sandbox, account=False) as unknown:
            asyncio.run(picture_sign_in(dashboard_app(unknown, [])))


@contextmanager
def demo(export_delay: float) -> Iterator[tuple[Sandbox, list[tuple[str, Goal]]]]:
    """A demo's sandbox, on a port that does not change from picture to picture, and its runs."""
    with Sandbox(SandboxConfig(export_delay=export_delay, port=8080)) as sandbox, seed_demo(sandbox) as seeded:
        yield sandbox, [(run.path, Goal.parse(run.goal)) for run in seeded.runs]


@contextmanager
def services(sandbox: Sandbox, *, account: bool = True) -> Iterator[Wiring]:
    """Services with folders of their own, so that no picture shows anything of the user who makes it."""
    with tempfile.TemporaryDirectory() as home, ExitStack() as at_end:
        wiring = Wiring(
            host=sandbox.base_url,
            credentials=Credentials(sandbox.username, sandbox.password) if account else None,
            api_key=sandbox.api_key if account else None,
            environ={},
            paths=Paths(*(Path(home, folder) for folder in ("config", "state", "log"))),
        )
        at_end.callback(wiring.close)
        yield wiring


async def picture_dashboard(app: WandbTuiApp) -> None:
    """The dashboard in the middle of its work, its help, a run's details, and the dashboard on a narrow terminal."""
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.session.watch_list.counts[State.FAILED] >= 1)
        for key in ("l", "down", "down", "down", "l", "down", "l"):
            await pilot.press(key)
            await pilot.pause(0.2)
        await until(pilot, lambda: app.session.watch_list.counts[State.AVAILABLE] >= 4)
        app.clear_notifications()
        await settled(pilot)
        keep(app, "dashboard")
        await pilot.press("question_mark")
        await settled(pilot)
        keep(app, "help")
        await pilot.press("escape")
        await picture_details(app, pilot)
        await picture_compare(app, pilot)
        await pilot.press("x", "x")
        await pilot.resize_terminal(*NARROW)
        await settled(pilot)
        keep(app, "narrow")
        app.exit(0)


async def record_story(app: WandbTuiApp) -> None:
    """Runs become available; why one has failed; what a run is; and a fork of it, copied."""
    recording = Recording()
    async with app.run_test(size=STORY) as pilot:

        async def show(seconds: float, *keys: str) -> None:
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.3)
            recording.add(picture(app), seconds)

        while app.session.watch_list.counts[State.AVAILABLE] < _READY:
            await show(0.5)
            await pilot.pause(0.5)
        await settled(pilot)
        await show(2)
        await show(2.5, "end")
        app.clear_notifications()
        await show(1, "home")
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.screen.query(CurvePlot)))
        await settled(pilot)
        await show(3)
        await show(1.5, "y")
        await show(2.5, "f")
        await show(1.5, "escape")
        app.exit(0)
    (FOLDER / "story.svg").write_text(recording.svg(), encoding="utf-8")


async def record_plot(app: WandbTuiApp) -> None:
    """Three runs are selected and plotted; zooming in, reading off values, smoothing, everything again."""
    recording = Recording()
    async with app.run_test(size=STORY) as pilot:

        async def show(seconds: float, *keys: str) -> None:
            for key in keys:
                await pilot.press(key)
            await pilot.pause(0.4)
            app.clear_notifications()
            await pilot.pause(0.1)
            recording.add(picture(app), seconds)

        await until(pilot, lambda: app.session.watch_list.counts[State.AVAILABLE] >= _READY)
        await settled(pilot)
        await show(1, "home")
        for keys in (("space",), ("space", "space"), ("down", "space")):
            await show(0.7, *keys)
        await pilot.press("m")
        await until(pilot, lambda: "loading" not in str(app.screen.query_one("#compare-box").border_subtitle))
        await settled(pilot)
        await show(2)
        for times in (24, 12):
            await show(0.8, *["comma"] * times)
        for _ in range(3):
            await show(0.8, "plus")
        await settled(pilot)
        await show(1.5)
        await show(1, *["full_stop"] * 12)
        await show(2, "s", "s", "s")
        await show(1, "0")
        await show(2, "l")
        await show(1.5, "escape")
        app.exit(0)
    (FOLDER / "plot.svg").write_text(recording.svg(), encoding="utf-8")


async def picture_compare(app: WandbTuiApp, pilot: Pilot[int]) -> None:
    """Four runs in one plot, with the cursor and its values."""
    await pilot.press("home", *["space"] * 2, "down", "space", "space", "m")
    await until(pilot, lambda: "loading" not in str(app.screen.query_one("#compare-box").border_subtitle))
    await pilot.press("s", *["comma"] * 30)
    app.clear_notifications()
    await settled(pilot)
    keep(app, "compare")
    await pilot.press("escape", "escape")


async def picture_details(app: WandbTuiApp, pilot: Pilot[int]) -> None:
    """All about a finished run, with the plot of its loss."""
    await pilot.press("home", "enter")
    await until(pilot, lambda: bool(app.screen.query(CurvePlot)))
    await settled(pilot)
    app.clear_notifications()
    await settled(pilot)
    keep(app, "details")
    await pilot.press("escape")


async def picture_sign_in(app: WandbTuiApp) -> None:
    """The screen of a first start."""
    async with app.run_test(size=(100, 32)) as pilot:
        await until(pilot, lambda: bool(app.screen.query("#api-key")))
        await settled(pilot)
        keep(app, "sign-in")
        app.exit(0)


async def until(pilot: Pilot[int], condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the picture never came about")
        await pilot.pause(0.1)


async def settled(pilot: Pilot[int]) -> None:
    await pilot.pause(1.2)


def keep(app: WandbTuiApp, name: str) -> None:
    """Write a picture of the screen."""
    (FOLDER / f"{name}.svg").write_text(picture(app), encoding="utf-8")


def picture(app: WandbTuiApp) -> str:
    """The screen as SVG, with the viewer's own fonts: a picture asks no other server for anything."""
    svg = app.export_screenshot(title="wandb-tui")
    svg = re.sub(r"@font-face\s*{.*?}", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family: *Fira Code[^;]*;", "font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace;", svg)


if __name__ == "__main__":
    main()
