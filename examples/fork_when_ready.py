"""The short way to a fork: one call waits, visits, tries again where need be, and forks."""

import sys

import wandb

from wandb_tui import download_history, fork_when_ready

if len(sys.argv) != 3:
    sys.exit("Usage: python fork_when_ready.py ENTITY PROJECT")
entity, project = sys.argv[1:3]

with wandb.init(entity=entity, project=project) as parent:
    for step in range(300):
        parent.log({"metric": step})

with fork_when_ready(parent, step=200, config={"lr": 0.01}) as child:
    child.log({"metric": -1})
print(f"Forked {parent.id} at step 200: {child.id}")

for file in download_history(parent, "history"):
    print(f"Downloaded {file}")
