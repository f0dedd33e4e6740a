#!/usr/bin/env bash
# DuckDB rounds a metric that was whole for 20,480 rows: a success rate of 0 that rises to 0.75 is read as 1.
#
# A good guess: read_csv and read_json take the types from a sample of the file, and a value further down that does not fit its
# column's type raises a conversion error, which says to enlarge the sample. Text in a column of numbers does exactly that.
# Why it is wrong: only what is no number at all raises. In a column that the sample made BIGINT a fraction is rounded: 0.75 becomes 1,
# 0.25 becomes 0, a loss that falls below 0.5 is 0 from there on. No error, no warning. A run's rewards,
# accuracies and counters often are whole at first, and writers such as pyarrow's write the double 0.0 to CSV as 0. With `sample_size=-1`
# the whole file is the sample; Parquet has types of its own.
#
# Versions: duckdb 2.0.1, pyarrow 26.0.1, Python 3.11.
# Source: duckdb issues 25824 (CSV) and 25786 (JSON): the sniffer parses strictly, the reader after it does not.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" duckdb==2.0.1 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pc

STEPS, WHOLE = 40_000, 30_000
rates = [0.0] * WHOLE + [0.25] * 8_000 + [0.75] * 2_000
pc.write_csv(pa.table({"_step": range(STEPS), "success": rates}), "run.csv")
with open("run.jsonl", "w") as file:
    for step, rate in enumerate(rates):
        file.write(json.dumps({"_step": step, "success": rate or 0}) + "\n")
Path("text.csv").write_text("_step,success\n" + "".join(f"{step},0\n" for step in range(WHOLE)) + f"{WHOLE},diverged\n")


def read(source: str) -> tuple:
    counts = "count(*) filter (success = 0), count(*) filter (success = 1)"
    return duckdb.sql(f"select typeof(any_value(success)), max(success), avg(success), {counts} from {source}").fetchall()[0]


print("duckdb", duckdb.__version__, "- type, maximum, mean, zeros, ones")
print("written:                     DOUBLE", max(rates), sum(rates) / STEPS, rates.count(0), rates.count(1))
shown = {}
for source in ("read_csv('run.csv')", "read_json('run.jsonl')", "read_csv('run.csv', sample_size=-1)"):
    shown[source] = read(source)
    print(f"{source}:", *shown[source])
try:
    read("read_csv('text.csv')")
    raised = None
except duckdb.ConversionException as error:
    raised = str(error).splitlines()[0]
print("text in place of a fraction:", raised)
assert shown["read_csv('run.csv')"] == ("BIGINT", 1, 0.05, 38_000, 2_000), shown
assert shown["read_csv('run.csv', sample_size=-1)"] == ("DOUBLE", 0.75, 0.0875, 30_000, 0), shown
assert shown["read_json('run.jsonl')"] == shown["read_csv('run.csv')"], shown
assert raised
print("as expected: the fractions are rounded")
PYTHON
timeout 120 ./venv/bin/python check.py
