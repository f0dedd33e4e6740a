#!/usr/bin/env bash
# polars reads a CSV column of losses as text if one of its first rows is NaN, as most other libraries write it.
#
# A good guess: a reader that guesses the types of a CSV file knows NaN as a floating-point number, however it is spelled, as its parser of floats
#   does. If it did not, it would do so for the whole column, wherever NaN stands, and would not read infinity either.
# Why it is wrong: the guess is made from the first 100 rows, and takes "NaN" and "inf" for numbers, but "nan" for text; rows further down are
#   parsed as floats, where "nan" is fine. So the same loss is text in the file of a run that diverged early, and a number in that of a
#   run that diverged later. pyarrow, DuckDB and pandas with Arrow columns all write "nan"; polars itself writes "NaN".
#   `schema_overrides` makes it a number. pyarrow in turn reads either spelling as a missing value, unless `null_values` is given.
# Versions: polars 2.1.0, pyarrow 26.0.1, duckdb 2.0.1, pandas 3.1.1, Python 3.11.
# Source: files of each writer read by each reader.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q venv
python3 -m uv pip install -q --python venv/bin/python polars==2.1.0 pyarrow==26.0.1 duckdb==2.0.1 pandas==3.1.1

cat > check.py <<'PYTHON'
import math
from importlib.metadata import version
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow
from pyarrow import csv

ROWS = 300


def history(diverged_at):
    losses = [math.nan if step == diverged_at else 1 / (step + 1) for step in range(ROWS)]
    return pyarrow.table({"step": range(ROWS), "loss": losses})


def written(rows):
    """The names of the libraries, each of which writes a file."""
    csv.write_csv(rows, "pyarrow.csv")
    duckdb.sql("copy rows to 'duckdb.csv' (header)")
    rows.to_pandas(types_mapper=pandas.ArrowDtype).to_csv("pandas.csv", index=False)
    polars.from_arrow(rows).write_csv("polars.csv")
    return ["pyarrow", "duckdb", "pandas", "polars"]


print(*(f"{name} {version(name)}" for name in ("polars", "pyarrow", "duckdb", "pandas")))
for step, text in ((50, True), (200, False)):
    for name in written(history(step)):
        file = f"{name}.csv"
        spelled = next(word for word in ("nan", "NaN") if word in Path(file).read_text())
        read = polars.read_csv(file)["loss"]
        scanned = polars.scan_csv(file).collect()["loss"]
        print(f"NaN at step {step}, written by {name} as {spelled}: read by polars as {read.dtype}")
        assert read.dtype == scanned.dtype == (polars.String if text and spelled == "nan" else polars.Float64)
        assert (spelled == "NaN") == (name == "polars")
        given = polars.read_csv(file, schema_overrides={"loss": polars.Float64})["loss"]
        assert math.isnan(given[step]) and given.null_count() == 0
        assert csv.read_csv(file)["loss"].null_count == 1
        kept = csv.read_csv(file, convert_options=csv.ConvertOptions(null_values=[""]))["loss"]
        assert kept.null_count == 0 and math.isnan(kept[step].as_py())
        assert math.isnan(duckdb.sql(f"select loss from '{file}' where step = {step}").fetchall()[0][0])
print("read by pyarrow: a missing value each time; by DuckDB: NaN")
Path("infinite.csv").write_text("step,loss\n0,0.5\n1,inf\n")
assert polars.read_csv("infinite.csv")["loss"].dtype == polars.Float64
PYTHON
./venv/bin/python check.py < /dev/null
