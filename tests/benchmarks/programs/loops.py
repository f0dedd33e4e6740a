"""The other side: a thread per run that asks `artifact_exists` again and again, with the SDK.

``python -m tests.benchmarks.programs.loops RUNS_FILE INTERVAL``; prints ``found RUN TIME`` for each artifact.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from pathlib import Path

import wandb

_printing = threading.Lock()


def watch_list(path: str, interval: float) -> None:
    entity, project, run_id = path.split("/")
    api = wandb.Api(api_key=os.environ["WANDB_API_KEY"], timeout=60)
    # Monitors are started when their runs end, not all in one instant.
    time.sleep(random.uniform(0, interval))  # noqa: S311 - jitter, no secret
    while not api.artifact_exists(f"{entity}/{project}/run-{run_id}-history:latest"):
        time.sleep(interval)
    with _printing:
        print(f"found {path} {time.time()}", flush=True)


def main() -> None:
    interval = float(sys.argv[2])
    threads = [
        threading.Thread(target=watch_list, args=(path, interval), daemon=True)
        for path in Path(sys.argv[1]).read_text().split()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
