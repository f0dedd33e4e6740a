#!/usr/bin/env bash
# A Decimal that is logged to W&B is stored as text, and the minimum that define_metric keeps of it is 0.
#
# A good guess: run.log({"cost": Decimal("0.3")}) stores the number 0.3, as it does for the numbers of numpy, or raises, as it does for a range.
# Why it is wrong: what neither the SDK nor JSON knows is mostly turned into text without a warning: Decimal("0.3") is stored as "0.3",
# Fraction(1, 3) as "1/3", a complex number as "1j", a time span as "P1D". The history has all rows, and no number in them. The
# minimum and the maximum by define_metric are then 0, a number that was never logged and looks like a record, and the mean is NaN. So it is with a cost that is summed up in Decimal, or a rate kept as a Fraction. Log `float(cost)`.
#
# Versions: wandb 0.31.0, Python 3.11.
# Source: an offline run's file read; json_friendly in wandb/util.py.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_MODE=offline HOME="$work" WANDB_DIR="$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" wandb==0.31.0

cat > "$work/check.py" <<'PYTHON'
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import wandb

run = wandb.init(project="p", id="r", settings=wandb.Settings(console="off", x_disable_stats=True))
for kind in ("min", "max", "mean"):
    for name in ("decimal", "float"):
        run.define_metric(f"{name}/{kind}", summary=kind)
for cost in ("0.3", "0.1"):
    row = {"cost": Decimal(cost), "rate": Fraction(1, 3), "root": 1j, "span": timedelta(days=1)}
    for kind in ("min", "max", "mean"):
        row |= {f"decimal/{kind}": Decimal(cost), f"float/{kind}": float(cost)}
    run.log(row)
try:
    run.log({"steps": range(3)})
    raised = ""
except TypeError as error:
    raised = f"TypeError: {error}"
run.finish()
Path("raised").write_text(raised)
PYTHON
timeout 120 ./venv/bin/python check.py < /dev/null > out 2>&1 || { cat out; exit 1; }
timeout 60 ./venv/bin/wandb leet inspect --json wandb/offline-run-*-r/run-r.wandb < /dev/null > records.jsonl 2> out || { cat out; exit 1; }
./venv/bin/python - <<'PYTHON'
import importlib.metadata, json

records = [json.loads(line) for line in open("records.jsonl")]
rows = [record["history"]["item"] for record in records if record["type"] == "history"]
summary = {}
for record in records:
    if record["type"] == "summary":
        summary.update(record["summary"]["update"])
print("wandb", importlib.metadata.version("wandb"))
for row in rows:
    print("history:", {name: row[name] for name in ("cost", "rate", "root", "span")})
kept = {name: [summary[f"{name}/{kind}"][kind] for kind in ("min", "max", "mean")] for name in ("decimal", "float")}
print("summary by min, max, mean:", kept)
raised = open("raised").read()
print("a range:", raised)
assert [row["cost"] for row in rows] == ["0.3", "0.1"]
assert [rows[0][name] for name in ("rate", "root", "span")] == ["1/3", "1j", "P1D"]
assert kept == {"decimal": [0, 0, "NaN"], "float": [0.1, 0.3, 0.2]}, kept
assert "not JSON serializable" in raised
print("as expected: text in the history, and 0 in the summary")
PYTHON
