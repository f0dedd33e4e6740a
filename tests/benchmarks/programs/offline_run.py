"""Logs one run offline, for a viewer of local runs: ``python -m tests.benchmarks.programs.offline_run [STEPS]``."""

from __future__ import annotations

import sys

import wandb


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with wandb.init(project="forks", id="leet0000", name="leet0000", mode="offline") as run:
        for step in range(steps):
            run.log({"loss": 1 / (step + 1)})


if __name__ == "__main__":
    main()
