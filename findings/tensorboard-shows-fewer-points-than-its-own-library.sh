#!/usr/bin/env bash
# TensorBoard's page and TensorBoard's Python library read two different curves from one event file after a rewind.
#
# A good guess: the page and `EventAccumulator` are the same program, so a run that goes back to step 50 and logs on shows the same
# points in both: either all of them, or, as TensorBoard is known to drop what a restart has made orphans of, only the new ones.
# Why it is wrong: which one it is depends on the reader. The page is fed by the data server, a program of its own that comes with the
# package and is used by default; whenever a step is not above the last one it throws away the points from that step on, so that 100 + 30
# points logged become the 80 of the second history. The Python code (`EventAccumulator`, and the page with `--load_fast=false`)
# throws away nothing in files of today's version unless the file says that a session starts: all 130 points stay, with steps 50 to 79
# twice, and the last point is not the one with the highest step. What was seen on the page is therefore not what a script reads.
#
# Versions: tensorboard 2.21.0, tensorboard-data-server 0.7.2, tensorboardX 2.6.5, Python 3.11.
# Source: `_MaybePurgeOrphanedData` in tensorboard/backend/event_processing/event_accumulator.py (steps out of order count for event
# files of version 1 alone); the page's own answers with both readers, compared.
set -euo pipefail

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" \
    tensorboard==2.21.0 tensorboard-data-server==0.7.2 tensorboardX==2.6.5 'setuptools<81'

cat > "$work/log.py" <<'PYTHON'
from tensorboardX import SummaryWriter

writer = SummaryWriter("logs/run")
for step in range(100):
    writer.add_scalar("loss", 1.0, step)
for step in range(50, 80):
    writer.add_scalar("loss", 2.0, step)
writer.close()
PYTHON
cat > "$work/points.py" <<'PYTHON'
import json
import sys
import time
import urllib.error
import urllib.request

if sys.argv[1] == "library":
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator("logs/run")
    reader.Reload()
    steps = [event.step for event in reader.Scalars("loss")]
else:
    address = f"http://127.0.0.1:{sys.argv[1]}/data/plugin/scalars/scalars?run=run&tag=loss"
    for _ in range(120):
        try:
            with urllib.request.urlopen(address) as answer:
                steps = [step for _, step, _ in json.load(answer)]
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(1)
    else:
        raise SystemExit("TensorBoard does not answer")
print(len(steps), "points, the last at step", steps[-1], "the highest step", max(steps))
PYTHON

./venv/bin/python log.py
./venv/bin/python -c 'import tensorboard; print("tensorboard", tensorboard.__version__)'
library=$(./venv/bin/python points.py library)
echo "EventAccumulator:         $library"
found=()
port=16201
for fast in true false; do
    port=$((port + 1))
    ./venv/bin/python -m tensorboard.main --logdir logs --host 127.0.0.1 --port $port --load_fast=$fast > "$fast.txt" 2>&1 &
    server=$!
    found+=("$(./venv/bin/python points.py $port)")
    kill "$server"
    wait "$server" 2> /dev/null || true
    server=
    echo "page, --load_fast=$fast:  ${found[-1]}"
done
[ "$library" = "130 points, the last at step 79 the highest step 99" ]
[ "${found[0]}" = "80 points, the last at step 79 the highest step 79" ]
[ "${found[1]}" = "$library" ]
echo "as expected: the page drops the first history's points from step 50 on, the library keeps them"
