#!/usr/bin/env bash
# Aim's metric.last and metric.min are of values that the series no longer holds once a run has been rewound.
#
# A good guess: a run that goes back to step 5 and logs its steps again has the new value of each step in Aim, and
# `metric.last` in a query, the number in the web interface's table, is the last value of that series.
# Why it is wrong: a value that is tracked again at a step replaces the one before in the series. But the summary is written only as steps
# grow: `last` changes if the step is above all others, so that the value that was replaced stays the last one for good; the
# first step stays that of the first call, though the series begins earlier; the minimum never forgets. A query
# for `metric.last < 0.3` so picks the run for a loss that is gone.
#
# Versions: aim 3.29.1, Python 3.11.
# Source: aim/sdk/tracker.py (what is written into the run's meta tree).
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" aim==3.29.1 pandas==3.1.1

cat > "$work/train.py" <<'PYTHON'
from aim import Run

run = Run(repo=".", system_tracking_interval=None, capture_terminal_logs=False, log_system_params=False)
for step, loss in ((10, 0.8), (20, 0.2)):
    run.track(loss, name="loss", step=step)
# Rewound to step 5: a checkpoint before the collapse was taken.
for step, loss in ((5, 0.9), (10, 0.7), (20, 0.6)):
    run.track(loss, name="loss", step=step)
run.close()
PYTHON
cat > "$work/read.py" <<'PYTHON'
from importlib.metadata import version

from aim import Repo

repository = Repo.from_path(".")


def picks(condition: str) -> bool:
    runs = repository.query_metrics(f"metric.name == 'loss' and {condition}", report_mode=0).iter_runs()
    return any(True for run in runs for _ in run)


series = next(metric for run in repository.iter_runs() for metric in run.metrics()).dataframe()
values = list(zip(series["step"].tolist(), series["value"].tolist(), strict=True))
print("aim", version("aim"))
print("the series:", values)
conditions = ("metric.last == 0.6", "metric.last == 0.2", "metric.min == 0.2", "metric.first_step == 5", "metric.first_step == 10")
picked = {condition: picks(condition) for condition in conditions}
print("a query picks the run:", picked)
assert values == [(5.0, 0.9), (10.0, 0.7), (20.0, 0.6)]
assert list(picked.values()) == [False, True, True, False, True]
print("as expected: the summary is of values that are gone")
PYTHON
venv/bin/python train.py
venv/bin/aim storage --repo . reindex -y > indexed 2>&1
venv/bin/python read.py
