"""A plain training loop in two generations: the second one forks the better run of the first at its middle."""

import random
import sys

import wandb

from wandb_tui import WandbTuiError, fork_when_ready

if len(sys.argv) != 3:
    sys.exit("Usage: python training_loop.py ENTITY PROJECT")
entity, project = sys.argv[1:3]
STEPS = 40


def train(run: wandb.Run, first: int, rate: float) -> float:
    """Pretend to learn; gives the last loss."""
    loss = 1.0
    for step in range(first, STEPS):
        loss = 1 / (1 + rate * step) + random.uniform(0, 0.01)  # noqa: S311 - no secret
        run.log({"loss": loss, "rate": rate})
    return loss


losses = {}
for rate in (0.1, 0.3):
    with wandb.init(entity=entity, project=project, config={"rate": rate}) as run:
        losses[run] = train(run, 0, rate)

best = min(losses, key=lambda run: losses[run])
try:
    with fork_when_ready(best, step=STEPS // 2, timeout=600, config={"rate": 0.5}) as child:
        train(child, STEPS // 2 + 1, 0.5)
except WandbTuiError as error:
    sys.exit(f"No second generation: {error}")
print(f"Forked {best.id}: {child.id}")
