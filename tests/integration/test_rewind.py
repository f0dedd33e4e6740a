"""`rewind_when_ready` with the real SDK: the run must have ended and be exported; then it goes on under its own id."""

import pytest

from tests.integration.scripts import export_run, noted
from wandb_tui import UsageError, rewind_when_ready
from wandb_tui.sandbox import Sandbox, SandboxConfig

REWIND = """
from wandb_tui import *
def rewind(run, step, **options):
    with rewind_when_ready(run, step, timeout=60, **options) as run:
        first = run.starting_step
        run.log({"metric": -1})
    rows = [row["_step"] for row in wandb.Api().run(f"lab/forks/{run.id}").scan_history()]
    print("rewound", run.id, first, rows == list(range(first + 1)), flush=True)
"""
GOING_ON = """
import sys, wandb
run = wandb.init(project="forks", id="live")
for step in range(100):
    run.log({"metric": step})
print("logged", flush=True)
sys.stdin.readline()
run.finish()
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.5)) as sandbox:
        yield sandbox


def test_a_run_is_rewound_twice_and_refusals_are_survived(script, sandbox, tmp_path):
    export_run(sandbox, "parent", exported=False)
    sandbox.set_faults("fork-refused:code=500,times=1,message=Something went wrong; contact support")
    text = script(
        REWIND
        + """
rewind("lab/forks/parent", 200)
rewind("lab/forks/parent", 100, id="parent")
print("origins", load_history("lab/forks/parent", stitch=True, timeout=60).column("_run_id").unique().to_pylist())
"""
    )
    assert "origins ['parent']" in text
    assert "rewound parent 201 True" in text
    assert "rewound parent 101 True" in text
    assert noted(tmp_path) == [("lab/forks/parent", "rewind", 200, True), ("lab/forks/parent", "rewind", 100, True)]


def test_a_run_that_goes_on_is_waited_for(script, sandbox):
    before = sandbox.stats()["fork_refusals"]
    text = script(
        REWIND
        + f"""
import subprocess, sys
live = subprocess.Popen([sys.executable, "-c", {GOING_ON!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
while b"logged" not in live.stdout.readline():
    pass
seen = []
def end_when_asked(status, data):
    seen.append(data["message"])
    if "still going on (running" in data["message"] and len(seen) < 9:
        live.stdin.close()
rewind("lab/forks/live", 50, callback=end_when_asked)
assert any("The run has ended (finished, step 99)" in line for line in seen), seen
live.wait(60)
"""
    )
    assert "rewound live 51 True" in text
    assert sandbox.stats()["fork_refusals"] == before


def test_what_is_known_beforehand_is_said_at_once(monkeypatch, sandbox):
    before = sandbox.stats()
    account = {"host": sandbox.base_url, "api_key": sandbox.api_key}
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    for options, why in (
        ({"id": "other"}, "other is not the id of the run to rewind"),
        ({"settings": {"run_id": "other"}}, "other is not the id of the run to rewind"),
        ({"resume": "allow"}, "rewind_when_ready cannot be combined with resume"),
        ({"settings": {"fork_from": "x?_step=3"}}, "fork_from is set in settings"),
    ):
        with pytest.raises(UsageError, match=why):
            rewind_when_ready("lab/forks/parent", 5, **account, **options)
    assert sandbox.stats() == before
