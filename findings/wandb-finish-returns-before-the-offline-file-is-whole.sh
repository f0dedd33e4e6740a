#!/usr/bin/env bash
# run.finish() of an offline run returns while its .wandb file is still being written.
#
# A good guess: `finish()` waits until all that was logged is safe: online until it is uploaded, offline until it stands in the run's .wandb file,
# which may be copied to another machine right after.
# Why it is wrong: offline it waits for the answer of the service process, which gives it before the last records, often before any, have been
# written. In one run of three to seven the file lacks its end when the call returns, and is whole some milliseconds later. A job whose last line copies the
# folder to shared storage, or a container that is stopped there, now and then leaves the last rows behind, or a file of seven bytes, with
# exit status 0. `wandb.teardown()`, which waits for the service to end, or the end of the Python process makes sure.
#
# Versions: wandb 0.31.0 and 0.24.1, Python 3.11, Linux.
# Source: measured; the documentation of `Run.finish` says that it marks the run as finished and finishes uploading all data.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > "$work/check.py" <<'PYTHON'
import os
import time
from pathlib import Path

os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
import wandb

RUNS, RUNS_WITH_TEARDOWN, STEPS = 80, 10, 50


def sizes(*, teardown: bool = False) -> tuple[int, int]:
    """The size of a run's file right after finish(), or teardown(), has returned, and once it grows no more."""
    run = wandb.init(project="study")
    for step in range(STEPS):
        run.log({"loss": 1 / (step + 1)})
    folder = Path(run.dir).parent
    run.finish()
    if teardown:
        wandb.teardown()
    file = next(folder.glob("*.wandb"))
    at_once = size = file.stat().st_size
    unchanged_since = time.monotonic()
    while time.monotonic() - unchanged_since < 0.3:
        if (now := file.stat().st_size) != size:
            size, unchanged_since = now, time.monotonic()
    return at_once, size


found = [sizes() for _ in range(RUNS)]
early = [(at_once, size) for at_once, size in found if at_once < size]
print(f"wandb {wandb.__version__}: {len(early)} of {RUNS} files had not been written to their end when finish() returned")
print("bytes then, and bytes in the end:", early[:5])
assert early, "each file was whole"
assert min(size for _, size in found) > 5000
torn_down = [sizes(teardown=True) for _ in range(RUNS_WITH_TEARDOWN)]
assert all(at_once == size > 5000 for at_once, size in torn_down), torn_down
print(f"after wandb.teardown(), all of {RUNS_WITH_TEARDOWN} were whole")
print("as expected: finish() does not wait for the file")
PYTHON
for number in 0.24.1 0.31.0; do
  python3 -m uv venv -q "$work/$number"
  python3 -m uv pip install -q --python "$work/$number/bin/python" "wandb==$number"
  timeout 170 "$work/$number/bin/python" check.py > output.txt 2> errors.txt < /dev/null || { cat output.txt errors.txt; exit 1; }
  cat output.txt
done
