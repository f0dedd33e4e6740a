"""Scripts as experiments run them: processes of their own, with the real SDK and an account on a sandbox."""

import json
import os

import pytest

from tests.integration.sandbox_fixtures import WITHOUT_LIST
from tests.integration.warm_python import run_script
from tests.stopwatch import HANG_S

LOG = """
import os, time, threading, wandb
ENTITY, PROJECT = "lab", "forks"
def logged(steps=300, **init):
    with wandb.init(entity=ENTITY, project=PROJECT, mode="online", **init) as run:
        for i in range(steps):
            run.log({"metric": i})
    return run
"""


def script_environment(sandbox, home):
    """The environment of a user with an account on the sandbox, and a home of their own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "XDG_", "DBUS_"))}
    return inherited | {
        "WANDB_BASE_URL": sandbox.base_url,
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_VIEWER_MAIL": sandbox.username,
        "WANDB_VIEWER_PW": sandbox.password,
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
        "WANDB_DIR": str(home),
        "HOME": str(home),
        **WITHOUT_LIST,
    }


@pytest.fixture
def script(sandbox, tmp_path):
    """Runs a script in an environment that has an account on the sandbox; gives what it printed."""

    def run(source, timeout=HANG_S, **more):
        out = tmp_path / "out.txt"
        with out.open("w") as file:
            environ = script_environment(sandbox, tmp_path) | more
            status = run_script(
                LOG + source, environ=environ, cwd=tmp_path, out=file, timeout=timeout, flags=("-W", "error")
            )
        text = out.read_text()
        assert status == 0, text
        assert "Traceback" not in text, text
        assert sandbox.password not in text
        return text

    yield run
    sandbox.set_faults()


def export_run(sandbox, run_id, *, steps=300, project="forks", exported=True, metrics=None):
    """A finished run with a history on the sandbox, put there without the SDK; exported immediately if requested.

    `metrics` gives the metrics of a step; by default, the step itself.
    """
    metrics = metrics or (lambda step: {"metric": step})
    context = sandbox.context
    run = context.state.create_run(context.state.ensure_project("lab", project)[0], run_id, None)
    lines = [json.dumps({"_step": step, **metrics(step)}) for step in range(steps)]
    context.histories.append(run, "wandb-history.jsonl", 0, lines)
    context.state.update_run(run, state="finished")
    if exported:
        context.exports.start(context.state.run_by_key(run.key), delay=0)
    return f"lab/{project}/{run_id}"


def noted(home):
    """The notes of forks in a home, as run, kind, step, and whether it was made by us."""
    (file,) = home.rglob("forks/*.jsonl")
    notes = [json.loads(line) for line in file.read_text().splitlines()]
    return [(note["run"], note["kind"], note["step"], note["made"]) for note in notes]
