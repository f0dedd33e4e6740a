"""Logs one run without a server, for a viewer of local runs: ``python -m tests.benchmarks.programs.offline_run``."""

from __future__ import annotations

import wandb


def main() -> None:
    with wandb.init(project="forks", id="leet0000", name="leet0000", mode="offline") as run:
        for step in range(50):
            run.log({"loss": 1 / (step + 1)})


if __name__ == "__main__":
    main()
