"""Reads three columns and the last tenth of the steps of an exported history: in pieces, and from the whole file."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_COLUMNS = ["m3", "m7", "m11"]


def main(run: str, steps: str, rounds: str, report: str, once: str = "") -> None:
    """Time `rounds` of both, in turn, after one of each; or only do `once`, which is ``part`` or ``whole``."""
    import pyarrow.parquet as pq

    from wandb_tui import download_history, load_history

    last, first = int(steps), int(steps) * 9 // 10

    def whole() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            files = download_history(run, folder, visit=False)
            return pq.read_table(files, columns=["_step", *_COLUMNS], filters=[("_step", ">=", first)])

    ways: dict[str, Callable[[], Any]] = {
        "part": lambda: load_history(run, _COLUMNS, (first, last), visit=False),
        "whole": whole,
    }
    if once:
        ways[once]()
        return
    if not ways["part"]().equals(whole()):
        raise SystemExit("the part differs from the whole")
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(int(rounds)):
        for way, read in ways.items():
            wall, processor = time.monotonic(), time.process_time()
            read()
            times[way].append((time.monotonic() - wall, time.process_time() - processor))
    told = {
        way: {
            "wall_s": statistics.median(wall for wall, _ in taken),
            "processor_s": statistics.median(processor for _, processor in taken),
        }
        for way, taken in times.items()
    }
    Path(report).write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
