"""Row 10: an exported run's history, from the start of the process to verified files."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import time
from pathlib import Path

from tests.benchmarks.environment import ENTITY, PROJECT, BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times

METRICS = 20
_WAYS = ("ours", "artifact", "exports")


def downloads(scale: Scale) -> list[Figure]:
    """Row 10: ours against the SDK's two ways, in turn."""
    steps, rounds = scale.count(100_000, 500), scale.count(7, 1)
    times = {way: Times() for way in _WAYS}
    with benchmark_sandbox() as here:
        digest = exported_run(here, steps)
        for turn in range(rounds):
            for way in _WAYS:
                folder = here.folder / f"{way}{turn}"
                began = time.monotonic()
                command = our_program("download", way, f"{ENTITY}/{PROJECT}/big", str(folder))
                # A home of its own each time: the SDK keeps what it has once downloaded.
                subprocess.run(
                    command, env=here.environ(f"{way}{turn}-home"), stdout=subprocess.DEVNULL, check=True, timeout=120
                )
                times[way].add(time.monotonic() - began)
                if [_digest(path) for path in folder.rglob("*.parquet")] != [digest]:
                    raise RuntimeError(f"{way} did not bring the file")
                shutil.rmtree(folder)
    ours, artifact, exports = (times[way].median for way in _WAYS)
    limit = None if scale.quick else 0.6
    what = f"one history of {steps:,} steps × {METRICS} metrics downloaded"
    return [
        Figure(10, f"{what}, against Api().artifact().download()", ours, artifact, "s", limit),
        Figure(10, "the same, against download_history_exports()", ours, exports, "s", limit),
    ]


def exported_run(here: BenchmarkSandbox, steps: int) -> str:
    """Put an exported run on the sandbox; the digest of its one file."""
    inner = here.sandbox.context
    numbers = random.Random(1)  # noqa: S311 - figures for a curve
    lines = [
        json.dumps({"_step": step, **{f"m{number}": numbers.random() for number in range(METRICS)}})
        for step in range(steps)
    ]
    made = inner.state.create_run(inner.state.ensure_project(ENTITY, PROJECT)[0], "big", None)
    inner.histories.append(made, "wandb-history.jsonl", 0, lines)
    inner.state.update_run(made, state="finished")
    here.sandbox.export_now(f"{ENTITY}/{PROJECT}/big")
    (file,) = inner.exports.files(inner.exports.versions(made)[0])
    return _digest(file.path)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


BENCHMARKS = (Benchmark("downloads", (10,), downloads),)
