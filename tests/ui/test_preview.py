"""The previews below the table in place of logs, and the small curves in it."""

from __future__ import annotations

import math
import threading

import pytest
from rich.cells import cell_len

from tests.screen import shown, until
from tests.ui.fakes import FakeInspector, FakeLineage, FakeProber, FakeStore, Scenario, address
from tests.ui.support import running
from wandb_tui.core.details import RunFacts
from wandb_tui.core.errors import ServerError
from wandb_tui.core.probe import ArtifactVersion, Probe, ProbeOutcome, RunInfo
from wandb_tui.ui.plots.metric_dialog import MetricDialog

RUNS = ["run0", "run1", "run2"]


def scenario(state="finished", **options):
    falling = {
        run: [(float(step), (number + 1) / (step + 1)) for step in range(200)] for number, run in enumerate(RUNS)
    }
    inspector = FakeInspector(
        facts=RunFacts(RunInfo("sun", state, 199), summary=(("loss", 0.25),), config=(("lr", 3e-4),)),
        curves={(run, "loss"): points for run, points in falling.items()}
        | {("run0", "acc"): [(0.0, 0.5), (1.0, 0.75)]},
        metrics_of={"run0": ("acc", "loss"), "run1": ("loss",), "run2": ("loss",)},
    )
    prober = FakeProber(default=Probe(ProbeOutcome.FOUND, ArtifactVersion(3), RunInfo("sun", state, 199)))
    return Scenario(prober, inspector=inspector, **options)


async def ready(app, pilot, *keys):
    await until(lambda: len(app.dashboard.table.shown) == 3 and all(row.run_info for row in app.session.watch_list))
    await until(lambda: app.dashboard.logs.panes.panes)
    await pilot.press("home", *keys)


def preview(app):
    """The lines below the table."""
    return "\n".join(shown(app).splitlines()[5:])


def drawn(app):
    return [char for char in preview(app) if "\u2800" < char <= "\u28ff"]


async def test_a_key_cycles_logs_details_and_plot_which_follow_the_cursor():
    scripted = scenario()
    async with running(scripted, *RUNS, size=(160, 45)) as (app, pilot):
        await ready(app, pilot, "P")
        await until(lambda: "lr" in preview(app) and "0.0003" in preview(app) and "0.25" in preview(app))
        assert scripted.inspector.asked == ["facts"]
        await pilot.press("down")
        await until(lambda: "─ sun run1" in preview(app))
        await until(lambda: scripted.inspector.asked == ["facts"] * 2)
        await pilot.press("P")
        await until(lambda: drawn(app) and "─ loss · sun run1" in preview(app))
        before = len(scripted.inspector.queries)
        await pilot.press("down", "up", "down")
        await until(lambda: "─ loss · sun run2" in preview(app) and drawn(app))
        asked = [query.run.run_id for queries in scripted.inspector.queries[before:] for query in queries]
        assert {*asked} == {"run2"}, "only where the cursor rests"
        await pilot.press("P")
        await until(lambda: "Available" in preview(app) or "available" in preview(app))
        assert app.dashboard.focused is app.dashboard.table
        assert threading.get_ident() not in scripted.inspector.threads


async def test_selected_runs_are_plotted_together_and_marked_in_the_table():
    async with running(scenario(), *RUNS, size=(160, 45)) as (app, pilot):
        await ready(app, pilot, "P", "P", "space", "space")
        await until(lambda: "─ loss · 2 runs" in preview(app) and "1━ sun run0" in preview(app))
        lines = [line for line in shown(app).splitlines() if line[3:].startswith("✔ available")]
        assert [line[1] for line in lines] == ["1", "2", " "]
        await pilot.press("P")
        lines = [line for line in shown(app).splitlines() if line[3:].startswith("✔ available")]
        assert [line[1] for line in lines] == ["●", "●", " "]


async def test_it_is_there_again_at_the_next_start_and_modest_where_it_is_small():
    store = FakeStore(view={"preview": "plot", "plot": {"metric": "loss"}})
    async with running(scenario(store=store), *RUNS, size=(80, 24)) as (app, pilot):
        await until(lambda: drawn(app) and "─ loss · sun run" in preview(app))
        assert all(cell_len(line) == 80 for line in shown(app).splitlines())
        await pilot.press("P")
        await until(lambda: app.session.view["preview"] == "logs" and app.dashboard.panes.panes[0].size.height)


async def test_an_action_on_logs_shows_them():
    async with running(scenario(), *RUNS, size=(120, 40)) as (app, pilot):
        await ready(app, pilot, "P", "l")
        assert app.dashboard.panes.pinned == [address("run0")]
        assert app.dashboard.panes.display
        await pilot.press("P", "f")
        assert app.dashboard.panes.display
        assert app.dashboard.find_bar.display


async def test_the_border_to_the_table_moves_and_nothing_is_asked_while_it_is_hidden():
    scripted = scenario("running")
    now = [0.0]
    async with running(scripted, *RUNS, size=(120, 40), clock=lambda: now[0]) as (app, pilot):
        await ready(app, pilot, "P", "P")
        await until(lambda: drawn(app))
        height = app.dashboard.preview.shown.size.height
        await pilot.press("plus", "plus")
        await until(lambda: app.dashboard.preview.shown.size.height == height + 1)
        asked = len(scripted.inspector.queries)
        await pilot.press("question_mark")
        now[0] += 100
        app.dashboard.tick()
        await pilot.pause(0.1)
        assert len(scripted.inspector.queries) == asked
        app.session.histories._clock = lambda: now[0] + 1e6
        await pilot.press("escape")
        app.dashboard.tick()
        await until(lambda: len(scripted.inspector.queries) > asked)
        assert scripted.inspector.asked.count("metrics_of") == 1


@pytest.mark.parametrize("mode", ["details", "plot"])
async def test_what_cannot_be_had_is_said(mode):
    scripted = scenario(store=FakeStore(view={"preview": mode}))
    for part in ("facts", "curves", "metrics_of"):
        scripted.inspector.answers[part] = ServerError("Nothing listens there.")
    async with running(scripted, *RUNS, size=(120, 40)) as (app, _):
        await until(lambda: "Nothing listens there." in preview(app))
    async with running(Scenario(store=FakeStore(view={"preview": mode})), "run0", size=(120, 40)) as (app, _):
        await until(lambda: "not available here" in preview(app))


@pytest.mark.parametrize("view", [{"preview": "plot", "plot": {"metric": "loss"}}, {"preview": "plot"}])
async def test_a_run_that_is_not_there_is_named_with_what_to_do(view):
    runs = ("ghost", "specter")
    scripted = scenario(store=FakeStore(view=view))
    scripted.prober.answers = {run: [Probe(ProbeOutcome.NOT_FOUND, message=f"There is no run {run}")] for run in runs}
    scripted.inspector.missing = set(runs)
    async with running(scripted, *runs, size=(160, 45)) as (app, pilot):
        await until(
            lambda: f"There is no run {address('ghost')}, or this API key may not see it. Check" in preview(app)
        )
        assert "Check the address; d removes it from the list; s signs in with another key." in preview(app)
        await pilot.press("asterisk")
        await until(lambda: "None of these 2 runs is there" in preview(app) and "d removes them" in preview(app))


async def test_a_chosen_metric_is_a_column_of_small_curves_that_can_be_sorted_by():
    scripted = scenario(lineage=FakeLineage({"run1": ("run0", 9)}))
    scripted.inspector.answers["curves"]["run1", "loss"] = [(float(step), 5.0) for step in range(10, 20)]
    async with running(scripted, *RUNS, size=(160, 45)) as (app, pilot):
        table = app.dashboard.table
        await ready(app, pilot, "M")
        assert isinstance(app.screen, MetricDialog)
        await until(lambda: "loss" in shown(app))
        await pilot.press(*"loss", "enter")
        await until(lambda: app.screen is app.dashboard)
        await until(lambda: "▁" in shown(app) and table.trends.last(address("run2")) is not None)
        heading = shown(app).splitlines()[2]
        assert " loss " in heading
        # The fork's curve begins with its parent's rows.
        assert table.trends.get(address("run1")).values[0] == 1.0
        assert table.trends.get(address("run1")).last == 5.0
        assert table.cell(address("run0"), "trend").text.endswith("0.005")
        await pilot.click("RunTable", offset=(heading.index("loss"), 0))
        await until(lambda: [run.run_id for run in table.shown] == ["run0", "run2", "run1"])
        await until(lambda: scripted.store.view.get("table", {}).get("metric") == "loss")
        queries = [queries for queries in scripted.inspector.queries if queries[0].samples < 100]
        assert len(queries[0]) == 3, "one request for all in sight"
        await pilot.press("M")
        await until(lambda: isinstance(app.screen, MetricDialog) and "no column" in shown(app))
        await pilot.press("home", *"no col", "enter")
        await until(lambda: app.screen is app.dashboard and "trend" not in {column.key for column in table.columns})


@pytest.mark.parametrize(("width", "shows"), [(80, True), (64, True), (48, False)])
async def test_a_chosen_metric_has_its_column_or_the_reason_why_it_has_none(width, shows):
    async with running(scenario(), *RUNS, size=(width, 24), notifications=True) as (app, pilot):
        await ready(app, pilot, "M")
        await until(lambda: "loss" in shown(app))
        await pilot.press(*"loss", "enter")
        await until(lambda: app.screen is app.dashboard)
        assert ("trend" in {column.key for column in app.dashboard.table.columns}) is shows
        reason = "The terminal is too narrow for a column of loss"
        assert (reason in [note.message for note in app._notifications]) is not shows


async def test_a_run_without_the_metric_has_a_dash_and_a_gap_stays_one():
    scripted = scenario(store=FakeStore(view={"table": {"metric": "acc"}}))
    scripted.inspector.answers["curves"]["run2", "acc"] = [(0.0, 0.1), (1.0, math.nan), (2.0, 0.9)]
    async with running(scripted, *RUNS, size=(160, 45), ascii_look=True) as (app, _):
        table = app.dashboard.table
        await until(lambda: table.trends.get(address("run2")) is not None)
        table.tick()
        assert table.cell(address("run1"), "trend").text.strip() == "-"
        assert table.cell(address("run2"), "trend").text.split() == ["_", "^", "0.9"]
