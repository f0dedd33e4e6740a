"""Row 18: ten thousand runs of four projects wait in one dashboard."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.environment import BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.benchmarks.keys import press, shown
from tests.benchmarks.processes import Stopped, descendants, pause, processor_seconds, program, pss, until
from tests.benchmarks.reactions import BELOW_SHELL, left
from tests.benchmarks.terminal import Terminal
from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State
from wandb_tui.services.disk.paths import APP
from wandb_tui.services.disk.store import SqliteWatchStore

_PROJECTS = 4
_EXPORTS_A_SECOND = 10
_MAX_REQUESTS = 150.0
"""Requests a minute while each run is still asked itself in short turns; once the feeds are trusted, 60."""
_SETTLE_S = 60.0
"""Seconds that the feeds are on trial before the measuring; each run is still asked itself in short turns."""

_FIRST_ANSWERS_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Cost:
    """The costs of a dashboard with so many waiting runs: seconds until each had an answer, MB, keys, requests a
    minute, per cent of one core."""

    runs: int
    answered: float
    memory: float
    keys: Times
    requests: float
    processor: float


def feeds(scale: Scale) -> list[Figure]:
    """Row 18."""
    count, settle, seconds = scale.count(10_000, 40), scale.pick(_SETTLE_S, 3), scale.pick(60, 5)
    with benchmark_sandbox() as here:
        few = _waiting(here, scale.count(10, 4), scale.pick(10, 2), 1, scale)
        cost = _waiting(here, count, settle, seconds, scale)
        bare = _bare_threads(here, count)
    with benchmark_sandbox() as here:
        after = _delays(here, count, settle, scale.pick(30, 1))
    return _figures(
        f"{count:,} runs of {_PROJECTS} projects waiting",
        cost,
        few,
        bare,
        after,
        quick=scale.quick,
    )


def _figures(what: str, cost: Cost, few: Cost, bare: float, after: tuple[Times, float], *, quick: bool) -> list[Figure]:
    delays, leaving = after

    def limit(value: float) -> float | None:
        return None if quick else value

    memory = f"the same, memory, against {few.runs} runs and as many bare threads"
    keys = f"the same, key press to repaint, against {few.runs} runs, 95th percentile"
    delay = f"delay from export to row, {_EXPORTS_A_SECOND} exports a second, median"
    answers = f"the same, from the start until each run has had an answer, against {few.runs} runs"
    return [
        Figure(18, f"{what}: API requests", cost.requests, unit="/min", limit=limit(_MAX_REQUESTS), absolute=True),
        Figure(18, "the same, processor time", cost.processor, unit="%", limit=limit(12), absolute=True),
        Figure(18, answers, cost.answered, few.answered, "s"),
        Figure(18, memory, cost.memory, few.memory + bare, "MB", limit(1.5)),
        Figure(18, keys, cost.keys.p95 * 1000, few.keys.p95 * 1000, "ms", limit(1.5)),
        Figure(18, delay, delays.median, unit="s", limit=limit(3), absolute=True),
        Figure(18, "the same, 95th percentile", delays.p95, unit="s", limit=limit(6), absolute=True),
        Figure(18, "from q y to the prompt", leaving, unit="s", limit=limit(1), absolute=True),
    ]


def _seed(here: BenchmarkSandbox, count: int, prefix: str) -> list[RunAddress]:
    return [
        run
        for number in range(_PROJECTS)
        for run in here.seed(count // _PROJECTS, f"{prefix}{number}-", project=f"{prefix}{number}")
    ]


def _waiting(here: BenchmarkSandbox, count: int, settle: float, seconds: float, scale: Scale) -> Cost:
    home = f"feeds{count}"
    here.store(_seed(here, count, home), home)
    with Terminal(our_program("dashboard", "poll"), here.environ(home)) as terminal:
        terminal.wait(lambda written: f"{home}0-0000".encode() in written, 120, "the first row")
        answered = _answered(here, home, terminal)
        terminal.read(settle)
        requests, used, began = here.requests(), processor_seconds(terminal.process.pid), time.monotonic()
        terminal.read(seconds)
        lasted = time.monotonic() - began
        requests, used = here.requests() - requests, processor_seconds(terminal.process.pid) - used
        memory = pss(terminal.process.pid)
        pressed = [press(terminal, number) for number in range(scale.count(15, 2))]
        terminal.read(1)
        return Cost(count, answered, memory, shown(terminal, pressed), 60 * requests / lasted, 100 * used / lasted)


def _answered(here: BenchmarkSandbox, home: str, terminal: Terminal) -> float:
    """Seconds from the start until what the server says of each run is stored."""
    store = _store(here, home)

    def answered() -> bool:
        terminal.read(1)
        return all(row.run_info is not None for row in store.load())

    until(answered, _FIRST_ANSWERS_TIMEOUT_S, "an answer about each run")
    return time.monotonic() - terminal.began


def _store(here: BenchmarkSandbox, home: str) -> SqliteWatchStore:
    return SqliteWatchStore(here.folder / home / "state" / APP / "watchlist.sqlite3", here.key)


def _delays(here: BenchmarkSandbox, count: int, settle: float, seconds: float) -> tuple[Times, float]:
    """Let exports come at random for some seconds; from each until its row was stored as available. Then quit.

    Raises:
        RuntimeError: An export was not noticed, or something was left behind.
    """
    home = "delays"
    runs = _seed(here, count, home)
    here.store(runs, home)
    exported = runs[:: max(1, len(runs) // int(seconds * _EXPORTS_A_SECOND))]
    store = _store(here, home)
    found: dict[RunAddress, float] = {}
    with Terminal([*BELOW_SHELL, *our_program("dashboard", "poll")], here.environ(home)) as terminal:
        terminal.wait(lambda written: f"{home}0-0000".encode() in written, 120, "the first row")
        _answered(here, home, terminal)
        terminal.read(settle)
        exporting = threading.Thread(target=_export, args=(here, exported))
        exporting.start()
        deadline = time.monotonic() + seconds + 60
        while len(found) < len(exported):
            if time.monotonic() > deadline:
                raise RuntimeError(f"only {len(found)} of {len(exported)} exports were noticed:\n{terminal.screen()}")
            terminal.read(0.5)
            found |= dict(_found(store))
        exporting.join()
        leaving = left(terminal)
        if rest := [name for name in descendants(terminal.process.pid).values() if "sleep" not in name]:
            raise RuntimeError(f"something was left behind: {rest}")
    times = Times()
    for run, at in found.items():
        times.add(max(0.0, at - here.appeared(run)))
    return times, leaving


def _found(store: SqliteWatchStore) -> Iterator[tuple[RunAddress, float]]:
    """The runs that are stored as available, and when they were found to be."""
    for row in store.load():
        if row.state is State.AVAILABLE and (ended := row.attempts[-1].ended) is not None:
            yield row.run, ended.timestamp()


def _export(here: BenchmarkSandbox, runs: list[RunAddress]) -> None:
    try:
        for run in runs:
            here.export(run, 0.0)
            pause(1 / _EXPORTS_A_SECOND)
    except Stopped:
        return


def _bare_threads(here: BenchmarkSandbox, count: int) -> float:
    """Memory that as many threads take that only wait, in MB."""
    memory = []
    for threads in (0, count):
        with (
            (here.folder / "threads.txt").open("wb") as output,
            program(our_program("threads", str(threads)), here.environ(), output) as process,
        ):
            pause(3)
            memory.append(statistics.median(pss(process.pid) for _ in range(3)))
    return memory[1] - memory[0]


BENCHMARKS = (Benchmark("feeds", (18,), feeds),)
