"""The demo's runs: logged by the real SDK at different stages, quickly, and ended without a trace."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stopwatch import Stopwatch, until
from wandb_tui.sandbox import Sandbox, SandboxConfig, seed_demo


def processes_with(text):
    """The ids of the processes whose environment mentions the text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_the_demo_has_runs_at_every_stage_and_leaves_nothing_behind(capfd):
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox, seed_demo(sandbox) as demo:
        context = sandbox.context
        project = context.state.project("lab", "demo")
        states, covered = {}, {}
        for path, goal in demo.goals:
            run = context.state.run(project, path.split("/")[2])
            states[path.split("/")[2]] = run and run.live_state
            covered[goal] = run and context.exports.covered_step(run)
        assert states == {
            "q8f3n1vd": "finished",
            "h2x6m0ta": "finished",
            "n6y2p9gz": "running",
            "w5c9r7be": "finished",
            "d1j4s8ku": "finished",
            "no-such-run": None,
        }
        assert covered["newer"] == 59
        assert covered["step:200"] is None
        assert context.exports.covered_step(context.state.run(project, "h2x6m0ta")) == 199
        assert context.histories.last_step(context.state.run(project, "w5c9r7be")) >= 200
        assert context.histories.last_step(context.state.run(project, "k3v9x2lm")) == 119, "one that is not on the list"
        assert os.getpid() not in processes_with(sandbox.api_key)
        assert processes_with(sandbox.api_key)
        demo.stop()
        until(lambda: not processes_with(sandbox.api_key))
    assert capfd.readouterr() == ("", ""), "nothing may reach the terminal"


def test_a_demo_that_cannot_be_logged_says_why():
    with Sandbox(SandboxConfig(faults=("key-refused",))) as sandbox, pytest.raises(RuntimeError, match="The SDK said"):
        seed_demo(sandbox)


DEMO = """
import subprocess
import sys
import time
from wandb_tui.sandbox import Sandbox, SandboxConfig, seed_demo
with Sandbox(SandboxConfig()) as sandbox, seed_demo(sandbox):
    print(sandbox.base_url, flush=True)
    time.sleep(60)
"""


def test_a_demo_that_is_killed_takes_what_logs_its_runs_along(tmp_path):
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", DEMO], env=environ, stdout=subprocess.PIPE, text=True) as demo:
        try:
            base_url = demo.stdout.readline().strip()
            # It, and the SDK's service process.
            assert len(processes_with(f"WANDB_BASE_URL={base_url}")) >= 2
        finally:
            demo.kill()
    watch = Stopwatch()
    while left := processes_with(f"WANDB_BASE_URL={base_url}"):
        if watch.seconds > 60:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            pytest.fail(f"still there: {left}")
        time.sleep(0.1)
