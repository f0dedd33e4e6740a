"""`fallback="replay"` with the real SDK: where forking is refused for good, the history is logged into a new run."""

import signal
import subprocess
import sys

import pytest

from tests.integration.scripts import LOG, export_run, script_environment
from tests.integration.test_fork import FORK
from tests.integration.test_rewind import REWIND
from tests.stopwatch import until
from wandb_tui.sandbox import Sandbox, SandboxConfig

REFUSED = "fork-refused:code=403,message=forking is not enabled for this account"
PARENT = """
with wandb.init(entity=ENTITY, project=PROJECT, id="parent", config={"lr": 0.1, "optimizer": {"name": "adam"}}) as run:
    for i in range(50):
        page = {"page": wandb.Html("<b>1</b>")} if i == 10 else {}
        run.log({"metric": i, "nested": {"a": i / 3}, "note": f"row {i}", "bad": float("nan"), **page})
    run.summary["best"] = 7
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.5)) as sandbox:
        yield sandbox


def stored(sandbox, run_id):
    """A run as the sandbox stores it, and its rows."""
    state = sandbox.context.state
    run = state.run(state.project("lab", "forks"), run_id)
    return run, sandbox.context.histories.rows(run)


def flat(row):
    """The values of a row that were logged and can be replayed, with dotted names as in an export."""
    values = {**row, **{f"nested.{name}": value for name, value in row.get("nested", {}).items()}}
    return {name: values[name] for name in ("_step", "metric", "nested.a", "note", "bad")}


def test_the_whole_history_is_replayed_and_called_again_the_run_is_resumed(script, sandbox):
    sandbox.set_faults(REFUSED)
    text = script(
        PARENT
        + FORK
        + """
for again in range(2):
    with fork_when_ready("lab/forks/parent", 29, id="copy", fallback="replay", timeout=60, config={"lr": 0.2}) as run:
        run.log({"metric": -1})
fork_when_ready("lab/forks/parent", 49, id="whole", fallback="replay", timeout=60).finish()
fails(UsageError, "lab/forks/parent", 5, id="copy", fallback="replay")
fails(UsageError, "lab/forks/parent", 5, fallback="samples")
""",
        timeout=120,
    )
    _, rows = stored(sandbox, "parent")
    copy, copied = stored(sandbox, "copy")
    assert [flat(row) for row in copied[:30]] == [flat(row) for row in rows[:30]]
    assert [row["parent/timestamp"] for row in copied[:30]] == [row["_timestamp"] for row in rows[:30]]
    assert [(row["_step"], row["metric"]) for row in copied[30:]] == [(30, -1), (31, -1)]
    config = {name: value["value"] for name, value in copy.config.items() if name != "_wandb"}
    assert config == {
        "lr": 0.2,
        "optimizer": {"name": "adam"},
        "replayed_from": {"run": "lab/forks/parent", "step": 29, "complete": True},
    }
    assert copy.tags == ["replayed"]
    assert "best" not in copy.summary
    whole, copied = stored(sandbox, "whole")
    assert (len(copied), whole.summary["best"]) == (50, 7)
    assert text.count("Replayed instead: ") == 2
    assert "30 rows of lab/forks/parent up to step 29 were logged once more into the new run copy." in text
    assert "Left out: media and tables in page; of the summary best." in text
    assert "lab/forks/copy exists already, and is a replay of parent at step 29." in text


LONG = """
with fork_when_ready(os.environ["PARENT"], 599, id=os.environ["CHILD"], fallback="replay", timeout=60) as run:
    run.log({"metric": -1})
"""
# It stops at a row, so that it can be killed there.
STOPPING = """
log = wandb.Run.log
def log_until(run, values, step=None, **more):
    if step == int(os.environ["STOP"]):
        threading.Event().wait()
    log(run, values, step=step, **more)
wandb.Run.log = log_until
"""


@pytest.mark.parametrize("stop", [0, 300])
def test_a_replay_that_was_killed_is_continued(script, sandbox, tmp_path, stop):
    child, parent = f"killed-at-{stop}", export_run(sandbox, f"long-{stop}", steps=600)
    sandbox.set_faults(REFUSED)
    environ = {"PARENT": parent, "CHILD": child, "STOP": str(stop), "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"}
    with (tmp_path / "killed.txt").open("w") as out:
        killed = subprocess.Popen(
            [sys.executable, "-c", LOG + FORK + STOPPING + LONG],
            env=script_environment(sandbox, tmp_path) | environ,
            cwd=tmp_path,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
        )
    with killed:
        until(lambda: arrived(sandbox, child) == stop)
        killed.send_signal(signal.SIGKILL)
    text = script(
        FORK
        + """
fails(UsageError, os.environ["PARENT"], 599, id=os.environ["CHILD"])
fails(UsageError, os.environ["PARENT"], 5, id=os.environ["CHILD"], fallback="replay")
"""
        + LONG,
        CHILD=child,
        PARENT=parent,
    )
    refused = f"lab/forks/{child} exists already, and is a replay that was interrupted of long-{stop} at step 599."
    assert f'{refused} Give the fork another id, or fallback="replay" to go on with it.' in text
    assert f"{refused} Give the fork another id.\n" in text
    run, rows = stored(sandbox, child)
    assert [(row["_step"], row["metric"]) for row in rows] == [*((step, step) for step in range(600)), (600, -1)]
    origin = {"run": parent, "step": 599, "complete": True}
    assert run.config["replayed_from"]["value"] == (origin | {"continued_at": [stop]} if stop else origin)
    assert (run.state, run.tags) == ("finished", ["replayed"])
    assert f"{600 - stop} rows of {parent} up to step 599 were logged once more into the" in text
    assert ("300 up to step 299 were there from a replay that was interrupted." in text) is bool(stop)


def arrived(sandbox, run_id):
    """The number of a run's rows on the sandbox; None if there is no such run."""
    project = sandbox.context.state.project("lab", "forks")
    run = sandbox.context.state.run(project, run_id)
    return sandbox.context.histories.last_step(run) + 1 if run else None


def test_where_rewinding_is_refused_a_new_run_is_replayed_and_the_old_one_stays(script, sandbox):
    export_run(sandbox, "kept", steps=30)
    sandbox.set_faults(REFUSED)
    text = script(
        REWIND
        + """
try:
    rewind("lab/forks/kept", 9)
except ForkError as error:
    print(error)
with rewind_when_ready("lab/forks/kept", 9, id="kept", fallback="replay", timeout=60, tags=["mine"]) as run:
    run.log({"metric": -1})
print("new run", run.id)
"""
    )
    assert "The server does not rewind lab/forks/kept at step 9: forking is not enabled" in text
    made = text.rpartition("new run ")[2].strip()
    copy, rows = stored(sandbox, made)
    assert [(row["_step"], row["metric"]) for row in rows] == [*((step, step) for step in range(10)), (10, -1)]
    assert copy.tags == ["mine", "replayed"]
    assert len(stored(sandbox, "kept")[1]) == 30
    assert (
        f"Replayed instead: 10 rows of lab/forks/kept up to step 9 were logged once more into the new run {made}."
        in text
    )
    assert "lab/forks/kept stays as it is." in text


def test_rows_whose_steps_do_not_rise_are_named_and_of_a_replay_no_other_history_is_continued(script, sandbox):
    export_run(sandbox, "falls", steps=30, metrics=lambda step: {"_step": step % 20, "metric": step})
    export_run(sandbox, "rises", steps=20)
    # Of the one the parent's rows are others by now; the other has rows of its own, and lost its last mark.
    for run_id, steps, parent, step in (("partial", 3, "falls", 5), ("late", 22, "rises", 19)):
        export_run(sandbox, run_id, steps=steps, metrics=lambda step, of=parent: {"metric": step + (of == "falls") / 2})
        origin = {"run": f"lab/forks/{parent}", "step": step, "complete": False}
        config = {"replayed_from": {"value": origin}, "_wandb": {"value": {"t": {}}}}
        sandbox.context.state.update_run(stored(sandbox, run_id)[0], config=config)
    sandbox.set_faults(REFUSED)
    text = script(
        FORK
        + """
fork_when_ready("lab/forks/falls", 19, id="risen", fallback="replay", timeout=60).finish()
fails(UsageError, "lab/forks/falls", 5, id="partial", fallback="replay")
fork_when_ready("lab/forks/rises", 19, id="late", fallback="replay", timeout=60).finish()
"""
    )
    late, rows = stored(sandbox, "late")
    assert (late.config["replayed_from"]["value"]["complete"], len(rows)) == (True, 22)
    assert "lab/forks/falls: its steps fall somewhere, so a fork or rewind may be refused." in text
    assert "Left out: 10 rows whose step does not rise." in text
    assert [row["_step"] for row in stored(sandbox, "risen")[1]] == list(range(20))
    assert "The replay of lab/forks/falls into lab/forks/partial was interrupted after step 2, and cannot be" in text
    assert len(stored(sandbox, "partial")[1]) == 3
