"""A population in Ray Tune that forks runs: the real Ray, the real SDK, one shared monitor, one Chromium."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from tests.integration.browser_support import children, eventually
from tests.integration.terminal import alive, ended
from wandb_tui.sandbox import Sandbox, SandboxConfig

# A user's script: a callback for the experiment, and one call in the trial for each fork.
POPULATION = """
import json, os, sys
import ray, wandb
from ray import tune
from wandb_tui.integrations.ray import HistoryCallback

TRIALS = int(os.environ["TRIALS"])

def train(config):
    from wandb_tui.integrations.ray import fork_when_ready

    mine = []
    for step in (200, 220):
        with fork_when_ready("lab/forks/parent", step, timeout=240) as run:
            mine.append(run.id)
            run.log({"metric": -1.0, "trial": config["trial"]})
    tune.report({"forks": ",".join(mine), "node": ray.get_runtime_context().get_node_id()})

if os.environ["NODES"] == "1":
    ray.init(num_cpus=4, include_dashboard=False, object_store_memory=80_000_000)
else:
    from ray.cluster_utils import Cluster
    node = {"num_cpus": 2, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    cluster.add_node(**node)
    ray.init(cluster.address)
with wandb.init(entity="lab", project="forks", id="parent") as parent:
    for i in range(300):
        parent.log({"metric": i})
trainable = tune.with_resources(train, tune.PlacementGroupFactory([{"CPU": 1}], strategy="SPREAD"))
tuner = tune.Tuner(
    trainable,
    param_space={"trial": tune.grid_search(list(range(TRIALS)))},
    run_config=tune.RunConfig(callbacks=[HistoryCallback()], storage_path=os.environ["RESULTS"], verbose=0),
    # Four at a time, in processes that are used again: half as many to start.
    tune_config=tune.TuneConfig(reuse_actors=True),
)
results = tuner.fit()
told = {
    "forks": [fork for result in results for fork in (result.metrics or {}).get("forks", "").split(",") if fork],
    "nodes": len({result.metrics["node"] for result in results}),
    "errors": [str(error)[-400:] for error in results.errors],
    "actors": ray.util.list_named_actors(all_namespaces=True),
}
ray.shutdown()
if os.environ["NODES"] != "1":
    cluster.shutdown()
print("TOLD", json.dumps(told), flush=True)
"""
IN_KEYRING = 'printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null; exec "$@"'


class Observer:
    """Looks at the processes of an experiment while it runs, and kills its actor once, in the middle of its work."""

    def __init__(self, pid):
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.actors = set()
        self.browsers = set()
        self.most_browsers = 0
        self.killed = None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _look(self):
        while not self._over.wait(0.3):
            running = children(self._pid)
            actors = topmost(pid for pid, command in running.items() if command.startswith("ray::MonitorActor"))
            self.actors |= actors
            self.browsers |= topmost(pid for pid, command in running.items() if is_browser(command))
            # One whose actor is gone has no parent, but counts as long as it lives.
            living = [pid for pid in self.browsers if alive(pid)]
            self.most_browsers = max(self.most_browsers, len(living))
            if living and self.killed is None:
                (self.killed,) = actors
                os.kill(self.killed, signal.SIGKILL)


def is_browser(command):
    return "--headless" in command and "--type=" not in command


def topmost(found):
    """Those without a parent: one just forked still has its parent's command line."""
    pids = set(found)
    return {pid for pid in pids if parent(pid) not in pids}


def parent(pid):
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


@pytest.fixture
def sandbox():
    with Sandbox(SandboxConfig(export_delay=2)) as sandbox:
        yield sandbox


@pytest.fixture
def ray_temp():
    # Ray's sockets lie below this folder, and their paths may have 107 characters at most.
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def of_ray(home, ray_temp):
    """The environment of a cluster on this machine."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "XDG_", "DBUS_"))}
    return inherited | {
        "HOME": str(home),
        # Else Ray would start its workers with the `uv run …` that the tests were started with.
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_TMPDIR": ray_temp,
        "RAY_USAGE_STATS_ENABLED": "0",
        # By default its workers give way to all else on the machine: beside other tests they hardly got a processor.
        "RAY_worker_niceness": "0",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
    }


def of_a_user(sandbox, home, ray_temp):
    """The environment of a user with an account on the sandbox and a cluster on this machine."""
    return of_ray(home, ray_temp) | {
        "RESULTS": str(home / "results"),
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_BASE_URL": sandbox.base_url,
        "WANDB_DIR": str(home),
        "WANDB_VIEWER_MAIL": sandbox.username,
        "WANDB_VIEWER_PW": sandbox.password,
    }


def wait_for(process, seconds, out):
    """Wait for the end of a process; what it has printed is told if it does not come."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"not at its end within {seconds} s: {out.read_text()}") from None


@pytest.mark.timeout(520)
@pytest.mark.parametrize(
    ("nodes", "trials"),
    [pytest.param(1, 8, marks=pytest.mark.long), pytest.param(2, 8, marks=pytest.mark.long), (2, 4)],
)
def test_a_population_forks_with_one_browser(sandbox, tmp_path, ray_temp, nodes, trials):
    environ = of_a_user(sandbox, tmp_path, ray_temp) | {"NODES": str(nodes), "TRIALS": str(trials)}
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        command = ["dbus-run-session", "--", "sh", "-c", IN_KEYRING, "sh", sys.executable, "-c", POPULATION]
        done = subprocess.Popen(command, env=environ, cwd=tmp_path, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        with Observer(done.pid) as observer, ended(done):
            wait_for(done, 500, out)
    text = out.read_text()
    assert done.returncode == 0, text
    report = json.loads(text.rpartition("TOLD ")[2].splitlines()[0])
    assert report["errors"] == []
    assert len(set(report["forks"])) == 2 * trials
    assert report["nodes"] == nodes
    assert report["actors"] == [], "the callback ends the actor"
    assert observer.killed, text
    assert len(observer.actors) == 2, "the actor that was killed came back"
    assert observer.most_browsers == 1
    assert sandbox.stats()["sign_ins"] == 1, "the actor that came back found the session in the keyring"
    for secret in (sandbox.password, sandbox.api_key):
        assert secret not in text
        assert not holding(secret, Path(ray_temp))
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in observer.browsers))


# The scheduler looks at steps 4 and 8. The good trial comes to step 8 when both have a score, so that its checkpoint is
# kept, and before the bad trial, which takes it over.
EXPLOITED = """
import json, os, tempfile, threading
from pathlib import Path
import ray
from ray import tune
from ray.tune.schedulers import PopulationBasedTraining
from wandb_tui.integrations.ray_logger import ForkingLoggerCallback

MARKS = Path(os.environ["MARKS"])

def train(config):
    def wait_for(mark):
        while not (MARKS / mark).exists():
            threading.Event().wait(0.05)
    good, start = tune.get_context().get_trial_id().endswith("1"), 0
    if (checkpoint := tune.get_checkpoint()) is not None:
        (MARKS / "exploited").touch()
        with checkpoint.as_directory() as folder:
            start = json.loads(Path(folder, "state.json").read_text())
    for step in range(start + 1, 12):
        match good, step:
            case False, 6:
                (MARKS / "bad at 5").touch()
            case True, 8:
                wait_for("bad at 5")
            case False, 8:
                wait_for("good at 8")
            case True, 9:
                (MARKS / "good at 8").touch()
                wait_for("exploited")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "state.json").write_text(json.dumps(step))
            tune.report({"score": config["rate"] * step}, checkpoint=tune.Checkpoint.from_directory(folder))

ray.init(num_cpus=4, include_dashboard=False, object_store_memory=80_000_000)
logger = ForkingLoggerCallback(entity="lab", project="forks", group="population")
tuner = tune.Tuner(
    train,
    param_space={"rate": tune.grid_search([1.0, 3.0])},
    tune_config=tune.TuneConfig(
        scheduler=PopulationBasedTraining(
            time_attr="training_iteration", metric="score", mode="max", perturbation_interval=4, quantile_fraction=0.5,
            hyperparam_mutations={"rate": [1.0, 3.0]},
        )
    ),
    run_config=tune.RunConfig(callbacks=[logger], storage_path=os.environ["RESULTS"], verbose=0),
)
results = tuner.fit()
told = {
    "errors": [str(error)[-400:] for error in results.errors],
    "actors": ray.util.list_named_actors(all_namespaces=True),
    "trials": sorted(result.metrics["trial_id"] for result in results),
}
ray.shutdown()
print("TOLD", json.dumps(told), flush=True)
"""


@pytest.mark.timeout(520)
def test_a_trial_that_exploits_another_one_logs_to_a_fork_of_its_run(sandbox, tmp_path, ray_temp):
    (tmp_path / "marks").mkdir()
    environ = of_a_user(sandbox, tmp_path, ray_temp) | {"MARKS": str(tmp_path / "marks")}
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        done = subprocess.Popen(
            [sys.executable, "-c", EXPLOITED],
            env=environ,
            cwd=tmp_path,
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
        )
        with ended(done):
            wait_for(done, 500, out)
    text = out.read_text()
    assert done.returncode == 0, text
    report = json.loads(text.rpartition("TOLD ")[2].splitlines()[0])
    assert report["errors"] == []
    assert report["actors"] == [], "the callback ends the shared monitor"
    bad, good = report["trials"]
    assert scores(sandbox, good) == {step: 3.0 * step for step in range(1, 12)}
    assert scores(sandbox, bad) == {step: 1.0 * step for step in range(1, 9)}
    child = scores(sandbox, f"{bad}-1")
    assert list(child) == [*range(1, 12)], "steps of the fork go on where the good run was forked"
    assert all(child[step] == 3.0 * step for step in range(1, 9))
    for secret in (sandbox.password, sandbox.api_key):
        assert secret not in text
        assert not holding(secret, Path(ray_temp))


def scores(sandbox, run_id):
    """The scores that a run has logged, by step."""
    context = sandbox.context
    run = context.state.run(context.state.project("lab", "forks"), run_id)
    return {row["_step"]: row["score"] for row in context.histories.rows(run)}


# The server is known to the driver alone; the secrets are on the head node.
KILLED = """
import os
import ray
import wandb_tui.integrations.ray as shared

shared._TIMING = shared.Timing(lease=4.0, renewal=1.0, call=2.0)
ray.init(os.environ["HEAD"], log_to_driver=False)
shared.HistoryCallback().setup()

@ray.remote(num_cpus=0)
def trial():
    import wandb_tui.integrations.ray as shared

    shared._TIMING = shared.Timing(lease=4.0, renewal=1.0, call=2.0)
    print("trial", flush=True)
    shared.wait_for_history("lab/forks/never", timeout=0)

ray.get(trial.remote())
"""


@contextlib.contextmanager
def ray_head(environ):
    """A cluster that outlives its drivers; gives its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--head", "--block", f"--port={port}", "--node-ip-address=127.0.0.1", "--num-cpus=2"]
    options += ["--include-dashboard=false", "--object-store-memory=80000000", "--disable-usage-stats"]
    command = [str(Path(sys.executable).with_name("ray")), "start", *options]
    head = subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    with ended(head):
        yield f"127.0.0.1:{port}", head


def monitors_and_browsers(pid):
    return [c for c in children(pid).values() if c.startswith("ray::MonitorActor") or is_browser(c)]


@pytest.mark.timeout(300)
def test_a_driver_that_is_killed_leaves_no_actor_and_no_browser(sandbox, tmp_path, ray_temp):
    project, _ = sandbox.context.state.ensure_project("lab", "forks")
    sandbox.context.state.create_run(project, "never", None)
    sandbox.set_faults("export-never")
    home = of_ray(tmp_path, ray_temp)
    secrets = {
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_VIEWER_MAIL": sandbox.username,
        "WANDB_VIEWER_PW": sandbox.password,
    }
    with ray_head(home | secrets) as (address, head), (tmp_path / "driver.txt").open("w") as out:
        environ = home | {"WANDB_BASE_URL": sandbox.base_url, "HEAD": address}
        driver = subprocess.Popen(
            [sys.executable, "-c", KILLED], env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        with ended(driver):
            assert eventually(lambda: sandbox.stats()["page_visits"] > 0, 120), (tmp_path / "driver.txt").read_text()
            assert len(monitors_and_browsers(head.pid)) >= 2
            driver.kill()
            driver.wait(10)
        assert eventually(lambda: not monitors_and_browsers(head.pid), 90)


@pytest.mark.timeout(300)
def test_a_key_that_the_driver_alone_has_is_named(sandbox, tmp_path, ray_temp):
    home = of_ray(tmp_path, ray_temp)
    with ray_head(home) as (address, _):
        environ = home | {"WANDB_BASE_URL": sandbox.base_url, "WANDB_API_KEY": sandbox.api_key, "HEAD": address}
        done = subprocess.run(
            [sys.executable, "-c", KILLED],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    assert done.returncode == 1
    assert "ApiKeyError: The shared monitor has no API key on the cluster's head node." in done.stderr
    assert sandbox.api_key not in done.stdout + done.stderr


def holding(secret, folder):
    """The files below a folder in which a secret stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if secret.encode() in path.read_bytes()]
