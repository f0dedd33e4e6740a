"""Downloading from the dashboard: the real app, services and files, against the sandbox."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integration.sandbox_fixtures import services
from tests.integration.scripts import export_run
from tests.screen import shown, until
from wandb_tui.cli.dashboard import dashboard_app
from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.disk.folder_lock import locked_folder
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.common.confirm import Confirm

FOLDER = Path("wandb-history")
INDEX = FOLDER / "index.parquet"
RUNS = ("one", "two", "three")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.2)) as sandbox:
        for run_id in RUNS:
            export_run(sandbox, run_id)
        export_run(sandbox, "late", exported=False)
        yield sandbox


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch, sandbox):
    monkeypatch.chdir(tmp_path)
    yield
    sandbox.set_faults()


@asynccontextmanager
async def dashboard(sandbox, home, *runs):
    with services(sandbox, home) as wiring:
        app = dashboard_app(wiring, [f"lab/forks/{run}" for run in runs])
        async with app.run_test(size=(160, 45)) as pilot:
            await until(lambda: len(app.dashboard.table.shown) == len(runs))
            yield app, pilot
            app.session.stop()


def row(app, run_id):
    return app.session.watch_list[RunAddress("lab", "forks", run_id)]


def downloaded(app):
    """The runs whose logs say that they were downloaded, and where to."""
    logs = {run: "\n".join(event_text(line.notice) for line in row(app, run).log) for run in RUNS}
    return [run for run, log in logs.items() if f"(in wandb-history/lab/forks/{run})" in log]


def rows_of(run_id):
    return sum(pq.read_table(file).num_rows for file in (FOLDER / "lab" / "forks" / run_id).rglob("*.parquet"))


async def test_selected_runs_are_downloaded_and_each_row_says_where(sandbox, tmp_path):
    async with dashboard(sandbox, tmp_path, *RUNS) as (app, pilot):
        await until(lambda: all(row(app, run).state is State.AVAILABLE for run in RUNS))
        await pilot.press("home", "space", "space", "G")
        await until(lambda: isinstance(app.screen, Confirm) and "wandb-history" in shown(app))
        await pilot.press("y")
        await until(lambda: len(downloaded(app)) == 2)
        await until(
            lambda: all(f"Downloaded to wandb-history/lab/forks/{run}" in shown(app) for run in downloaded(app))
        )
        assert "▼" not in shown(app)
        assert [rows_of(run) for run in downloaded(app)] == [300, 300]
        assert [rows_of(run) for run in RUNS].count(0) == 1
        await until(INDEX.exists)


async def test_a_run_without_an_export_is_downloaded_once_there_is_one(sandbox, tmp_path):
    sandbox.set_faults("export-never")
    async with dashboard(sandbox, tmp_path, "late") as (app, pilot):
        await until(lambda: "Not available yet" in shown(app))
        await pilot.press("G")
        await until(lambda: "▼ Not available yet" in shown(app) and app.dashboard.header.downloads == "▼ 1")
        await pilot.press("q")
        await until(lambda: isinstance(app.screen, Confirm) and "One download ends" in shown(app))
        await pilot.press("n")
        sandbox.set_faults()
        context = sandbox.context
        context.exports.start(context.state.run(context.state.project("lab", "forks"), "late"), delay=0)
        await until(lambda: "Downloaded to wandb-history/lab/forks/late" in shown(app), 60)
        assert rows_of("late") == 300


async def test_a_row_says_that_another_download_is_waited_for(sandbox, tmp_path):
    folder = FOLDER / "lab" / "forks" / "two"
    folder.mkdir(parents=True)
    async with dashboard(sandbox, tmp_path, "two") as (app, pilot):
        await until(lambda: row(app, "two").state is State.AVAILABLE)
        with locked_folder(folder, pytest.fail):
            await pilot.press("G")
            await until(lambda: "▼ Another download" in shown(app))
        await until(lambda: "Downloaded to wandb-history/lab/forks/two" in shown(app))


@pytest.fixture
def obstacle():
    """A file where the folder should be."""
    FOLDER.write_text("a file")
    return FOLDER


async def test_a_download_that_fails_says_why_and_the_next_one_works(sandbox, tmp_path, obstacle):
    async with dashboard(sandbox, tmp_path, "one") as (app, pilot):
        await until(lambda: row(app, "one").state is State.AVAILABLE)
        await pilot.press("G")
        await until(lambda: "Not downloaded: " in shown(app))
        await asyncio.to_thread(obstacle.unlink)
        await pilot.press("G")
        await until(lambda: "Downloaded to wandb-history/lab/forks/one" in shown(app))
        assert rows_of("one") == 300
