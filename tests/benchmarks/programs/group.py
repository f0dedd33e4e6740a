"""Our side without a screen: a `MonitorGroup` on many runs.

``python -m tests.benchmarks.programs.group RUNS_FILE INTERVAL SPREAD VISIT``; runs are added over SPREAD seconds;
prints ``found RUN TIME`` for each artifact and ``visited RUN TIME`` for each visit.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from wandb_tui import Event, MonitorGroup
from wandb_tui.core.events import MonitorStatus
from wandb_tui.core.state import State


def tell(event: Event) -> None:
    if event.state is State.AVAILABLE:
        print(f"found {event.run} {time.time()}", flush=True)
    elif event.status is MonitorStatus.VISITING:
        print(f"visited {event.run} {time.time()}", flush=True)


def main() -> None:
    runs = Path(sys.argv[1]).read_text().split()
    spread, visit = float(sys.argv[3]), sys.argv[4] == "visit"
    begun = time.monotonic()
    with MonitorGroup(visit=visit, on_event=tell, check_interval=float(sys.argv[2]), max_wait_time=0) as group:
        moments = sorted(random.uniform(0, spread) for _ in runs)  # noqa: S311 - no secret
        for run, when in zip(runs, moments, strict=True):
            time.sleep(max(0.0, begun + when - time.monotonic()))
            group.add(run)
        group.wait_all()


if __name__ == "__main__":
    main()
