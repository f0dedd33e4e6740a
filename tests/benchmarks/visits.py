"""Row 5: what it takes to visit 20 run pages."""

from __future__ import annotations

import os

from tests.benchmarks.environment import BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale
from tests.benchmarks.processes import Peak, program, until
from wandb_tui.services.browser.discovery import find_browser


def visits(scale: Scale) -> list[Figure]:
    """Row 5."""
    count = scale.count(20, 1)
    with benchmark_sandbox() as here:
        memory, seconds = _visited(here, "visits", count)
        their_memory, their_seconds = _visited(here, "browsers", count, str(find_browser(os.environ)))
    limits = (None, None) if scale.quick else (1 / 5, 1 / 2)
    return [
        Figure(5, f"{count} pages visited: peak memory of the browser", memory, their_memory, "MB", limits[0]),
        Figure(5, "the same, wall time", seconds, their_seconds, "s", limits[1]),
    ]


def _visited(here: BenchmarkSandbox, name: str, count: int, *arguments: str) -> tuple[float, float]:
    """The browsers' peak memory (PSS, MB), and the seconds that all visits took.

    Raises:
        RuntimeError: Not all pages were visited.
    """
    command = our_program(name, here.runs_file(here.seed(count, name)), *arguments)
    out = here.folder / f"{name}.txt"
    with (
        out.open("wb") as output,
        program(command, here.environ(name), output) as process,
        Peak(process.pid, _is_browser) as peak,
    ):
        until(lambda: process.poll() is not None, 200, "the end of all visits")
    words = out.read_text().split()
    if words.count("visited") != count or "seconds" not in words:
        raise RuntimeError(f"not all {count} pages were visited:\n{out.read_text()[-2000:]}")
    return peak.megabytes, float(words[words.index("seconds") + 1])


def _is_browser(command: str) -> bool:
    """Whether a process is the browser or one of its own, not Playwright's driver."""
    executable = command.split(" ", 1)[0]
    return "chrom" in executable.rsplit("/", 1)[-1]


BENCHMARKS = (Benchmark("visits", (5,), visits),)
