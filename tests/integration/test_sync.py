"""`wandb-tui sync` and `sync_offline`, on offline runs that the real SDK has made, against a sandbox."""

import asyncio
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from itertools import islice

import pytest

from tests.integration.sandbox_fixtures import services
from tests.integration.scripts import noted, script_environment
from tests.integration.test_story import PROGRAM
from tests.screen import shown, until
from tests.stopwatch import HANG_S
from wandb_tui import ServerError, State, SyncState, WandbTuiError, sync_offline
from wandb_tui.cli.dashboard import dashboard_app
from wandb_tui.core.offline_runs import plan_sync
from wandb_tui.library.offline import read_files
from wandb_tui.library.offline_rows import OfflineRows
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.offline.record_log import read_records, write_records

LOG_OFFLINE = """
import json, math, sys, time, wandb
for id, parent, step, first, stop in json.loads(sys.argv[1]):
    settings = wandb.Settings(console="off", x_disable_stats=True, x_disable_meta=True)
    fork = f"{parent}?_step={step}" if parent else None
    with wandb.init(project="forks", id=id, mode="offline", fork_from=fork, settings=settings) as run:
        for i in range(first, stop):
            run.log({"loss": math.nan if i % 7 == 0 else 1 / i, "deep": {"value": i}}, step=i)
    # Folders are named by the second.
    time.sleep(1 if id == "piece" else 0)
"""
UPLOAD = [sys.executable, "-m", "wandb", "beta", "sync"]
# Each run with its parent, the step it was forked at, and the steps of its own; `piece` has two files.
FAMILY = [
    ("piece", "", 0, 0, 15),
    ("piece", "", 0, 15, 30),
    ("alone", "", 0, 0, 5),
    ("child", "piece", 20, 21, 40),
    ("early", "piece", 3, 4, 9),
    ("grandchild", "child", 30, 31, 35),
]
FOLDER_OF = {run_id: f"offline-run-*-{run_id}" for run_id, *_ in FAMILY}


@pytest.fixture
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.2)) as sandbox:
        yield sandbox


def log_offline(folder, runs):
    """Log runs without a server, each into a folder of its own, which nothing sorts."""
    folder.mkdir()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    with (folder / "output.txt").open("w") as file:
        subprocess.run(
            [sys.executable, "-c", LOG_OFFLINE, json.dumps(runs)],
            cwd=folder,
            env=environ | {"WANDB_ERROR_REPORTING": "false"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            timeout=HANG_S,
            check=True,
        )
    found = sorted(folder.glob("wandb/offline-run-*"))
    random.shuffle(found)
    boxes = [folder / f"box{number}" for number in range(len(found))]
    for run, box in zip(found, boxes, strict=True):
        (box / "wandb").mkdir(parents=True)
        shutil.move(run, box / "wandb")
    return boxes


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline") / "runs"
    log_offline(folder, FAMILY)
    return folder


@pytest.fixture
def boxes(family, tmp_path):
    copied = shutil.copytree(family, tmp_path / "runs", symlinks=True)
    return sorted(copied.glob("box*"))


@pytest.fixture
def program(sandbox, tmp_path):
    def run(*arguments, status=0):
        done = subprocess.run(
            [PROGRAM, "sync", *map(str, arguments)],
            env=script_environment(sandbox, tmp_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert done.returncode == status, done
        assert sandbox.password not in done.stdout + done.stderr
        return done

    return run


def sync_until_killed(sandbox, home, boxes, run_id):
    """Sync, and kill the program while it uploads this run."""
    first = subprocess.Popen(
        [PROGRAM, "sync", *map(str, boxes)],
        env=script_environment(sandbox, home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with first:
        assert any(f"Uploading run-{run_id}.wandb" in line for line in first.stdout)
        first.send_signal(signal.SIGKILL)


def file_of(boxes, run_id):
    return next(file for box in boxes for file in box.glob(f"wandb/*-{run_id}/*.wandb"))


def upload_a_part(sandbox, tmp_path, file, records):
    """Upload the first records of a file, as a call does that is killed."""
    part = tmp_path / "part" / file.parent.name / file.name
    part.parent.mkdir(parents=True)
    write_records(part, islice(read_records(file), records))
    with (tmp_path / "part.txt").open("w") as out:
        environ = script_environment(sandbox, tmp_path)
        subprocess.run(
            [*UPLOAD, "--entity", "lab", str(part)],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            timeout=HANG_S,
            check=True,
        )


def test_a_family_is_synced_in_order_killed_in_the_middle_and_called_again(sandbox, program, boxes, tmp_path):
    tree = program("--dry-run", *boxes).stdout.splitlines()
    assert [re.split(r"(?<=\w)  ", line)[0] for line in tree] == [
        *("lab/forks/piece", "├─ early", "└─ child", "   └─ grandchild", "lab/forks/alone", "5 runs")
    ]
    assert any(line.startswith("lab/forks/piece  30 rows  2 files") for line in tree)
    sync_until_killed(sandbox, tmp_path, boxes, "child")
    told = [json.loads(line) for line in program(*boxes, "--verify", "--json").stdout.splitlines()]
    ended = {line["run"].rpartition("/")[2]: line for line in told if line["state"] in {"synced", "skipped"}}
    verified = {run_id: line["verified"] for run_id, line in ended.items()}
    assert verified == {"piece": 30, "alone": 5, "child": 40, "early": 9, "grandchild": 35}
    assert ended["piece"]["state"] == "skipped"
    assert (ended["grandchild"]["parent"], ended["grandchild"]["step"]) == ("lab/forks/child", 30)
    assert "0 of 5 runs synced, 5 already synced" in program(*boxes).stdout
    made = {run.rpartition("/")[2]: step for run, kind, step, _ in noted(tmp_path) if kind == "fork"}
    assert made.keys() == {"child", "early", "grandchild"}
    assert made["grandchild"] == 30


@pytest.mark.long
def test_twelve_runs_in_three_generations_survive_a_random_order_and_a_kill(sandbox, program, tmp_path):
    first = [(f"first{one}", "", 0, 0, 10) for one in range(2)]
    second = [(f"second{one}", f"first{one % 2}", 5, 6, 15) for one in range(4)]
    third = [(f"third{one}", f"second{one % 4}", 10, 11, 20) for one in range(6)]
    boxes = log_offline(tmp_path / "runs", [*first, *second, *third])
    sync_until_killed(sandbox, tmp_path, boxes, "second1")
    done = program(*boxes, "--verify", "--json")
    told = [line for line in map(json.loads, done.stdout.splitlines()) if line["state"] in {"synced", "skipped"}]
    ended = {line["run"].rpartition("/")[2]: line for line in told}
    assert ended["first1"]["state"] == "skipped"
    rows = {"first": 10, "second": 15, "third": 20}
    assert {run_id: line["verified"] for run_id, line in ended.items()} == {
        run_id: rows[run_id[:-1]] for run_id, *_ in [*first, *second, *third]
    }
    order = [run_id for run_id, line in ended.items() if line["state"] == "synced"]
    assert {f"third{one}" for one in range(6)} <= set(order)
    for run_id, parent, *_ in [*second, *third]:
        assert parent not in order or order.index(parent) < order.index(run_id)


def test_of_a_run_that_was_uploaded_in_part_only_the_rest_is_uploaded(sandbox, boxes, tmp_path):
    file = file_of(boxes, "alone")
    upload_a_part(sandbox, tmp_path, file, 12)
    state, histories = sandbox.context.state, sandbox.context.histories
    run = state.run(state.project("lab", "forks"), "alone")
    assert 0 <= histories.last_step(run) < 4
    here = {"host": sandbox.base_url, "api_key": sandbox.api_key, "visit": False}
    [outcome] = sync_offline(file.parent, verify=True, **here).values()
    assert (outcome.state, outcome.verified) == (SyncState.SYNCED, 5)
    assert [row["_step"] for row in histories.rows(run)] == [0, 1, 2, 3, 4]
    # Rows that differ on the server are found.
    histories.cut_after(run, 3)
    histories.append(run, "wandb-history.jsonl", 4, ['{"_step": 4, "loss": 9}'])
    [outcome] = sync_offline(file.parent, verify=True, **here).values()
    assert outcome.state is SyncState.FAILED
    assert isinstance(outcome.error, ServerError)
    assert re.match(r"1 of 5 steps differ: At step 4, _runtime is absent online and \d+\.\d+ offline", outcome.message)


def test_what_cannot_be_synced_is_named_remembered_and_tried_again(sandbox, program, boxes):
    file_of(boxes, "early").write_bytes(b"")
    for run_id in ("alone", "grandchild"):
        shutil.rmtree(file_of(boxes, run_id).parent)
    sandbox.set_faults("fork-refused:code=404")
    done = program(*boxes, status=1)
    assert "run-early.wandb is empty." in done.stderr
    assert "lab/forks/child  ✖ The server does not have it after the upload" in done.stdout
    assert done.stdout.endswith("1 of 2 runs synced, 1 failed\n")
    assert not list(file_of(boxes, "child").parent.glob("*.synced"))
    assert "failed before: The server does not have it" in program("--dry-run", *boxes, status=1).stdout
    sandbox.set_faults()
    assert "1 of 2 runs synced, 1 already synced" in program(*boxes, status=1).stdout
    assert "failed before" not in program("--dry-run", *boxes, status=1).stdout
    # Without the parent's file, the parent on the server will do.
    child = file_of(boxes, "child").parent
    assert "✔ Already synced" in program(child).stdout
    with pytest.raises(WandbTuiError, match="is empty"):
        sync_offline(file_of(boxes, "early"), host=sandbox.base_url, api_key=sandbox.api_key)


async def test_each_run_is_a_row_of_the_dashboard(sandbox, boxes, tmp_path):
    shutil.rmtree(file_of(boxes, "child").parent)
    with services(sandbox, tmp_path) as wiring:
        files, _ = read_files(boxes, wiring)
        plan = plan_sync(files, lambda _: False)
        rows = OfflineRows(wiring, plan, timeout=HANG_S, verify=True, on_change=lambda *_: None)
        app = dashboard_app(wiring, rows.goals, persistent=False, offline=rows)
        async with app.run_test(size=(160, 45)):
            await until(lambda: len(app.dashboard.table.shown) == 4)
            # It is asked about only once it is there, and its parent's row visits the page that starts the export.
            await until(lambda: "Waiting for the export of piece" in shown(app))
            listed = {row.run.run_id: row for row in app.session.watch_list}
            goals = {run_id: str(row.goal) for run_id, row in listed.items()}
            assert goals == {"piece": "step:3", "early": "exists", "alone": "exists", "grandchild": "exists"}
            await until(lambda: all(row.state.final for row in listed.values()))
            await until(lambda: "Its parent lab/forks/child is neither in these folders" in shown(app))
            assert listed.pop("grandchild").state is State.FAILED
            assert {row.state for row in listed.values()} == {State.AVAILABLE}
            app.session.stop()
        await asyncio.to_thread(rows.stop)
