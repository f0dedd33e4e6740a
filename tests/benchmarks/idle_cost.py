"""Rows 3 and 4: what a waiting run costs on this machine, in the dashboard."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.environment import BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale
from tests.benchmarks.polling import INTERVAL
from tests.benchmarks.processes import pause, processor_seconds, program, pss
from tests.benchmarks.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Cost:
    """The costs of a program with some runs: memory in MB, processor time as per cent of one core."""

    runs: int
    memory: float
    processor: float

    def per_run(self, fewer: Cost) -> float:
        """Memory for each run that it has more than another."""
        return (self.memory - fewer.memory) / (self.runs - fewer.runs)


def waiting(scale: Scale) -> list[Figure]:
    """Rows 3 and 4."""
    few, many, loops, seconds = scale.count(10, 2), scale.count(1000, 6), scale.count(100, 4), scale.pick(30, 3)
    with benchmark_sandbox() as here:
        few_ours = _dashboard(here, few, scale.pick(12, 2), 1)
        ours = _dashboard(here, many, scale.pick(30, 3), seconds)
        few_theirs = _loops(here, few, scale.pick(10, 4), 1)
        theirs = _loops(here, loops, scale.pick(15, 6), min(seconds, 20))
    memory, processor = f"memory per further waiting run, {few} to {many:,}", f"processor time, {many:,} runs waiting"
    return [
        Figure(
            row=3,
            measure=memory,
            ours=ours.per_run(few_ours),
            theirs=theirs.per_run(few_theirs),
            unit="MB",
            limit=None if scale.quick else 0.25,
            absolute=True,
            note=f"theirs: {few} to {loops} loops; all of ours: {ours.memory:.0f} MB",
        ),
        Figure(
            row=4,
            measure=processor,
            ours=ours.processor,
            theirs=theirs.processor,
            unit="%",
            limit=None if scale.quick else 10,
            absolute=True,
            note=f"of one core; theirs: {loops} loops",
        ),
    ]


def _dashboard(here: BenchmarkSandbox, count: int, settle: float, seconds: float) -> Cost:
    home = f"dashboard{count}"
    here.store(here.seed(count, f"d{count}-"), home)
    with Terminal(our_program("dashboard", "poll"), here.environ(home)) as terminal:
        # The title of the pane appears with the first row; then every run has its first answers to come.
        terminal.wait(lambda written: f"d{count}-0000".encode() in written, 120, "the first row")
        terminal.read(settle)
        screen, before = terminal.screen(), here.requests()
        if f"{count} waiting" not in screen:
            raise RuntimeError(f"not all {count} runs are waiting:\n{screen}")
        cost = _cost(terminal.process.pid, count, lambda: terminal.read(seconds))
        if seconds > INTERVAL and here.requests() == before:
            raise RuntimeError("the dashboard does not poll")
        return cost


def _loops(here: BenchmarkSandbox, count: int, settle: float, seconds: float) -> Cost:
    runs = here.runs_file(here.seed(count, f"l{count}-"))
    command = our_program("loops", runs, f"{INTERVAL}")
    with (here.folder / "loops.txt").open("ab") as output, program(command, here.environ(), output) as process:
        pause(settle)
        return _cost(process.pid, count, lambda: pause(seconds))


def _cost(pid: int, runs: int, let_pass: Callable[[], None]) -> Cost:
    before, began = processor_seconds(pid), time.monotonic()
    let_pass()
    used = (processor_seconds(pid) - before) / (time.monotonic() - began)
    return Cost(runs, pss(pid), 100 * used)


BENCHMARKS = (Benchmark("waiting", (3, 4), waiting),)
