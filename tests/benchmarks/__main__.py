"""All measures, side by side with what the first tools did: ``python -m tests.benchmarks [--quick] [NAME…]``."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from tests.benchmarks import (
    downloads,
    feeds,
    idle_cost,
    keys,
    plots,
    polling,
    reactions,
    replays,
    startup,
    thousand_runs,
    viewers,
    visits,
)
from tests.benchmarks.figures import Figure, Scale, table
from tests.benchmarks.processes import stop
from tests.small_browser import link_small_browser

BENCHMARKS = {
    benchmark.name: benchmark
    for module in (
        polling,
        idle_cost,
        visits,
        startup,
        keys,
        plots,
        viewers,
        thousand_runs,
        reactions,
        downloads,
        replays,
        feeds,
    )
    for benchmark in module.BENCHMARKS
}

_AT_ONCE = 4
"""Measures at a time in a quick pass."""


def main() -> int:
    """Run what was asked for, print the table; 1 where a measure could not be taken, whatever its figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="small numbers: only to see that everything works")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in BENCHMARKS]:
        parser.error(f"there is no measure called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: (signals.append(number), stop()))
    began = time.monotonic()
    figures: list[Figure] = []
    names = given.names or list(BENCHMARKS)
    # Small numbers prove nothing, so a quick pass need not keep its measures out of each other's way; all at once would
    # leave too little of two cores to each.
    # They run off this thread, which is free to hear of a signal; each then leaves the blocks that end what it started.
    browser = small_browser() if given.quick else contextlib.nullcontext()
    with browser, ThreadPoolExecutor(_AT_ONCE if given.quick else 1) as pool:
        running = [pool.submit(measured, name, Scale(quick=given.quick), figures) for name in names]
        while not signals and not all(future.done() for future in running):
            wait(running, timeout=0.2)
        pool.shutdown(wait=False, cancel_futures=True)
    if signals:
        return 128 + signals[0]
    taken = [future.result() for future in running]
    failed = [name for name, worked in zip(names, taken, strict=True) if not worked]
    print(table(sorted(figures, key=lambda figure: figure.row)))
    print(
        f"\nmeasured in {time.monotonic() - began:.0f} s"
        + (f"; could not be taken: {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


@contextlib.contextmanager
def small_browser() -> Iterator[None]:
    """Let what is started in the block find Chromium without a user interface, where that is installed."""
    path = os.environ.get("PATH", "")
    with tempfile.TemporaryDirectory(prefix="wandb-tui-browser-") as folder:
        if link_small_browser(Path(folder)):
            os.environ["PATH"] = f"{folder}{os.pathsep}{path}"
        yield
    os.environ["PATH"] = path


def measured(name: str, scale: Scale, figures: list[Figure]) -> bool:
    """Take one group of measures; whether that worked."""
    began = time.monotonic()
    try:
        figures += BENCHMARKS[name].run(scale)
    except Exception:  # noqa: BLE001 - one measure that cannot be taken must not cost the others
        traceback.print_exc()
        return False
    finally:
        print(f"── {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
