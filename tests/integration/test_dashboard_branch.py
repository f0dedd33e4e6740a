"""Forking and rewinding from the dashboard: the real app, services and SDK, against the sandbox."""

from contextlib import asynccontextmanager

import pytest

from tests.integration.sandbox_fixtures import services
from tests.integration.scripts import export_run
from tests.screen import shown, until
from wandb_tui.cli.dashboard import dashboard_app
from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.table.branch_dialog import BranchDialog


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.2)) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def of_its_own(tmp_path, monkeypatch, sandbox):
    import wandb

    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    yield
    sandbox.set_faults()
    # Its service process knows the server and the folder of this test.
    wandb.teardown()


@asynccontextmanager
async def dialog(sandbox, home, run_id, *keys, state=State.AVAILABLE):
    """The dashboard with one run, whose export is there or that has failed, and the dialog opened for it."""
    with services(sandbox, home) as wiring:
        app = dashboard_app(wiring, [f"lab/forks/{run_id}"])
        async with app.run_test(size=(160, 45)) as pilot:
            await until(lambda: len(app.dashboard.table.shown) == 1)
            await until(lambda: row(app, run_id).state is state)
            await pilot.press("B")
            await until(lambda: isinstance(app.screen, BranchDialog))
            await pilot.press("ctrl+u", *keys)
            yield app, pilot
            app.session.stop()


def row(app, run_id):
    return app.session.watch_list[RunAddress("lab", "forks", run_id)]


def log_of(app, run_id):
    return "\n".join(event_text(line.notice) for line in row(app, run_id).log)


async def test_children_are_made_at_a_metrics_value_and_the_cursor_follows(sandbox, tmp_path):
    values = {200: {"metric": 200, "loss": float("nan")}}
    export_run(sandbox, "parent", metrics=lambda step: values.get(step, {"metric": step, "loss": 1.0}))
    async with dialog(sandbox, tmp_path, "parent", *"metric=200.5", "tab", "2") as (app, pilot):
        await until(lambda: "nearest below 200.5: metric=200 is step 200" in shown(app))
        await until(lambda: "v0 covers step 200" in shown(app))
        await until(lambda: "! the last value is NaN in loss" in shown(app))
        assert '[fork_when_ready("lab/forks/parent", at="metric=200.5", nearest=True)' in shown(app)
        await pilot.press("enter")
        await until(lambda: "► Forking 1 of 2 at metric=200.5" in shown(app))
        await until(lambda: len(app.dashboard.table.shown) == 3 and not app.dashboard.table.branches.active, 90)
        first, second = [watched.run for watched in app.session.watch_list if watched.run.run_id != "parent"]
        assert app.dashboard.table.run == second
        assert "Forked at metric=200.5 into 2 runs" in shown(app)
        log = log_of(app, "parent")
        assert all(f"Forked at metric=200.5 into {child}; resume it with" in log for child in (first, second))
        assert log.count("the last value is NaN in loss") == 1
        assert "Made from lab/forks/parent at metric=200.5" in log_of(app, second.run_id)
        await until(lambda: row(app, second.run_id).state is State.AVAILABLE)


async def test_of_a_run_that_is_not_there_the_dialog_says_so_at_once(sandbox, tmp_path):
    export_run(sandbox, "there")
    missing = "✖ There is no run ghost in lab/forks, or this API key may not see it"
    async with dialog(sandbox, tmp_path, "ghost", state=State.FAILED) as (app, pilot):
        await until(lambda: missing in shown(app))
        await pilot.press(*"20")
        await until(lambda: missing in shown(app) and "checking" not in shown(app))


async def test_a_run_is_rewound_under_its_own_id(sandbox, tmp_path):
    export_run(sandbox, "rewound")
    async with dialog(sandbox, tmp_path, "rewound", "1", "0", "0", "shift+tab", "left") as (app, pilot):
        await until(lambda: "everything logged after it will be gone" in shown(app))
        await until(lambda: "the rows before it look well" in shown(app))
        await pilot.press("enter")
        await until(lambda: "Rewound at step 100; resume it with WANDB_RUN_ID=rewound" in log_of(app, "rewound"), 90)
        await until(lambda: row(app, "rewound").run_info.last_step == 100)
        assert len(app.dashboard.table.shown) == 1


async def test_where_rewinding_is_refused_the_row_follows_the_run_that_was_replayed(sandbox, tmp_path):
    export_run(sandbox, "stays")
    sandbox.set_faults("fork-refused:code=403,message=forking is not enabled for this account")
    keys = ("1", "0", "0", "shift+tab", "left", "tab", "tab", "space")
    async with dialog(sandbox, tmp_path, "stays", *keys) as (app, pilot):
        await until(lambda: 'rewind_when_ready("lab/forks/stays", step=100, fallback="replay")' in shown(app))
        await pilot.press("enter")
        await until(lambda: len(app.dashboard.table.shown) == 2 and not app.dashboard.table.branches.active, 90)
        (made,) = [watched.run for watched in app.session.watch_list if watched.run.run_id != "stays"]
        assert app.dashboard.table.run == made
        log = log_of(app, "stays")
        assert f"Replayed at step 100 into {made}; resume it with WANDB_RUN_ID={made.run_id}" in log
        assert "forking is not enabled for this account. Replayed instead: 101 rows" in log
        assert "lab/forks/stays stays as it is." in log
        assert f"Replayed at step 100 into {made.run_id}" in shown(app)


async def test_a_refusal_is_said_in_the_log_and_beside_it(sandbox, tmp_path):
    export_run(sandbox, "refused")
    sandbox.set_faults("fork-refused:code=403,message=forking is not enabled for this account")
    async with dialog(sandbox, tmp_path, "refused", "1", "0", "0") as (app, pilot):
        await until(lambda: "the rows before it look well" in shown(app))
        await pilot.press("enter")
        # The toast first: it goes by itself.
        await until(lambda: any("forking is not enabled" in toast.message for toast in app._notifications), 90)
        await until(
            lambda: "Could not fork it: The server does not fork lab/forks/refused" in log_of(app, "refused"), 90
        )
        await until(lambda: "Could not fork it: " in shown(app))


async def test_a_fork_that_waits_can_be_cancelled(sandbox, tmp_path):
    export_run(sandbox, "short")
    async with dialog(sandbox, tmp_path, "short", "9", "0", "0") as (app, pilot):
        await until(lambda: "step 900 comes only if it is resumed" in shown(app))
        await pilot.press("enter")
        await until(lambda: "► Forking at step 900: " in shown(app) and "Starting" not in shown(app))
        await pilot.press("c")
        await until(lambda: "Could not fork it: Cancelled" in log_of(app, "short"))
        assert not app.dashboard.table.branches.active
