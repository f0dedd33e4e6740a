#!/usr/bin/env bash
# Optuna's W&B callback does not log a trial that ends after one with a higher number.
#
# A good guess: `WeightsAndBiasesCallback` logs one row for each finished trial, with `n_jobs=2` in the order in which they end.
# Why it is wrong: it passes the trial's number as W&B's step. Steps only grow: once trial 4 has been logged, a row for step 0 is dropped,
# with a warning on the terminal at most. Of trials that run side by side just the slow ones are missing
# in the run, so that its best loss may be worse than `study.best_value`, and nobody sees a gap, since steps may be missing for other reasons.
# One job is right, and so is `as_multirun=True`, a run for each trial.
#
# Versions: optuna 5.0.0, optuna-integration 5.0.0 (the callback is deprecated, to go with 6.0.0), wandb 0.31.0, Python 3.11.
# Source: `step = trial.number` in optuna_integration/wandb/wandb.py; W&B's documentation of `log` on steps; its docstring
# says that runs are plotted as a function of optimizer steps.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" optuna==5.0.0 optuna-integration==5.0.0 wandb==0.31.0

cat > "$work/check.py" <<'PYTHON'
import json
import os
import threading
import time
import warnings
from importlib.metadata import version
from pathlib import Path

os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
import optuna
import wandb
from optuna_integration import WeightsAndBiasesCallback
from wandb.proto.wandb_internal_pb2 import Record

TRIALS = 5
warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
last_begun = threading.Event()


def objective(trial: optuna.Trial) -> float:
    """A loss that grows with the trial's number; the first trial, the best one, ends after the last has begun."""
    trial.suggest_float("lr", 0, 1)
    if trial.number == 0:
        last_begun.wait(60)
    if trial.number == TRIALS - 1:
        last_begun.set()
    return float(trial.number)


def records(data: bytes):
    """The records of an offline run: blocks of 32 KiB, in which a record may come in several pieces."""
    position, record = 7, b""
    while position + 7 <= len(data):
        if (left := 32768 - position % 32768) < 7:
            position += left
            continue
        size, kind = int.from_bytes(data[position + 4 : position + 6], "little"), data[position + 6]
        record += data[position + 7 : position + 7 + size]
        position += 7 + size
        if kind in (1, 4):
            yield Record.FromString(record)
            record = b""


callback = WeightsAndBiasesCallback(metric_name="loss", wandb_kwargs={"project": "study"})
study = optuna.create_study()
study.optimize(objective, n_trials=TRIALS, n_jobs=2, callbacks=[callback])
wandb.finish()

file = next(Path("wandb").glob("offline-run-*/*.wandb"))
while not any(record.HasField("exit") for record in records(file.read_bytes())):
    # The service may still be writing.
    time.sleep(0.01)
rows = [record.history.item for record in records(file.read_bytes()) if record.HasField("history")]
logged = [{item.key or item.nested_key[0]: json.loads(item.value_json) for item in row} for row in rows]
print(f"optuna {optuna.__version__}, optuna-integration {version('optuna-integration')}, wandb {wandb.__version__}")
print("trials of the study:", [trial.number for trial in study.trials], "best loss:", study.best_value)
print("losses in the run:", sorted(row["loss"] for row in logged))
assert all(trial.state.is_finished() for trial in study.trials)
assert study.best_value == 0.0
assert 0.0 not in [row["loss"] for row in logged]
assert len(logged) >= TRIALS - 2
print("as expected: the trial that ended late is not in the run")
PYTHON
timeout 120 venv/bin/python check.py > output.txt 2> errors.txt < /dev/null || { cat output.txt errors.txt; exit 1; }
cat output.txt
