#!/usr/bin/env bash
# Aim 3.29 does not find a run that has ended until something has indexed it; the one before did.
#
# A good guess: once `run.close()` has returned, `Repo.iter_runs()` and `Repo.query_metrics()` of another process give the run and its
# metrics: they are on the disk, in the folder that is read. So it was up to 3.28.
# Why it is wrong: since 3.29 the repository reads its list of runs from an index alone, and a script that logs does not write it: the
# web interface does, while it runs, or `aim storage reindex`. Until then there is no error and no warning, just no run.
# A script that evaluates right after training, on a machine where nobody opens the
# interface, reads an empty repository.
#
# Versions: aim 3.29.1, beside 3.28.0; Python 3.11.
# Source: aim/storage/union.pyx (which databases a reader opens) and aim/sdk/index_manager.py; found by reading what had just been
# logged, with both versions.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > "$work/train.py" <<'PYTHON'
from aim import Run

run = Run(repo=".", system_tracking_interval=None, capture_terminal_logs=False, log_system_params=False)
for step, loss in enumerate([1.0, 0.5, 0.25]):
    run.track(loss, name="loss", step=step)
run.close()
PYTHON
cat > "$work/read.py" <<'PYTHON'
from importlib.metadata import version

from aim import Repo

found = [(metric.name, len(metric.values.sparse_numpy()[0])) for run in Repo.from_path(".").iter_runs() for metric in run.metrics()]
print(f"aim {version('aim')}:", found)
PYTHON

for number in 3.28.0 3.29.1; do
  python3 -m uv venv -q "$work/$number"
  python3 -m uv pip install -q --python "$work/$number/bin/python" "aim==$number" 'setuptools<80'
  mkdir "$work/of-$number"
  cd "$work/of-$number"
  "$work/$number/bin/python" ../train.py
  "$work/$number/bin/python" ../read.py | tee ../found
  if [ "$number" = 3.28.0 ]; then
    grep -qx "aim 3.28.0: \[('loss', 3)\]" ../found
  else
    grep -qx 'aim 3.29.1: \[\]' ../found
    "$work/$number/bin/aim" storage --repo . reindex -y > ../indexed 2>&1
    echo "after aim storage reindex:"
    "$work/$number/bin/python" ../read.py | tee ../found
    grep -qx "aim 3.29.1: \[('loss', 3)\]" ../found
  fi
done
echo "as expected: without an index the finished run is not there"
