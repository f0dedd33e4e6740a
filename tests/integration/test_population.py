"""A population whose members fork each other, generation after generation, while the server and the browser fail.

The real Ray on two nodes, the real SDK, the real browser. As many forks as wanted: with ``FORKS=300`` so many.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.integration.browser_support import children
from tests.integration.terminal import ended
from tests.integration.test_ray import IN_KEYRING, holding, is_browser, of_a_user, ray_temp, topmost  # noqa: F401
from wandb_tui.sandbox import Sandbox, SandboxConfig

PROCESSES, MEMBERS, DONORS = 8, 100, 10
"""The numbers of processes that fork, of members of a generation, and of those that the next one is forked from."""
FIRST_STEPS, OWN_STEPS = 10, 3

# Every member forks a good one of the generation before at its last step, and logs which one it is. Every other child
# is given an id; the others get theirs from the SDK.
POPULATION = """
import json, os, sys, time
import ray, wandb
from ray.cluster_utils import Cluster
from wandb_tui.integrations.ray import HistoryCallback

PROCESSES, MEMBERS, DONORS, FIRST, OWN, FORKS = json.loads(os.environ["SIZES"])
QUIET = dict(silent=True, console="off", x_disable_stats=True, x_disable_meta=True)

# Each of them works for many members, since a process of Ray's takes seconds to start.
@ray.remote(num_cpus=0.25, scheduling_strategy="SPREAD")
class Worker:
    def fork(self, number, parent, step):
        from wandb_tui.integrations.ray import fork_when_ready

        began = time.monotonic()
        given = {"id": f"given-{number}"} if number % 2 else {}
        settings = wandb.Settings(**QUIET, x_file_stream_transmit_interval=1)
        with fork_when_ready(f"lab/forks/{parent}", step, timeout=600, settings=settings, **given) as run:
            for own in range(1, OWN + 1):
                run.log({"member": number}, step=step + own)
        return number, parent, step, run.id, ray.get_runtime_context().get_node_id(), time.monotonic() - began

node = {"num_cpus": 2, "object_store_memory": 80_000_000}
cluster = Cluster(initialize_head=True, head_node_args=node)
cluster.add_node(**node)
ray.init(cluster.address)
callback = HistoryCallback()
callback.setup()
with wandb.init(entity="lab", project="forks", id="first", settings=wandb.Settings(**QUIET)) as first:
    for _ in range(FIRST):
        first.log({"member": -1})
workers = [Worker.remote() for _ in range(PROCESSES)]
donors, step, told, errors = ["first"] * DONORS, FIRST - 1, [], []
while len(told) + len(errors) < FORKS:
    number = len(told) + len(errors)
    pending = [
        workers[one % PROCESSES].fork.remote(number + one, donors[one % DONORS], step)
        for one in range(min(MEMBERS, FORKS - number))
    ]
    made = []
    for task in pending:
        try:
            made.append(ray.get(task))
        except Exception as error:
            errors.append(str(error)[-600:])
    told += made
    print(f"{len(told)} forks, {len(errors)} errors", flush=True)
    if len(made) < DONORS:
        break
    donors, step = [run_id for _, _, _, run_id, _, _ in made[:DONORS]], step + OWN
callback.on_experiment_end()
for _ in range(90):
    if not (actors := ray.util.list_named_actors(all_namespaces=True)):
        break
    time.sleep(1)
ray.shutdown()
cluster.shutdown()
print("TOLD", json.dumps({"forks": told, "errors": errors, "actors": actors}), flush=True)
"""

# The faults of each period; one with `times` strikes that often, and then the server works. The sign-in has none: a
# password whose answer was lost is not sent again, which ends all waiting, as it should.
FAULTS = (
    ["http-status:code=500,path=graphql,times=3"],
    ["http-status:code=503,path=storage,times=2"],
    ["http-status:code=500,path=file-stream,times=2"],
    ["http-status:code=500,path=run-page,times=1"],
    ["rate-limit:retry-after=1,seconds=2"],
    ["reset:path=graphql,times=3"],
    ["reset:path=run-page,times=1"],
    ["reset:path=file-stream,times=2"],
    ["reset:path=storage,times=2"],
    # The request is carried out, and its answer lost.
    ["cut:bytes=0,path=graphql,times=2"],
    ["broken-json:path=graphql,who=api,times=2"],
    ["stale-export:steps=2"],
    ["export-fails:times=2"],
    ["fork-refused:code=500,times=2,message=Something went wrong; contact support"],
    ["fork-refused:code=409,times=3"],
    ["fork-graphql-error:times=2"],
    [],
)
_PAUSE_S = 3.0


class Chaos:
    """Changes the faults of a sandbox again and again; now and then it ends all sessions, or kills the browser."""

    def __init__(self, sandbox, pid, seed):
        self._sandbox, self._pid = sandbox, pid
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on)
        self.expired = self.killed = self.changes = 0
        self._sign_ins = self._visits = 0
        self._used = False

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._sandbox.set_faults()

    def _go_on(self):
        deck = []
        while not self._over.wait(_PAUSE_S):
            # Each of them comes before any comes again.
            deck = deck or self._random.sample([*FAULTS, "expire", "kill"], len(FAULTS) + 2)
            self.changes += 1
            used = self._session_is_used()
            match deck.pop():
                case "expire":
                    # A session that ends before any page has loaded with it is taken for a refusal, as it should be.
                    if used:
                        self.expired += 1
                        self._sandbox.expire_sessions()
                        self._visits, self._used = self._sandbox.stats()["page_visits"], False
                case "kill":
                    if used:
                        self._kill_browser()
                case faults:
                    self._sandbox.set_faults(*faults)

    def _session_is_used(self):
        """Whether a page had loaded with the newest session when the faults were last changed."""
        stats = self._sandbox.stats()
        if stats["sign_ins"] != self._sign_ins:
            self._sign_ins, self._visits, self._used = stats["sign_ins"], stats["page_visits"], False
        used, self._used = self._used, stats["page_visits"] > self._visits
        return used

    def _kill_browser(self):
        for pid in topmost(pid for pid, command in children(self._pid).items() if is_browser(command)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed += 1


@pytest.mark.timeout(3000)
@pytest.mark.long
def test_no_fork_is_lost_or_made_twice(tmp_path, ray_temp):  # noqa: F811 - the fixture
    forks = int(os.environ.get("FORKS", "1000"))
    seed = random.randrange(1_000_000)  # noqa: S311 - no secret
    print("seed", seed)
    out = tmp_path / "out.txt"
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        sizes = json.dumps([PROCESSES, MEMBERS, DONORS, FIRST_STEPS, OWN_STEPS, forks])
        environ = of_a_user(sandbox, tmp_path, ray_temp) | {"SIZES": sizes}
        with out.open("w") as file:
            command = ["dbus-run-session", "--", "sh", "-c", IN_KEYRING, "sh", sys.executable, "-c", POPULATION]
            done = subprocess.Popen(
                command, env=environ, cwd=tmp_path, stdout=file, stderr=file, stdin=subprocess.DEVNULL
            )
            with ended(done), Chaos(sandbox, done.pid, seed) as chaos:
                done.wait(2900)
        text = out.read_text()
        assert done.returncode == 0, text[-4000:]
        report = json.loads(text.rpartition("TOLD ")[2].splitlines()[0])
        print(sandbox.stats(), "expired", chaos.expired, "killed", chaos.killed, "changes", chaos.changes)
        times = sorted(seconds for *_, seconds in report["forks"])
        print("seconds a fork: median", times[len(times) // 2], "longest", times[-1])
        assert report["errors"] == [], text[-4000:]
        assert report["actors"] == []
        check_families(sandbox, report["forks"], forks)
        assert sandbox.stats()["sign_ins"] <= 1 + chaos.expired, "one sign-in for each session"
        assert len({node for *_, node, _ in report["forks"]}) == 2
        for secret in (sandbox.password, sandbox.api_key):
            assert secret not in text
            assert not holding(secret, Path(ray_temp))


def check_families(sandbox, forks, wanted):
    """Each child is there once, forked where it should be, with its parent's rows and its own."""
    state, histories = sandbox.context.state, sandbox.context.histories
    project = state.project("lab", "forks")
    runs = {run.name: run for run in state.runs(project)}
    assert [number for number, *_ in forks] == list(range(wanted))
    assert runs.keys() == {"first"} | {run_id for _, _, _, run_id, *_ in forks}
    rows_of = {"first": [(step, -1) for step in range(FIRST_STEPS)]}
    for number, parent, step, run_id, *_ in forks:
        assert number % 2 == 0 or run_id == f"given-{number}"
        assert (runs[run_id].parent, runs[run_id].fork_step) == (parent, step)
        own = [(step + one, number) for one in range(1, OWN_STEPS + 1)]
        rows_of[run_id] = [*(row for row in rows_of[parent] if row[0] <= step), *own]
        assert [(row["_step"], row["member"]) for row in histories.rows(runs[run_id])] == rows_of[run_id], run_id
