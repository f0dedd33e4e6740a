"""Row 13: an exported history replayed into a new run, where the server does not fork."""

from __future__ import annotations

import subprocess
import time

from tests.benchmarks.downloads import METRICS
from tests.benchmarks.environment import ENTITY, PROJECT, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.exported_runs import exported_run

_WAYS = ("ours", "theirs")
_REFUSED = "fork-refused:code=403,message=forking is not enabled for this account"


def replays(scale: Scale) -> list[Figure]:
    """Row 13: ours against a script that logs as many rows, in turn."""
    steps, rounds = scale.count(100_000, 500), scale.count(3, 1)
    times = {way: Times() for way in _WAYS}
    with benchmark_sandbox() as here:
        exported_run(here.sandbox, "big", steps, METRICS)
        here.sandbox.set_faults(_REFUSED)
        for _ in range(rounds):
            for way in _WAYS:
                began = time.monotonic()
                command = our_program("replay", way, f"{ENTITY}/{PROJECT}/big", str(steps), str(METRICS))
                subprocess.run(command, env=here.environ(way), stdout=subprocess.DEVNULL, check=True, timeout=600)
                times[way].add(time.monotonic() - began)
    ours, theirs = (times[way].median for way in _WAYS)
    limit = None if scale.quick else 1.3
    what = f"one history of {steps:,} steps × {METRICS} metrics replayed, against logging it"
    return [Figure(13, what, ours, theirs, "s", limit)]


BENCHMARKS = (Benchmark("replays", (13,), replays),)
