"""Rows 14 to 17: exported histories on this disk, from the start of the process, and parts of one in a table."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.environment import ENTITY, PROJECT, BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.exported_runs import exported_run

METRICS = 20
_WAYS = ("ours", "artifact", "exports")
_BIG = f"{ENTITY}/{PROJECT}/big"
_TIMEOUT_S = 1200
_LATENCY_S = 0.05
_FAR = tuple(f"slow:path={path},seconds={_LATENCY_S}" for path in ("graphql", "storage"))
"""The faults that make the sandbox as far away as a server on the internet."""
_NARROW = (*_FAR, "narrow:path=storage,megabits=100")
"""The same at the end of a line of 100 megabits per second."""


@dataclass(frozen=True, slots=True)
class _Costs:
    """The costs of a command: seconds, seconds of processor time, MB at its peak, requests to the API, bytes."""

    wall: float
    processor: float
    peak: float
    requests: int
    bytes: int


def single(scale: Scale) -> list[Figure]:
    """Row 14: ours against the SDK's two ways, in turn."""
    steps, rounds = scale.count(100_000, 500), scale.count(7, 1)
    walls = {way: Times() for way in _WAYS}
    processors = {way: Times() for way in _WAYS}
    with benchmark_sandbox() as here:
        digest = exported_run(here.sandbox, "big", steps, METRICS)
        for turn in range(rounds):
            for way in _WAYS:
                folder = here.folder / f"{way}{turn}"
                # A home of its own each time: the SDK keeps what it has once downloaded.
                costs = _run(here, our_program("download", way, _BIG, str(folder)), f"{way}{turn}-home")
                walls[way].add(costs.wall)
                processors[way].add(costs.processor)
                _check(folder, [digest])
                shutil.rmtree(folder)
    limit = None if scale.quick else 0.6
    what = f"one history of {steps:,} steps × {METRICS} metrics downloaded"
    ours, used = walls["ours"].median, processors["ours"].median
    return [
        Figure(14, f"{what}, against Api().artifact().download()", ours, walls["artifact"].median, "s", limit),
        Figure(14, "the same, processor time", used, processors["artifact"].median, "s"),
        Figure(14, f"{what}, against download_history_exports()", ours, walls["exports"].median, "s", limit),
        Figure(14, "the same, processor time", used, processors["exports"].median, "s"),
    ]


def bulk(scale: Scale) -> list[Figure]:
    """Row 15: many runs, against a loop over the SDK's call, and against plain HTTP downloads of the same files."""
    count, steps, rounds = scale.count(200, 3), scale.count(10_000, 100), scale.count(3, 1)
    figures: list[Figure] = []
    with benchmark_sandbox() as here:
        runs = [f"{ENTITY}/{PROJECT}/run{number:03d}" for number in range(count)]
        digests = [
            exported_run(here.sandbox, run.rpartition("/")[2], steps, METRICS, seed=number)
            for number, run in enumerate(runs)
        ]
        for where, faults in (("", ()), (f", each answer {_LATENCY_S * 1000:.0f} ms away", _FAR)):
            here.sandbox.set_faults(*faults)
            taken = [
                [_bring_all(here, way, runs, digests) for way in ("ours", "exports", "plain", "hashed")]
                for _ in range(rounds)
            ]
            ours, loop, plain, hashed = (_median(costs) for costs in zip(*taken, strict=True))
            what = f"{count} histories of {steps:,} steps × {METRICS} metrics{where}"
            limits = (None, None, None) if scale.quick else (1 / 8, 1 / 4, 1 / 0.8)
            against = f"{what}, against 8 parallel plain HTTP downloads"
            note = "0.8 × their rate; theirs know the addresses"
            figures += [
                Figure(
                    15, f"{what}, against a loop over download_history_exports()", ours.wall, loop.wall, "s", limits[0]
                ),
                Figure(15, "the same, processor time", ours.processor, loop.processor, "s"),
                Figure(15, "the same, API requests", ours.requests, loop.requests, "", limits[1]),
                Figure(15, against, ours.wall, plain.wall, "s", limits[2], note=note),
                Figure(15, "the same, processor time", ours.processor, plain.processor, "s"),
                Figure(15, f"{against}, hashed", ours.wall, hashed.wall, "s", note="theirs know the addresses"),
            ]
    return figures


def _median(costs: Sequence[_Costs]) -> _Costs:
    """Those that took neither the longest nor the shortest."""
    return sorted(costs, key=lambda one: one.wall)[len(costs) // 2]


def _bring_all(here: BenchmarkSandbox, way: str, runs: Sequence[str], digests: Sequence[str]) -> _Costs:
    """Download all runs by `way`, check them and remove them."""
    folder, names = here.folder / way, here.folder / f"{way}.txt"
    names.write_text("\n".join(runs if way in {"ours", "exports"} else [_url(here, run) for run in runs]))
    command = our_program("bulk_download", way, str(names), str(folder))
    if way == "ours":
        command = [sys.executable, "-m", "wandb_tui", "download", *runs, "--to", str(folder), "--no-visit"]
    home = f"{way}-home"
    costs = _run(here, command, home)
    _check(folder, digests)
    shutil.rmtree(folder)
    shutil.rmtree(here.folder / home)
    return costs


def part(scale: Scale) -> list[Figure]:
    """Row 16: some columns and steps in a warm process, against the whole file, downloaded and read the same way."""
    steps, rounds = scale.count(100_000, 500), scale.count(7, 1)
    limit = None if scale.quick else 1 / 5
    figures: list[Figure] = []
    with benchmark_sandbox() as here:
        for name, groups in (("one row group", 1), ("ten row groups", 10)):
            run_id = f"big{groups}"
            here.sandbox.set_faults()
            exported_run(here.sandbox, run_id, steps, METRICS, group_rows=steps // groups)
            run = f"{ENTITY}/{PROJECT}/{run_id}"
            sent = {way: _bytes_of(here, run, steps, way) for way in ("part", "whole")}
            for where, faults in (("", ()), (", 50 ms away, 100 Mbit/s", _NARROW)):
                here.sandbox.set_faults(*faults)
                report = here.folder / f"{run_id}{len(faults)}.json"
                command = our_program("partial_read", run, str(steps), str(rounds), str(report))
                subprocess.run(
                    command, env=here.environ(run_id), stdout=subprocess.DEVNULL, check=True, timeout=_TIMEOUT_S
                )
                told = json.loads(report.read_text())
                part, whole = told["part"], told["whole"]
                what = f"3 columns of {METRICS}, the last tenth of {steps:,} steps, warm, {name}{where}"
                figures += [
                    Figure(16, what, part["wall_s"], whole["wall_s"], "s", limit),
                    Figure(16, "the same, processor time", part["processor_s"], whole["processor_s"], "s"),
                ]
            figures.append(Figure(16, "the same, bytes", sent["part"], sent["whole"], "B", limit))
    return figures


def memory(scale: Scale) -> list[Figure]:
    """Row 17: a long history written as CSV, against pandas."""
    steps = scale.count(5_000_000, 1000)
    with benchmark_sandbox() as here:
        exported_run(here.sandbox, "big", steps, 3)
        folder = here.folder / "ours"
        command = [sys.executable, "-m", "wandb_tui", "download", _BIG, "--to", str(folder), "--no-visit"]
        ours = _run(here, [*command, "--format", "csv"], "ours-home")
        shutil.rmtree(folder)
        pandas = _run(here, our_program("pandas_csv", _BIG, str(here.folder / "pandas")), "pandas-home")
    what = f"a history of {steps:,} rows to CSV: peak memory"
    return [
        Figure(17, what, ours.peak, pandas.peak, "MB", None if scale.quick else 200, absolute=True),
        Figure(17, "the same, processor time", ours.processor, pandas.processor, "s"),
        Figure(17, "the same, wall time", ours.wall, pandas.wall, "s"),
    ]


def _run(here: BenchmarkSandbox, command: Sequence[str], home: str) -> _Costs:
    """Run a command to its good end."""
    report = here.folder / f"{home}.json"
    before = here.sandbox.stats()
    subprocess.run(
        our_program("costs", str(report), *command),
        env=here.environ(home),
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=_TIMEOUT_S,
    )
    after, told = here.sandbox.stats(), json.loads(report.read_text())
    requests, sent = (after[name] - before[name] for name in ("graphql_requests", "export_bytes"))
    return _Costs(told["wall_s"], told["processor_s"], told["peak_mb"], requests, sent)


def _url(here: BenchmarkSandbox, run: str) -> str:
    """The address of the one file of a run's export."""
    inner = here.sandbox.context
    made = inner.state.run(inner.state.ensure_project(ENTITY, PROJECT)[0], run.rpartition("/")[2])
    if made is None:
        raise LookupError(f"there is no run {run}")
    (file,) = inner.exports.files(inner.exports.versions(made)[0])
    return inner.storage.export_file_url(here.sandbox.base_url, file)


def _bytes_of(here: BenchmarkSandbox, run: str, steps: int, way: str) -> int:
    """The bytes of exported files that one read takes."""
    report = here.folder / "unused.json"
    return _run(here, our_program("partial_read", run, str(steps), "0", str(report), way), "bytes-home").bytes


def _check(folder: Path, digests: Sequence[str]) -> None:
    """Make sure that a folder holds just these files."""
    found = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*0*.parquet"))
    if found != sorted(digests):
        raise RuntimeError(f"{folder.name} holds {len(found)} files in place of {len(digests)}, or wrong ones")


BENCHMARKS = (
    Benchmark("downloads", (14,), single),
    Benchmark("bulk", (15,), bulk),
    Benchmark("part", (16,), part),
    Benchmark("memory", (17,), memory),
)
