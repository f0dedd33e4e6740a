#!/usr/bin/env bash
# ClearML reports a loss that is NaN or infinite as 0.
#
# A good guess: a tracker keeps NaN as NaN, or as null, or leaves the point out; infinity is kept, or becomes the largest double. A run that has
#   diverged is recognised by its curve.
# Why it is wrong: NaN, infinity and minus infinity are all replaced by 0.0 before they are sent or stored, in scalars and in single values.
#   The curve of a loss falls to 0, and the smallest and last value of the diverged run are the best of all.
#   A line on the terminal, of level INFO, says so for the first value, and again after 1,000 of them;
#   `Logger.set_reporting_nan_value` and `set_reporting_inf_value` set another number.
# Versions: clearml 2.1.12, Python 3.11.
# Source: _convert_np_nan_inf in clearml/backend_interface/metrics/events.py; the file of an offline session.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q venv
python3 -m uv pip install -q --python venv/bin/python clearml==2.1.12

cat > check.py <<'PYTHON'
import json
import math
from importlib.metadata import version
from pathlib import Path

from clearml import Task

Task.set_offline(True)
task = Task.init(
    "forks",
    "diverged",
    auto_connect_frameworks=False,
    auto_connect_arg_parser=False,
    auto_connect_streams=False,
    auto_resource_monitoring=False,
)
logger = task.get_logger()
losses = [0.9, 0.5, math.nan, math.inf, -math.inf, math.nan]
for step, loss in enumerate(losses):
    logger.report_scalar("loss", "train", value=loss, iteration=step)
logger.report_single_value("final loss", math.nan)
folder = task.get_offline_mode_folder()
task.close()

events = [event for line in (Path(folder) / "metrics.jsonl").read_text().splitlines() for event in json.loads(line)]
stored = [event["value"] for event in sorted(events, key=lambda event: event["iter"]) if event["metric"] == "loss"]
single = [event["value"] for event in events if event["variant"] == "final loss"]
print("clearml", version("clearml"))
print("logged:", losses)
print("stored:", stored, "smallest", min(stored), "last", stored[-1])
print("single value: logged nan, stored", *single)
assert stored == [0.9, 0.5, 0.0, 0.0, 0.0, 0.0]
assert single == [0.0]
PYTHON
HOME=$work CLEARML_CACHE_DIR=$work/cache CLEARML_CONFIG_FILE=$work/none timeout 120 ./venv/bin/python check.py < /dev/null 2> out || { cat out; exit 1; }
