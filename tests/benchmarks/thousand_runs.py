"""Row 9: a thousand runs in the dashboard become available; none is lost, and keys still work."""

from __future__ import annotations

import threading
import time

from tests.benchmarks.environment import BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.benchmarks.keys import press, shown
from tests.benchmarks.processes import Stopped, pause
from tests.benchmarks.terminal import Terminal
from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State
from wandb_tui.services.disk.paths import APP
from wandb_tui.services.disk.store import SqliteWatchStore

_WITHIN = 60.0
"""Seconds after which all have to be available at the latest."""


def thousand(scale: Scale) -> list[Figure]:
    """Row 9."""
    count, over = scale.count(1000, 12), scale.pick(20, 1)
    with benchmark_sandbox() as here:
        seconds, keys = all_available(here, count, over)
    what = f"{count:,} runs whose exports come within {over:.0f} s"
    return [
        Figure(9, f"{what}: until the last row says so", seconds, unit="s"),
        Figure(9, "the same, key press to repaint meanwhile, 95th percentile", keys.p95 * 1000, unit="ms"),
        Figure(9, "the same, median", keys.median * 1000, unit="ms"),
    ]


def all_available(here: BenchmarkSandbox, count: int, over: float) -> tuple[float, Times]:
    """Let the exports of so many runs come, evenly, while keys are pressed in the dashboard that waits for them.

    Returns:
        The seconds from the first export until the dashboard was seen to say that all are ready, to about a second; and
        how long the keys took to show meanwhile.

    Raises:
        RuntimeError: Not all were found, or not all are on disk as available.
    """
    home, runs = f"all{count}", here.seed(count, f"all{count}-")
    here.store(runs, home)
    with Terminal(our_program("dashboard", "poll"), here.environ(home)) as terminal:
        terminal.wait(lambda written: runs[0].run_id.encode() in written, 120, "the first row")
        terminal.read(3)
        began = time.monotonic()
        exporting = threading.Thread(target=_export, args=(here, runs, over))
        exporting.start()
        pressed = []
        while f"{count} ready" not in terminal.screen():
            if time.monotonic() - began > _WITHIN + over:
                raise RuntimeError(f"not all {count} runs became available:\n{terminal.screen()}")
            pressed.append(press(terminal, len(pressed)))
        seconds = time.monotonic() - began
        exporting.join()
        terminal.read(1)
        times = shown(terminal, pressed)
    _on_disk(here, home, count)
    return seconds, times


def _export(here: BenchmarkSandbox, runs: list[RunAddress], over: float) -> None:
    try:
        for run in runs:
            here.export(run, 0.5)
            pause(over / len(runs))
    except Stopped:
        return


def _on_disk(here: BenchmarkSandbox, home: str, count: int) -> None:
    """Check that the next start would show all runs as available.

    Raises:
        RuntimeError: Not all are available there.
    """
    file = here.folder / home / "state" / APP / "watchlist.sqlite3"
    stored = SqliteWatchStore(file, here.key).load()
    found = sum(row.state is State.AVAILABLE for row in stored)
    if (found, len(stored)) != (count, count):
        raise RuntimeError(f"of {count} runs {len(stored)} are on disk, {found} as available")


BENCHMARKS = (Benchmark("thousand", (9,), thousand),)
