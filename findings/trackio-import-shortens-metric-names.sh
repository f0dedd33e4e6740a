#!/usr/bin/env bash
# trackio.import_csv cuts the names of metrics down to ten characters; a W&B history does not come out as it went in.
#
# A good guess: a CSV file of a run's history keeps its column names as metric names, perhaps with odd characters replaced;
# text columns are kept or reported; the column named "step" is the step.
# Why it is wrong: every name loses all that is not a letter, a digit or "/", and then all but the first ten characters, so
# `trainer/global_step` becomes `trainer/gl`, and the losses of all layers `val/lossla`, `val/lossla_1`, ... numbered
# in the order of the columns: another run whose columns come in another order has the numbers the other way round, and the
# two are compared as if they were the same metrics. The step is found after this shortening, too: `_step` and `step` are
# one name, and of the two the first column wins, so exports that hold both (W&B's own step and a logged one) are laid out
# along one or the other. Text is dropped, and a row that holds nothing else with it, without a word.
# Runs logged with trackio.log keep their names, so imported and logged runs do not share their metrics' names.
#
# Versions: trackio 0.43.0, Python 3.11.
# Source: trackio/imports.py and simplify_column_names in trackio/utils.py; the docstring of import_csv says that the columns
# are the metrics.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export TRACKIO_DIR="$work/trackio" HOME="$work" HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 GRADIO_ANALYTICS_ENABLED=False
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" trackio==0.43.0

cat > "$work/check.py" <<'PYTHON'
import json, os, pathlib, sqlite3

import trackio


def imported(project: str, *lines: str) -> list[tuple[int, dict]]:
    """What the rows of a CSV file become, as (step, metrics)."""
    pathlib.Path("history.csv").write_text("\n".join(lines) + "\n")
    trackio.import_csv("history.csv", project=project, name="run")
    with sqlite3.connect(pathlib.Path(os.environ["TRACKIO_DIR"], f"{project}.db")) as database:
        rows = database.execute("SELECT step, metrics FROM metrics ORDER BY step").fetchall()
    return [(step, json.loads(metrics)) for step, metrics in rows]


one = imported("one", "_step,val/loss_layer1,val/loss_layer2,trainer/global_step", "0,0.1,0.2,7")
two = imported("two", "_step,val/loss_layer2,val/loss_layer1,trainer/global_step", "0,0.2,0.1,7")
own_first = imported("three", "_step,step,loss", "0,100,3", "1,200,2")
logged_first = imported("four", "step,_step,loss", "100,0,3", "200,1,2")
text = imported("five", "_step,loss,note", "0,3,warm-up", "1,,restarted", "2,1,")
print("trackio", trackio.__version__)
print("layer1, layer2:         ", one)
print("layer2, layer1:         ", two)
print("_step before step:      ", own_first)
print("step before _step:      ", logged_first)
print("a text column:          ", text)
assert one == [(0, {"val/lossla": 0.1, "val/lossla_1": 0.2, "trainer/gl": 7.0})], one
assert two == [(0, {"val/lossla": 0.2, "val/lossla_1": 0.1, "trainer/gl": 7.0})], two
assert [step for step, _ in own_first] == [0, 1] and own_first[0][1] == {"step_1": 100.0, "loss": 3.0}, own_first
assert [step for step, _ in logged_first] == [100, 200] and logged_first[0][1] == {"step_1": 0.0, "loss": 3.0}, logged_first
assert text == [(0, {"loss": 3.0}), (2, {"loss": 1.0})], text
print("as expected: names are cut, and which column a name means depends on the order of the columns")
PYTHON
timeout 120 ./venv/bin/python check.py < /dev/null > out 2>&1 || { cat out; exit 1; }
grep -v '^\*\|^.\[' out
