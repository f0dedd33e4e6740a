#!/usr/bin/env bash
# From 33 members on a population's fitness, logged as a numpy array, is no longer in the history: W&B stores a histogram of it.
#
# A good guess: run.log({"fitness": array}) stores the array's numbers, as it does with the same numbers in a list, or refuses arrays.
# Why it is wrong: an array of up to 32 numbers is stored as they are; a larger one is counted into 32 bins, without a warning, and which
# member had which value is lost. A list of any length stays a list. Where the array holds one NaN, the 32 go through, and with 33
# run.log raises numpy's ValueError in the middle of the training. The config has a limit of its own: there an array of 33 becomes the text that
# numpy prints for it, which leaves out the middle of an array of more than 1,000. Log `array.tolist()`, or wandb.Histogram if that is meant.
#
# Versions: wandb 0.31.0, numpy 2.4.6, Python 3.11.
# Source: maybe_compress_history and json_friendly in wandb/util.py.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_MODE=offline HOME="$work" WANDB_DIR="$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" wandb==0.31.0 numpy==2.4.6

cat > "$work/check.py" <<'PYTHON'
import json
from pathlib import Path

import numpy as np
import wandb

fitness = np.arange(33) / 2
diverged = fitness.copy()
diverged[7] = np.nan
config = {"array32": fitness[:32], "array33": fitness, "list33": fitness.tolist(), "array1001": np.arange(1001)}
run = wandb.init(project="p", id="r", config=config, settings=wandb.Settings(console="off", x_disable_stats=True))
run.log({"array32": fitness[:32], "array33": fitness, "list33": fitness.tolist(), "nan32": diverged[:32]})
try:
    run.log({"nan33": diverged})
    raised = ""
except ValueError as error:
    raised = f"ValueError: {error}"
run.finish()
Path("raised.json").write_text(json.dumps(raised))
PYTHON
timeout 120 ./venv/bin/python check.py < /dev/null > out 2>&1 || { cat out; exit 1; }
timeout 60 ./venv/bin/wandb leet inspect --json wandb/offline-run-*-r/run-r.wandb < /dev/null > records.jsonl 2> out || { cat out; exit 1; }
./venv/bin/python - <<'PYTHON'
import importlib.metadata, json

records = [json.loads(line) for line in open("records.jsonl")]
config = next(record for record in records if record["type"] == "run")["run"]["config"]["update"]
(row,) = [record["history"]["item"] for record in records if record["type"] == "history"]
raised = json.load(open("raised.json"))
print("wandb", importlib.metadata.version("wandb"), "numpy", importlib.metadata.version("numpy"))
for name in ("array32", "list33", "nan32", "array33"):
    stored = {key.removeprefix(name): value for key, value in row.items() if key.split(".")[0] == name}
    print(f"logged {name}:", *(f"{key} {str(value)[:40]}…" for key, value in stored.items()))
for name in ("array32", "list33", "array33", "array1001"):
    print(f"config {name}: {str(config[name])[:40]!r}…")
print("logged array of 33 with a NaN:", raised)
values = [step / 2 for step in range(33)]
assert row["array32"] == values[:32] and row["list33"] == values and len(row["nan32"]) == 32
assert "array33" not in row and row["array33._type"] == "histogram" and len(row["array33.values"]) == 32
assert config["array32"] == values[:32] and config["list33"] == values and isinstance(config["array33"], str)
assert config["array1001"] == "[   0    1    2 ...  998  999 1000]", config["array1001"]
assert "not finite" in raised, raised
print("as expected: the 33rd member turns the values into counts")
PYTHON
