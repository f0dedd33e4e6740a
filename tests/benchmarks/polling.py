"""Rows 1 and 2: the API requests of 100 waiting runs, and the delay until an export is noticed."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tests.benchmarks.environment import BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.benchmarks.processes import pause, program, until

INTERVAL = 5.0
_EXPORT_DELAY = 3.7
"""Seconds from a visit to the export; no multiple of any interval."""


def requests(scale: Scale) -> list[Figure]:
    """Row 1."""
    count, seconds = scale.count(100, 4), scale.pick(30, 5)
    settle = scale.pick(4 + INTERVAL, 2)
    with benchmark_sandbox() as here:
        runs = here.runs_file(here.seed(count, "poll"))
        at_once = _per_minute(here, our_program("group", runs, f"{INTERVAL}", "0", "no"), settle, seconds)
        spread = _per_minute(here, our_program("group", runs, f"{INTERVAL}", f"{INTERVAL}", "no"), settle, seconds)
        loops = _per_minute(here, our_program("loops", runs, f"{INTERVAL}"), settle + 4, seconds)
    limit = None if scale.quick else 1 / 50
    what = f"API requests a minute, {count} runs waiting"
    return [
        Figure(1, f"{what}, begun at once", at_once, loops, "/min", limit),
        Figure(1, f"{what}, begun over {INTERVAL:g} s", spread, loops, "/min", limit),
    ]


def _per_minute(here: BenchmarkSandbox, command: list[str], settle: float, seconds: float) -> float:
    with (here.folder / "output.txt").open("ab") as output, program(command, here.environ(), output):
        pause(settle)
        before, began = here.requests(), time.monotonic()
        pause(seconds)
        return (here.requests() - before) * 60 / (time.monotonic() - began)


def delay(scale: Scale) -> list[Figure]:
    """Row 2."""
    count = scale.count(100, 2)
    with benchmark_sandbox(export_delay=_EXPORT_DELAY) as here:
        ours, poll_policy = _ours(here, count)
    with benchmark_sandbox(export_delay=_EXPORT_DELAY) as here:
        theirs = _theirs(here, count, poll_policy, scale.pick(5 + INTERVAL, 3))
    limit = None if scale.quick else 0.5
    return [
        Figure(2, f"delay from export to row, {count} runs, median", ours.median, theirs.median, "s", limit),
        Figure(2, "the same, 95th percentile", ours.p95, theirs.p95, "s", limit),
    ]


def _ours(here: BenchmarkSandbox, count: int) -> tuple[Times, float]:
    """Our delays, and how many seconds lay between two visits."""
    runs = here.seed(count, "delay")
    out = here.folder / "ours.txt"
    command = our_program("group", here.runs_file(runs), f"{INTERVAL}", "0", "visit")
    with out.open("wb") as output, program(command, here.environ(), output) as process:
        until(lambda: _count(out, "found") == count or process.poll() is not None, 180, "all artifacts")
    visited = sorted(_times(out, "visited").values())
    return _delays(here, out, count), (visited[-1] - visited[0]) / max(1, len(visited) - 1)


def _theirs(here: BenchmarkSandbox, count: int, poll_policy: float, settle: float) -> Times:
    """Their delays: the exports begin at the pace of our visits, which is quicker than theirs would be."""
    runs = here.seed(count, "delay")
    out = here.folder / "theirs.txt"
    command = our_program("loops", here.runs_file(runs), f"{INTERVAL}")
    with out.open("wb") as output, program(command, here.environ(), output):
        pause(settle)
        for run in runs:
            here.export(run, _EXPORT_DELAY)
            pause(random.uniform(0.5, 1.5) * poll_policy)  # noqa: S311 - jitter, no secret
        until(lambda: _count(out, "found") == count, 120, "all artifacts")
    return _delays(here, out, count)


def _delays(here: BenchmarkSandbox, out: Path, count: int) -> Times:
    from wandb_tui.core.address import RunAddress

    found = _times(out, "found")
    if len(found) < count:
        raise RuntimeError(f"only {len(found)} of {count} artifacts were found: {out.read_text()[-2000:]}")
    times = Times()
    for path, at in found.items():
        times.add(at - here.appeared(RunAddress.parse(path)))
    return times


def _times(out: Path, word: str) -> dict[str, float]:
    lines = [line.split() for line in out.read_text().splitlines()]
    return {line[1]: float(line[2]) for line in lines if len(line) == 3 and line[0] == word}


def _count(out: Path, word: str) -> int:
    return len(_times(out, word))


BENCHMARKS = (Benchmark("requests", (1,), requests), Benchmark("delay", (2,), delay))
