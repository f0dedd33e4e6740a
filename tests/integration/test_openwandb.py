"""OpenWandb, a server by others that is compatible in part: what it can answer is used, the rest ends at once."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.sandbox_fixtures import LOG_RUN
from tests.oldest import uv_pip
from tests.stopwatch import HANG_S, Stopwatch
from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import RunQuery
from wandb_tui.core.errors import ServerError
from wandb_tui.wiring import Wiring

pytestmark = pytest.mark.long
PACKAGE = "openwandb==0.5.25"
# The key that the server itself makes for its first user.
KEY = "local" + "0" * 40
RUN = RunAddress("default", "forks", "abc")


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    """The environment of a user of a running OpenWandb, with one run logged by the SDK."""
    home = tmp_path_factory.mktemp("home")
    package, data = home / "package", home / "data"
    subprocess.run([*uv_pip(), "--target", str(package), PACKAGE], cwd=home, check=True, timeout=HANG_S)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "XDG_"))}
    bare |= {"HOME": str(home), "WANDB_ERROR_REPORTING": "false"}
    serve = [
        sys.executable,
        "-m",
        "openwandb",
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--data-dir",
        str(data),
    ]
    user = {
        **bare,
        "WANDB_BASE_URL": f"http://127.0.0.1:{port}",
        "WANDB_API_KEY": KEY,
        "WANDB_DIR": str(home),
        "WANDB_SILENT": "true",
        "RUN_PROJECT": RUN.project,
        "RUN_ID": RUN.run_id,
        "RUN_STEPS": "20",
    }
    with (home / "log").open("w") as log:
        server = subprocess.Popen(serve, env={**bare, "PYTHONPATH": str(package)}, cwd=home, stdout=log, stderr=log)
        try:
            watch = Stopwatch()
            while not _listens(port):
                assert server.poll() is None, (home / "log").read_text()
                assert watch.seconds < HANG_S
                time.sleep(0.1)
            command = [sys.executable, "-c", LOG_RUN]
            subprocess.run(command, env=user, cwd=home, stdout=log, stderr=log, timeout=HANG_S, check=True)
            yield user
        finally:
            server.kill()
            server.wait()


def _listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def wait(environ, until):
    program = str(Path(sys.executable).with_name("wandb-tui"))
    return subprocess.run(
        [program, "wait", str(RUN), "--until", until, "--no-visit", "--timeout", "0"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )


@pytest.mark.parametrize("until", ["exists", "step:5"])
def test_what_can_never_be_answered_ends_and_names_what_is_lacking(environ, until):
    done = wait(environ, until)
    assert done.returncode == 1
    assert "its API lacks artifactCollectionMembership, artifact.versionIndex" in done.stdout


def test_the_end_of_a_run_is_reported(environ):
    done = wait(environ, "ended")
    assert (done.returncode, "The run has ended (finished)" in done.stdout) == (0, True)


def test_runs_are_picked_and_shown_without_the_fields_that_it_lacks(environ):
    with contextlib.closing(Wiring(environ=environ)) as wiring:
        assert "default" in wiring.catalogue.entities()
        assert RUN.project in wiring.catalogue.projects(RUN.entity).items
        page = wiring.catalogue.runs(RUN.entity, RUN.project, RunQuery())
        assert [(run.run_id, run.state) for run in page.items] == [(RUN.run_id, "finished")]
        facts = wiring.inspector.facts(RUN)
        assert "accuracy" in facts.metrics
        assert set(facts.unknown_fields) == {"user", "historyKeys"}
        with pytest.raises(ServerError, match="artifactCollection"):
            wiring.inspector.versions(RUN)
