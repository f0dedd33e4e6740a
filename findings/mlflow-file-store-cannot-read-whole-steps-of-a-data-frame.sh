#!/usr/bin/env bash
# MLflow's file store takes a step of 3.0, and from then on neither that run nor any search of its experiment can be read.
#
# A good guess: log_metric(…, step=3.0) is taken as step 3, or refused when it is logged. Such steps come from a data frame: `iterrows` gives
# the whole numbers of `_step` as floats as soon as the metric beside them is one.
# Why it is wrong: the store writes the step into its file as Python prints it, “3.0”, and reads it back as an integer, which raises
# ValueError (“invalid literal for int()”) and names no run. It does so for the history of that metric, for the whole run, and for search_runs
# of the experiment, whose other runs are sound: a history that was copied into MLflow row by row takes all others with it. The SQLite
# store takes the same calls and answers 3; 3.7 it keeps as it is. `int(row["_step"])` is the way.
#
# Versions: mlflow-skinny 3.17.2 (where the file store has to be asked for), pandas 3.1.1, Python 3.11.
# Source: _get_metric_from_line in mlflow/store/tracking/file_store.py; found by copying a history.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true MLFLOW_ALLOW_FILE_STORE=true
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" mlflow-skinny==3.17.2 pandas==3.1.1 sqlalchemy==2.1.9 alembic==1.20.1

cat > "$work/check.py" <<'PYTHON'
from collections.abc import Callable
from importlib.metadata import version

import pandas as pd
from mlflow import MlflowClient

history = pd.DataFrame({"_step": [0, 1, 2], "loss": [0.5, 0.4, 0.3]})


def answer(question: Callable[[], object]) -> object:
    try:
        return question()
    except ValueError as error:
        return f"ValueError: {error}"


print("mlflow-skinny", version("mlflow-skinny"), "pandas", pd.__version__)
answers = {}
for store in ("sqlite:///mlflow.db", "file:./mlruns"):
    client = MlflowClient(store)
    experiment = client.create_experiment("copied")
    sound = client.create_run(experiment).info.run_id
    client.log_metric(sound, "loss", 0.5, step=1)
    copied = client.create_run(experiment).info.run_id
    for _, row in history.iterrows():
        client.log_metric(copied, "loss", row["loss"], step=row["_step"])
    answers[store] = [
        answer(lambda: [(metric.step, metric.value) for metric in client.get_metric_history(copied, "loss")]),
        answer(lambda: client.get_run(copied).data.metrics),
        answer(lambda: len(client.search_runs([experiment]))),
        answer(lambda: client.get_run(sound).data.metrics),
    ]
    for question, said in zip(("its history", "the run", "runs of the experiment", "the other run"), answers[store], strict=True):
        print(f"{store}  {question}: {said}")
unreadable = "ValueError: invalid literal for int() with base 10: '0.0'"
assert answers["sqlite:///mlflow.db"] == [[(0, 0.5), (1, 0.4), (2, 0.3)], {"loss": 0.3}, 2, {"loss": 0.5}]
assert answers["file:./mlruns"] == [unreadable] * 3 + [{"loss": 0.5}]
client = MlflowClient("sqlite:///mlflow.db")
client.log_metric(sound := client.create_run("0").info.run_id, "loss", 0.5, step=3.7)
assert [metric.step for metric in client.get_metric_history(sound, "loss")] == [3.7]
print("as expected: the file store writes what it cannot read")
PYTHON
./venv/bin/python check.py 2> log || { cat log; exit 1; }
