"""The plot of several runs: what it shows, how it is zoomed, and when it asks the server."""

from __future__ import annotations

import math
import threading

import pytest
from rich.cells import cell_len
from textual import events

from tests.screen import shown, until
from tests.ui.fakes import FakeInspector, FakeLineage, FakeProber, Scenario, address
from tests.ui.support import case, running, still
from tests.ui.test_layout import HOSTILE
from wandb_tui.core.errors import ServerError
from wandb_tui.core.goal import Goal
from wandb_tui.core.probe import ArtifactVersion, Probe, ProbeOutcome, RunInfo
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.compare.screen import CompareScreen
from wandb_tui.ui.dashboard.help import HelpScreen
from wandb_tui.ui.plots.metric_dialog import MetricDialog

PLOT = "CompareScreen CurvePlot"
RUNS = [f"run{number}" for number in range(10)]


def falling(number, count=400):
    return [(float(step), (number + 1) * math.exp(-step / 90) + 0.01) for step in range(count)]


def scenario(state="finished", **options):
    inspector = FakeInspector(
        curves={(run, "train/loss"): falling(number) for number, run in enumerate(RUNS)}
        | {(run, "acc"): [(float(step), step / 400) for step in range(400)] for run in RUNS[:2]},
        metrics_of={run: ("train/loss", "acc") if run in RUNS[:2] else ("train/loss",) for run in RUNS},
    )
    info = RunInfo("sun", state, 399)
    prober = FakeProber(default=Probe(ProbeOutcome.FOUND, ArtifactVersion(3), info))
    return Scenario(prober, inspector=inspector, **options)


async def compared(app, pilot, *keys, runs=3):
    """Select the first runs and plot them."""
    await until(lambda: len(app.dashboard.table.shown) and all(row.run_info for row in app.session.watch_list))
    await pilot.press("home", *["space"] * runs, "m", *keys)
    assert isinstance(app.screen, CompareScreen)
    await until(lambda: curves(app))


def curves(app):
    """The places of the curves that are drawn."""
    return [one.place for one in app.screen._plot._curves]


def signs(app):
    """The signs before the runs in the table."""
    return [line[1] for line in shown(app).splitlines() if line[3:].startswith("✔ available")]


def values(app):
    """The values in the legend."""
    return [line for line in shown(app).splitlines() if " at " in line]


async def test_selected_runs_are_plotted_together_with_their_signs_in_the_table():
    scripted = scenario()
    async with running(scripted, *RUNS[:4], size=(160, 45)) as (app, pilot):
        await compared(app, pilot)
        assert curves(app) == [0, 1, 2]
        text = shown(app)
        assert all(f"{number + 1}━ sun {run}" in text for number, run in enumerate(RUNS[:3]))
        assert "run3" not in text
        assert "╭─ train/loss" in text
        assert "1 of 2" in text
        assert threading.get_ident() not in scripted.inspector.threads
        assert scripted.inspector.asked == ["metrics_of", "curves"]
        await pilot.press("escape")
        assert signs(app) == ["1", "2", "3", " "]
        app.dashboard.table.go_to(address("run0"))
        await pilot.press("space")
        assert signs(app) == [" ", "●", "●", " "]


async def test_at_most_eight_are_plotted_and_it_says_so():
    async with running(scenario(), *RUNS, size=(160, 45), notifications=True) as (app, pilot):
        await compared(app, pilot, runs=10)
        assert curves(app) == [*range(8)]
        assert "The first 8 of 10 selected runs" in " ".join(note.message for note in app._notifications)


async def test_it_zooms_pans_and_fits_by_keys_and_mouse():
    async with running(scenario(), *RUNS[:2], size=(120, 40)) as (app, pilot):
        await compared(app, pilot, runs=2)
        plot = app.screen._plot
        assert plot.view.across is None
        await pilot.press("plus", "plus")
        low, high = plot.view.across
        assert 0 < low < high < 399
        assert "zoomed" in shown(app)
        await pilot.press("right")
        assert plot.view.across[0] > low
        await pilot.press("right_square_bracket", "up")
        assert plot.view.up is not None
        await pilot.press("0")
        assert (plot.view.across, plot.view.up) == (None, None)
        plot.post_message(events.MouseScrollUp(plot, plot._at.left, 5, 0, -1, 0, False, False, False))
        await until(lambda: plot.view.across is not None)
        assert plot.view.across[0] == pytest.approx(0, abs=3), "what is under the mouse stays"
        across = plot.view.across
        await pilot.mouse_down(PLOT, offset=(60, 10))
        await pilot.hover(PLOT, offset=(40, 10))
        await pilot.mouse_up(PLOT, offset=(40, 10))
        assert plot.view.across[0] > across[0], "the curves follow the mouse"
        await pilot.click(PLOT, offset=(60, 10), times=2)
        assert plot.view.across is None


async def test_the_cursor_tells_the_values_at_its_place():
    async with running(scenario(), *RUNS[:2], size=(120, 40)) as (app, pilot):
        await compared(app, pilot, runs=2)
        assert all("at step 399" in line for line in values(app))
        await pilot.press("full_stop", "full_stop")
        await until(lambda: values(app) and not any("at step 399" in line for line in values(app)))
        assert "│" * 3 not in shown(app)
        step = app.screen._plot.cursor
        near = app.screen._curves[address("run0")].curve.nearest(step)
        assert f"{near[1]:.6g} at step {near[0]:,.0f}" in shown(app)
        await pilot.hover(PLOT, offset=(50, 5))
        await until(lambda: app.screen._plot.cursor != step)


async def test_axes_smoothing_and_metric_are_chosen_and_remembered():
    scripted = scenario()
    async with running(scripted, *RUNS[:2], size=(120, 40)) as (app, pilot):
        await compared(app, pilot, "l", "s", "s", runs=2)
        await until(lambda: "log y · smoothing 0.6 · 1 of 2" in shown(app))
        await pilot.press("n")
        await until(lambda: "╭─ acc" in shown(app) and "2 of 2" in shown(app) and curves(app))
        await pilot.press("x")
        await until(lambda: "time since start" in shown(app))
        await pilot.press("m")
        assert isinstance(app.screen, MetricDialog)
        await until(lambda: "train/loss" in shown(app))
        await pilot.press(*"loss", "enter")
        await until(lambda: isinstance(app.screen, CompareScreen) and "╭─ train/loss" in shown(app))
        await pilot.press("X")
        await until(lambda: isinstance(app.screen, MetricDialog) and "acc" in shown(app))
        await pilot.press("down", "enter")
        await until(lambda: isinstance(app.screen, CompareScreen) and app.screen._plot._axes.name == "acc")
        await pilot.press("escape")
        await until(lambda: "plot" in scripted.store.view)
        saved = app.session.view["plot"]
        assert (saved["metric"], saved["across"], saved["log_up"], saved["smoothing"]) == (
            "train/loss",
            "acc",
            True,
            0.6,
        )
        before = len(scripted.inspector.queries)
        await pilot.press("m")
        await until(lambda: isinstance(app.screen, CompareScreen) and curves(app))
        assert scripted.inspector.queries[before:] == [], "all of it is known"


async def test_runs_are_hidden_by_their_signs():
    async with running(scenario(), *RUNS[:3], size=(120, 40)) as (app, pilot):
        await compared(app, pilot, "2")
        await until(lambda: curves(app) == [0, 2])
        assert "hidden" in shown(app)
        await pilot.click("CompareScreen Legend", offset=(2, 0))
        await until(lambda: curves(app) == [2])
        await pilot.press("1", "3", "3", "2")
        await until(lambda: curves(app) == [0, 1, 2])


async def test_a_run_that_goes_on_is_followed_but_not_while_something_lies_over_the_plot():
    scripted = scenario("running")
    now = [0.0]
    async with running(scripted, "run0", size=(120, 40), clock=lambda: now[0]) as (app, pilot):
        app.session.histories._clock = lambda: now[0]
        await compared(app, pilot, runs=1)
        scripted.inspector.answers["curves"]["run0", "train/loss"] = falling(0, 500)
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)
        assert "Show or hide the run with this sign" in " ".join(shown(app).split())
        asked = len(scripted.inspector.asked)
        now[0] += 10
        for screen in app.run_screens:
            screen.tick()
        await pilot.pause(0.1)
        assert len(scripted.inspector.asked) == asked
        await pilot.press("escape")
        app.screen.tick()
        await until(lambda: "at step 499" in shown(app))
        assert scripted.inspector.queries[-1][0].first == 400
        app.screen.tick()
        await pilot.pause(0.1)
        assert len(scripted.inspector.asked) == asked + 1, "not more than once in a while"


async def test_zooming_asks_for_more_of_what_is_in_sight_once_it_rests():
    scripted = scenario()
    scripted.inspector.answers["curves"]["run0", "train/loss"] = falling(0, 20_000)
    async with running(scripted, "run0", size=(120, 40)) as (app, pilot):
        await compared(app, pilot, runs=1)
        before = len(app.screen._curves[address("run0")].curve)
        await pilot.press(*["plus"] * 9)
        await until(lambda: len(app.screen._curves[address("run0")].curve) > before)
        [query] = scripted.inspector.queries[-1]
        low, high = app.screen._plot.view.across
        assert (query.first, query.last) == (int(low), int(high))
        assert len(scripted.inspector.queries) == 2


async def test_forks_are_stitched_and_the_legend_says_where():
    scripted = scenario(lineage=FakeLineage({"run1": ("run0", 199)}))
    scripted.inspector.answers["curves"]["run1", "train/loss"] = falling(1)[200:]
    async with running(scripted, "run1", size=(160, 45)) as (app, pilot):
        await compared(app, pilot, runs=1)
        points = app.screen._curves[address("run1")].rows.points
        assert [step for step, _, _ in points] == [*range(400)]
        assert points[0][2] == falling(0)[0][1]
        assert "forked at 199" in shown(app)


async def test_what_cannot_be_shown_is_said():
    scripted = scenario()
    scripted.inspector.answers["metrics_of"] = ServerError("Nothing listens there.")
    async with running(scripted, "run0", size=(120, 40)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) and all(row.run_info for row in app.session.watch_list))
        await pilot.press("m")
        await until(lambda: "Nothing listens there." in shown(app))
        scripted.inspector.answers["metrics_of"] = {}
        await pilot.press("r")
        await until(lambda: "These runs have logged no metric yet." in shown(app))
        scripted.inspector.answers["metrics_of"] = {"run0": ("none", "bad")}
        scripted.inspector.answers["curves"]["run0", "bad"] = [(0.0, -1.0), (1.0, math.nan)]
        await pilot.press("r")
        await until(lambda: "2 NaN or infinite" in shown(app) or "bad" in shown(app))
        await pilot.press("l")
        await until(lambda: "1 not positive" in shown(app) or "no values" in shown(app))


async def test_a_covered_dashboard_draws_nothing_and_is_up_to_date_when_it_is_back(monkeypatch):
    drawn, display = [], WandbTuiApp._display
    monkeypatch.setattr(
        WandbTuiApp, "_display", lambda app, screen, update: drawn.append(update) or display(app, screen, update)
    )
    async with running(scenario(), *RUNS[:4], size=(160, 45), goal=Goal.parse("v9")) as (app, pilot):
        await compared(app, pilot)
        await still(pilot)
        drawn.clear()
        app.session.cancel(address("run3"))
        app._tick()
        app.dashboard.repaint(app.session.watch_list)
        await pilot.pause(0.1)
        assert drawn == []
        await pilot.press("n")
        await until(lambda: drawn)
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")
        await until(lambda: "cancelled" in shown(app))
        assert app.has_class("-short")
        assert all(cell_len(line) == 80 for line in shown(app).splitlines())


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_without_colour_in_ascii_and_on_a_small_terminal(size):
    async with running(scenario(), *RUNS[:3], size=size, ascii_look=True) as (app, pilot):
        await compared(app, pilot)
        await until(lambda: "222" in shown(app) or size[1] < 20)
        text = shown(app)
        assert {char for char in text if not char.isascii()} - set("\n▁▂▃▄▅▆▇▌") == set()
        assert all(cell_len(line) == size[0] for line in text.splitlines())


async def test_hostile_names_bend_nothing():
    scripted = scenario()
    scripted.inspector.answers |= {
        "metrics_of": {kind: (text,) for kind, text in HOSTILE.items()},
        "curves": {(kind, text): falling(0) for kind, text in HOSTILE.items()},
    }
    for kind, text in HOSTILE.items():
        scripted.prober.answers[kind] = [Probe(ProbeOutcome.FOUND, ArtifactVersion(3), RunInfo(text, "finished", 9))]
    async with running(scripted, *HOSTILE, size=(120, 40)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == len(HOSTILE))
        await until(lambda: all(row.run_info for row in app.session.watch_list))
        await pilot.press("home")
        for kind in HOSTILE:
            with case(kind):
                assert app.dashboard.table.run == address(kind)
                # Selecting a run moves the cursor on to the next one.
                await pilot.press("space", "m")
                assert isinstance(app.screen, CompareScreen)
                await until(lambda: curves(app))
                await pilot.press("m")
                await pilot.pause(0.1)
                for _ in range(2):
                    lines = shown(app).splitlines()
                    assert [line for line in lines if cell_len(line) != 120] == []
                    for char in "\x1b\x9b\u202e\u200b\t\r":
                        assert char not in "".join(lines)
                    await pilot.press("escape")
                    await pilot.pause(0.05)
                assert app.screen is app.dashboard
                await pilot.press("escape")
                assert not app.dashboard.table.selection
