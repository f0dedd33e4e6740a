"""`fallback="replay"` with the real SDK: where forking is refused for good, the history is logged into a new run."""

import pytest

from tests.integration.scripts import export_run
from tests.integration.test_fork import FORK
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
    """What a row has of what was logged and can be replayed, with dotted names as in an export."""
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


def test_rows_whose_steps_do_not_rise_are_named_and_a_replay_that_was_interrupted_is_refused(script, sandbox):
    export_run(sandbox, "falls", steps=30, metrics=lambda step: {"_step": step % 20, "metric": step})
    export_run(sandbox, "partial", steps=3)
    run, _ = stored(sandbox, "partial")
    origin = {"run": "lab/forks/falls", "step": 5, "complete": False}
    sandbox.context.state.update_run(run, config={"replayed_from": {"value": origin}})
    sandbox.set_faults(REFUSED)
    text = script(
        FORK
        + """
fork_when_ready("lab/forks/falls", 19, id="risen", fallback="replay", timeout=60).finish()
fails(UsageError, "lab/forks/falls", 5, id="partial", fallback="replay")
"""
    )
    assert "Left out: 10 rows whose step does not rise." in text
    assert [row["_step"] for row in stored(sandbox, "risen")[1]] == list(range(20))
    assert "The replay into lab/forks/partial was interrupted. Delete that run, or give another id." in text
