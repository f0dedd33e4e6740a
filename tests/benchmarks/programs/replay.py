"""Gets one run's history into a new run: ``ours`` replays it, ``theirs`` logs as many rows once more."""

from __future__ import annotations

import sys


def main(way: str, run: str, steps: int, metrics: int) -> None:
    """Do it by `way`; imports are a part of what is measured."""
    if way == "ours":
        from wandb_tui import fork_when_ready

        fork_when_ready(run, steps - 1, fallback="replay").finish()
        return
    import wandb

    values = {f"m{number}": number / 3 for number in range(metrics)}
    entity, project, _ = run.split("/")
    with wandb.init(entity=entity, project=project) as made:
        for step in range(steps):
            made.log({**values, "m0": step / 3}, step=step)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
