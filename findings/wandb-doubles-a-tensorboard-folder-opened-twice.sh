#!/usr/bin/env bash
# With sync_tensorboard W&B logs all rows twice, if a TensorBoard folder is opened twice in a run.
#
# A good guess: W&B follows a folder of event files, so that a second SummaryWriter on the same folder, which begins a new file there (as
# a trainer does that is called once more to go on), adds the rows of its file.
# Why it is wrong: W&B follows a folder for each writer that is opened, and does not look whether it follows it already. Each follower reads
# every file of the folder that the run has begun, so with two writers each row is in the history twice, with three thrice, under other steps and
# partly out of order; `global_step` goes back each time. TensorBoard itself has each point once. One writer, or a folder for each, is
# right.
#
# Versions: wandb 0.31.0, tensorboardX 2.6.5, tensorboard 2.21.0, Python 3.11.
# Source: Handle in core/internal/tensorboard/tensorboard.go of wandb's repository starts a stream a writer; measured.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_MODE=offline HOME="$work" WANDB_DIR="$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" wandb==0.31.0 tensorboardX==2.6.5 tensorboard==2.21.0

cat > "$work/check.py" <<'PYTHON'
import sys
import time

import wandb

folders = sys.argv[1].split(",")
run = wandb.init(project="p", id="-".join(folders), sync_tensorboard=True, settings=wandb.Settings(console="off", x_disable_stats=True))
import tensorboardX

for part, folder in enumerate(folders):
    time.sleep(1.1)  # a file's name has the second in which it was begun
    with tensorboardX.SummaryWriter(f"events/{sys.argv[1]}/{folder}") as writer:
        for step in range(3 * part, 3 * part + 3):
            writer.add_scalar("loss", 1 / (step + 1), step)
run.finish()
PYTHON
for folders in a,b a,a a,a,a; do
    timeout 120 ./venv/bin/python check.py "$folders" < /dev/null > out 2>&1 || { cat out; exit 1; }
    timeout 60 ./venv/bin/wandb leet inspect --json wandb/offline-run-*-"${folders//,/-}"/*.wandb < /dev/null > "$folders.jsonl" 2> out || { cat out; exit 1; }
done
./venv/bin/python - <<'PYTHON'
import collections, importlib.metadata, json

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

shown = EventAccumulator("events/a,a/a").Reload().Scalars("loss")
print("wandb", importlib.metadata.version("wandb"), "tensorboardX", importlib.metadata.version("tensorboardX"))
counts = {}
for folders in ("a,b", "a,a", "a,a,a"):
    records = map(json.loads, open(f"{folders}.jsonl"))
    steps = [record["history"]["item"]["global_step"] for record in records if record["type"] == "history"]
    counts[folders] = set(collections.Counter(steps).values()), len(set(steps))
    print(f"writers on {folders}: global_step", steps)
print("TensorBoard's own reader, a,a: ", [event.step for event in shown])
assert [event.step for event in shown] == list(range(6)), shown
assert counts == {"a,b": ({1}, 6), "a,a": ({2}, 6), "a,a,a": ({3}, 9)}, counts
print("as expected: each row is logged once for each writer of its folder")
PYTHON
