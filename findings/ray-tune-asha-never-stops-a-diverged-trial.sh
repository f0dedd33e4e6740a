#!/usr/bin/env bash
# Ray Tune's ASHA never stops a trial whose loss is NaN.
#
# A good guess: NaN is the worst of losses, or at least no better than infinity, so a diverged trial is the first that ASHA stops at a milestone.
# Why it is wrong: ASHA takes the cutoff of a milestone from the numbers alone, and stops a trial whose loss compares as worse than it.
# NaN compares as nothing, so that the trial passes every milestone and trains on with NaN weights, in its slot, to the last step, while one
# with an infinite loss is stopped at the first. Report `float("inf")` in place of NaN, or let the trial end itself.
#
# Versions: ray 2.60.0, Python 3.11.
# Source: `cutoff` and `on_result` in ray/tune/schedulers/async_hyperband.py; its guide does not mention NaN.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" 'ray[tune]==2.60.0'

cat > "$work/check.py" <<'PYTHON'
from pathlib import Path

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler

STEPS = 6


def train(config: dict) -> None:
    """Report the same loss for each step."""
    for step in range(1, STEPS + 1):
        tune.report({"step": step, "loss": config["loss"]})


print("ray", ray.__version__)
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
results = tune.Tuner(
    tune.with_resources(train, {"cpu": 0.25}),
    param_space={"loss": tune.grid_search([0.5, float("nan"), float("inf"), 0.9])},
    tune_config=tune.TuneConfig(
        metric="loss",
        mode="min",
        scheduler=ASHAScheduler(time_attr="step", grace_period=2, reduction_factor=2, max_t=STEPS),
        max_concurrent_trials=1,
    ),
    run_config=tune.RunConfig(storage_path=str(Path.cwd() / "results"), verbose=0),
).fit()
assert not results.errors
reached = {str(result.metrics["loss"]): result.metrics["step"] for result in results}
print("steps reached by loss:", reached)
assert reached["0.5"] == reached["nan"] == STEPS
assert reached["inf"] == 2
assert reached["0.9"] < STEPS
print("as expected: the diverged trial runs to its end")
PYTHON
RAY_USAGE_STATS_ENABLED=0 RAY_TRAIN_V2_ENABLED=0 timeout 170 ./venv/bin/python check.py 2> errors.txt || { tail -20 errors.txt; exit 1; }
