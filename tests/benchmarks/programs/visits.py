"""Our side of the visits: one browser for all runs.

``python -m tests.benchmarks.programs.visits RUNS_FILE``; prints ``seconds S`` when all have been visited.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.wiring import Wiring


def main() -> None:
    began = time.monotonic()
    runs = [RunAddress.parse(path) for path in Path(sys.argv[1]).read_text().split()]
    wiring = Wiring()
    try:
        wiring.visitor.sign_in().result()
        for visit in [wiring.visitor.visit(run) for run in runs]:
            visit.result()
            print("visited", flush=True)
    finally:
        wiring.close()
    print(f"seconds {time.monotonic() - began}", flush=True)


if __name__ == "__main__":
    main()
