#!/usr/bin/env bash
# One NaN among the logged values, and the minimum that define_metric keeps is NaN to the end of the run.
#
# A good guess: define_metric("loss", summary="min") keeps the smallest of the values so far. A comparison with NaN is never
# true, so a NaN in the middle changes nothing; at the worst a NaN as the very first value sticks.
# Why it is wrong: a NaN anywhere makes minimum, maximum and mean NaN, and they stay NaN whatever is logged afterwards. A
# sweep that ranks its runs by the summary's minimum so loses a run that diverged for one step (a skipped step of mixed
# precision, an evaluation on an empty batch) and recovered. "first" and the plain last value are not affected. Infinity
# does what one expects. The run's summary, the transaction log and `wandb leet inspect` all show the same.
#
# Versions: wandb 0.31.0, Python 3.11.
# Source: found by logging offline and reading the summary back; the documentation of define_metric lists the summaries and
# says nothing of NaN.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_MODE=offline WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_DIR="$work" HOME="$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" wandb==0.31.0

cat > "$work/check.py" <<'PYTHON'
import wandb

kinds = ("min", "max", "mean", "first")
columns = {"plain": [3.0, 2.0, 1.0, 2.0], "one_nan": [3.0, float("nan"), 1.0, 2.0], "one_inf": [3.0, float("inf"), 1.0, 2.0]}
run = wandb.init(project="p", id="r", settings=wandb.Settings(console="off", x_disable_stats=True))
for name in columns:
    for kind in kinds:
        run.define_metric(f"{name}/{kind}", summary=kind)
for values in zip(*columns.values()):
    run.log({f"{name}/{kind}": value for name, value in zip(columns, values) for kind in (*kinds, "last")})
run.finish()
PYTHON
timeout 120 ./venv/bin/python check.py < /dev/null > out 2>&1 || { cat out; exit 1; }
timeout 60 ./venv/bin/wandb leet inspect --summary --json wandb/offline-run-*-r/run-r.wandb < /dev/null > summary.json 2> out || { cat out; exit 1; }
./venv/bin/python - <<'PYTHON'
import importlib.metadata, json

summary = json.load(open("summary.json"))["summary"]
shown = {}
for name in ("plain", "one_nan", "one_inf"):
    shown[name] = [summary[f"{name}/{kind}"][kind] for kind in ("min", "max", "mean", "first")] + [summary[f"{name}/last"]]
print("wandb", importlib.metadata.version("wandb"))
print("min, max, mean, first, last")
for name, values in shown.items():
    print(f"{name:8}", *values)
assert shown["plain"] == [1, 3, 2, 3, 2], shown
assert shown["one_nan"] == ["NaN", "NaN", "NaN", 3, 2], shown
assert shown["one_inf"] == [1, "Infinity", "Infinity", 3, 2], shown
print("as expected: the NaN of the second step is the minimum of all four")
PYTHON
