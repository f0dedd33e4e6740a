#!/usr/bin/env bash
# joblib's workers keep the environment of the first call, so that each later generation's runs get the first one's WANDB_RUN_GROUP.
#
# A good guess: a child process inherits os.environ as it is when the work is handed out, so setting WANDB_RUN_GROUP (or WANDB_TAGS,
# WANDB_FORK_FROM, WANDB_MODE) before each Parallel(…) reaches the runs that its jobs begin.
# Why it is wrong: joblib takes the worker processes of the call before, and they have the environment in which they were started. Only
# workers that have been idle for five minutes (two seconds in this script) end, so that a slow evaluation between two generations gives
# other results than a quick one. To set the variable inside the job does not help either: the SDK reads the environment once a process, and
# warns that it ignores the change. multiprocessing's fork server, the default of Linux from Python 3.14 on, does the same with new
# processes: they have the environment of the first. Hand the values over as arguments, to wandb.init(group=…) in the end.
#
# Versions: joblib 1.6.0, wandb 0.31.0, Python 3.11.
# Source: measured; get_reusable_executor in joblib/externals/loky/reusable_executor.py compares its arguments, not the environment; wandb
#   pull request 3304.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_MODE=offline HOME="$work" WANDB_DIR="$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" joblib==1.6.0 wandb==0.31.0

cat > "$work/check.py" <<'PYTHON'
import multiprocessing
import os
import time
from importlib.metadata import version

from joblib import Parallel, delayed, parallel_config

VARIABLE = "WANDB_RUN_GROUP"


def train(inside: str | None = None, group: str | None = None) -> str:
    """Begin a run as the members of a population do, and return its group."""
    import wandb

    if inside:
        os.environ[VARIABLE] = inside
    with wandb.init(project="p", group=group, settings=wandb.Settings(console="off", x_disable_stats=True)) as run:
        return run.group


def look() -> str:
    return os.environ[VARIABLE]


def generation(name: str, job, *args) -> set[str]:
    os.environ[VARIABLE] = name
    return set(Parallel(n_jobs=2)(delayed(job)(*args) for _ in range(4)))


def served(name: str) -> str:
    os.environ[VARIABLE] = name
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        return pool.apply(look)


if __name__ == "__main__":
    print("joblib", version("joblib"), "wandb", version("wandb"))
    groups = {name: generation(name, train) for name in ("gen1", "gen2")}
    groups["gen3, set in the job"] = generation("gen3", train, "gen3")
    groups["gen4, as an argument"] = generation("gen4", train, None, "gen4")
    with parallel_config("loky", idle_worker_timeout=2):
        groups["gen5"], groups["gen6"] = generation("gen5", look), generation("gen6", look)
        time.sleep(6)
        groups["gen7, after an idle time"] = generation("gen7", look)
    groups["gen8, fork server"], groups["gen9, fork server"] = {served("gen8")}, {served("gen9")}
    for name, seen in groups.items():
        print(f"{name:24} {sorted(seen)}")
    assert [min(seen) for seen in groups.values()] == ["gen1", "gen1", "gen1", "gen4", "gen5", "gen5", "gen7", "gen8", "gen8"], groups
    assert all(len(seen) == 1 for seen in groups.values()), groups
    print("as expected: later generations are counted as the first")
PYTHON
timeout 150 ./venv/bin/python check.py < /dev/null > out 2> errors || { cat out errors; exit 1; }
cat out
