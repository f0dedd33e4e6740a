#!/usr/bin/env bash
# `swanlab convert --mode offline` of local W&B files needs an account all the same, and ends with exit status 0 without it.
#
# A good guess: with --type wandb-local and --mode offline the input is a file and the output is a folder, so no server and no
# account is needed (as swanlab.init(mode="offline") needs none); and a conversion that fails ends with an exit status of 1.
# Why it is wrong: the converter signs in before it looks at the mode, for every run. Without a stored key each run fails
# with an AuthenticationError that is printed and swallowed; the last line says that all runs have been processed, the
# exit status is 0, and nothing has been written.
#
# Versions: swanlab 0.10.3, wandb 0.31.0, Python 3.11.
# Source: swanlab/converter/wb/local_converter.py, which calls login() before init(mode=...) and catches what a run raises.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_MODE=offline WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_DIR="$work" HOME="$work"
export SWANLAB_SAVE_DIR="$work/swanlab"
unset SWANLAB_API_KEY
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" swanlab==0.10.3 wandb==0.31.0

timeout 120 ./venv/bin/python - > out 2>&1 <<'PYTHON' || { cat out; exit 1; }
import wandb

run = wandb.init(project="p", id="r", settings=wandb.Settings(console="off", x_disable_stats=True))
for step in range(3):
    run.log({"loss": 1 / (step + 1)})
run.finish()
PYTHON
timeout 60 ./venv/bin/python - > offline 2>&1 <<'PYTHON' || { cat offline; exit 1; }
import swanlab

swanlab.init(project="p", mode="offline", logdir="native")
swanlab.log({"loss": 0.5})
swanlab.finish()
PYTHON
status=0
timeout 60 ./venv/bin/swanlab convert --type wandb-local --mode offline --project p --logdir converted --wb-dir wandb < /dev/null > out 2>&1 ||
  status=$?
./venv/bin/python -c 'import importlib.metadata as m; print("swanlab", m.version("swanlab"))'
echo "files written by swanlab.init(mode=\"offline\"): $(find native -type f | wc -l)"
echo "exit status of the conversion: $status"
echo "files written by the conversion: $(find converted -type f 2> /dev/null | wc -l)"
echo "what it says: $(grep -o 'AuthenticationError: No API key' out | head -1) ... $(tail -1 out)"
test "$status" = 0
test "$(find native -type f | wc -l)" -gt 0
test "$(find converted -type f 2> /dev/null | wc -l)" = 0
grep -q AuthenticationError out
grep -q 'All runs processed' out
echo "as expected: nothing converted, and exit status 0"
