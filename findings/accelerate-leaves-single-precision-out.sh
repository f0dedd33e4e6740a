#!/usr/bin/env bash
# Accelerate's TensorBoard tracker leaves out numpy's single-precision numbers and integers without a word, and logs double-precision ones.
#
# A good guess: `accelerator.log({"loss": np.float32(0.5)})` logs 0.5, as SummaryWriter.add_scalar does and as the other trackers get it; what
# a tracker cannot log is refused or warned about.
# Why it is wrong: the tracker asks for Python's int and float, text or a dict, and passes over anything else in silence. numpy.float64 is
# a float for Python; numpy.float32, numpy.float16 and numpy.int64 are not, nor is an array of one number. A tensor without dimensions is
# turned into a number beforehand, one of shape (1,) into a list, which is passed over as well. So of a dict that holds a loss from
# `losses.mean()` of float32 and a learning rate, only the latter is in TensorBoard. Accelerate's W&B tracker hands the whole dict on, so that
# two trackers of one training differ. Log `float(loss)`.
#
# Versions: accelerate 1.15.0, torch 2.15.0, tensorboard 2.21.0, numpy 2.4.6, Python 3.11.
# Source: `TensorBoardTracker.log` in accelerate/tracking.py; its docstring names the types, nothing checks them.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" accelerate==1.15.0 torch==2.15.0 tensorboard==2.21.0 numpy==2.4.6

cat > "$work/check.py" <<'PYTHON'
from importlib.metadata import version

import numpy as np
import torch
from accelerate import Accelerator
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

VALUES = {
    "float": 0.5,
    "numpy.float64": np.float64(0.5),
    "tensor": torch.tensor(0.5),
    "numpy.float32": np.float32(0.5),
    "numpy.int64": np.int64(3),
    "numpy array of one": np.array([0.5]),
    "tensor of one": torch.tensor([0.5]),
}


def logged(folder: str) -> set[str]:
    events = EventAccumulator(folder)
    events.Reload()
    return set(events.Tags()["scalars"])


accelerator = Accelerator(log_with="tensorboard", project_dir="accelerate", cpu=True)
accelerator.init_trackers("run")
accelerator.log(VALUES, step=1)
accelerator.end_training()
with SummaryWriter("torch") as writer:
    for name, value in VALUES.items():
        writer.add_scalar(name, value, 1)
tracked, written = logged("accelerate/run"), logged("torch")
print(*(f"{package} {version(package)}" for package in ("accelerate", "torch", "tensorboard", "numpy")))
for name in VALUES:
    print(f"  {name:18} accelerator.log: {'yes' if name in tracked else 'NO':4} SummaryWriter: {'yes' if name in written else 'NO'}")
assert written == set(VALUES)
assert tracked == {"float", "numpy.float64", "tensor"}
print("as expected: of numpy's numbers only float64 is there, without a warning")
PYTHON
timeout 150 ./venv/bin/python check.py > output.txt 2> errors.txt || { cat output.txt errors.txt; exit 1; }
cat output.txt
if grep -i warn errors.txt; then exit 1; fi
