#!/usr/bin/env bash
# Readers of JSON lines leave a metric out, with all its values, if it is logged for the first time late in the file.
#
# A good guess: a reader that infers the columns from the first rows finds a key that is new further down and raises, or adds the column,
# since keys that are missing from some objects are usual.
# Why it is wrong: polars looks at 100 rows, pyarrow.dataset at the first megabyte, and both ignore keys that they have not met by then. The
# table has every row and no column `val`; neither a warning nor a null shows that there was one. An evaluation that begins after the first
# thousands of steps is just such a metric. Within one project they disagree: pyarrow.json, unlike pyarrow.dataset, has the column, and
# so does pandas. DuckDB, with a sample of 20,480 rows, raises if all columns are selected, but not if one of the others is, nor for the
# list of columns. Told to look at everything, DuckDB (`sample_size=-1`) and polars (`infer_schema_length=None`) find the metric.
#
# Versions: duckdb 2.0.1, polars 2.1.0, pyarrow 26.0.1, pandas 3.1.1, Python 3.11.
# Source: polars issue 29330, duckdb issue 25826; pyarrow.dataset by comparison with pyarrow.json.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1 pandas==3.1.1

cat > "$work/check.py" <<'PYTHON'
import json
from importlib.metadata import version

import duckdb
import pandas
import polars
import pyarrow.dataset
import pyarrow.json

STEPS, LATE = 60_000, 40_000
with open("run.jsonl", "w") as file:
    for step in range(STEPS):
        row = {"_step": step, "loss": 1 / (step + 1)} | ({"val": 0.5} if step >= LATE else {})
        file.write(json.dumps(row) + "\n")

tables = {
    "polars.read_ndjson": polars.read_ndjson("run.jsonl").to_arrow(),
    "polars.scan_ndjson": polars.scan_ndjson("run.jsonl").collect().to_arrow(),
    "polars, whole file": polars.read_ndjson("run.jsonl", infer_schema_length=None).to_arrow(),
    "pyarrow.dataset": pyarrow.dataset.dataset("run.jsonl", format="json").to_table(),
    "pyarrow.json": pyarrow.json.read_json("run.jsonl"),
    "pandas": pyarrow.Table.from_pandas(pandas.read_json("run.jsonl", lines=True)),
    "duckdb, whole file": duckdb.sql("from read_json('run.jsonl', sample_size=-1)").to_arrow_table(),
}
print(*(f"{name} {version(name)}" for name in ("duckdb", "polars", "pyarrow", "pandas")), sep=", ")
found = {}
for reader, table in tables.items():
    assert table.num_rows == STEPS, reader
    found[reader] = STEPS - table["val"].null_count if "val" in table.column_names else None
    print(f"{reader:20}", table.column_names, "" if found[reader] is None else f"{found[reader]} values of val")
lost = {reader for reader, count in found.items() if count is None}
assert lost == {"polars.read_ndjson", "polars.scan_ndjson", "pyarrow.dataset"}, lost
assert all(count == STEPS - LATE for reader, count in found.items() if reader not in lost), found

columns = duckdb.sql("from read_json('run.jsonl')").columns
rows = duckdb.sql("select count(loss) from read_json('run.jsonl')").fetchall()[0][0]
try:
    duckdb.sql("from read_json('run.jsonl')").fetchall()
    raised = None
except duckdb.InvalidInputException as error:
    raised = str(error)
print("duckdb: columns", columns, "- losses", rows, "- all columns:", (raised or "no error").split(",")[0])
assert columns == ["_step", "loss"] and rows == STEPS and raised and "unknown key" in raised
print("as expected: all rows are there, and the late metric is not")
PYTHON
timeout 120 ./venv/bin/python check.py
