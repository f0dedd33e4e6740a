#!/usr/bin/env bash
# For a folder of history files, daft and chdb let the file system choose the order of the rows and the type of the metrics.
#
# A good guess: "history/*.parquet" is expanded in the order of the names, as shells, DuckDB, polars and pyarrow do it, so
# 0000.parquet comes first: it gives the schema, and rows come in the order of the steps.
# Why it is wrong: both take the files as the folder lists them, which on common file systems is the order of a hash of the
# names. The first file listed gives the type of each column. If it happens to be one whose losses are whole numbers (the
# column is then written as integers), the losses of all other files are cut to whole numbers, without an error; if it is
# any other, all are right. The same files copied to another disk may read differently. In daft the rows come in that order,
# too, and a metric that the first file lacks is left out.
#
# Versions: daft 0.7.26, chdb 4.4.0 (ClickHouse 26.9.2), pyarrow 25.0.1, Python 3.11.
# Source: found by reading files of different types; ClickHouse's documentation says that by default a schema is inferred from
# the first file that has one, and does not say which file is first.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export DO_NOT_TRACK=true DAFT_ANALYTICS_ENABLED=0 DAFT_PROGRESS_BAR=0 HOME="$work"
for library in daft==0.7.26 chdb==4.4.0; do
  python3 -m uv venv -q "$work/${library%%=*}"
  python3 -m uv pip install -q --python "$work/${library%%=*}/bin/python" "$library" pyarrow==25.0.1
done

cat > "$work/files.py" <<'PYTHON'
import os, pathlib, random, sys

import pyarrow as pa
import pyarrow.parquet as pq


def write(name: str, whole: bool) -> None:
    step = int(name.rpartition("-")[2][:4])
    pq.write_table(pa.table({"_step": [step], "loss": [step] if whole else [step + 0.5]}), name)


os.makedirs("history", exist_ok=True)
os.chdir("history")
for prefix in "abcdefgh":
    names = [f"{prefix}-{number:04}.parquet" for number in range(40)]
    random.Random(7).shuffle(names)
    for name in names:
        write(name, whole=False)
    listed = os.listdir()
    if listed[0] not in (min(listed), max(listed)):
        break
    for name in names:
        os.remove(name)
whole = listed[0] if sys.argv[1] == "first" else listed[-1]
for name in listed:
    write(name, whole=name == whole)
assert os.listdir() == listed
print(f"whole numbers in {whole} only, which is listed {sys.argv[1]} of {len(listed)};", "0000 is listed", end=" ")
print(next(place for place, name in enumerate(listed) if "-0000" in name) + 1, end=".\n")
PYTHON

cat > "$work/check.py" <<'PYTHON'
import importlib.metadata, os, sys

library, whole_is = sys.argv[1:]
listed = [int(name.rpartition("-")[2][:4]) for name in os.listdir("history")]
if library == "daft":
    import daft

    read = daft.read_parquet("history/*.parquet").to_pydict()
    rows = list(zip(read["_step"], read["loss"]))
    assert [step for step, _ in rows] == listed != sorted(listed), rows
else:
    import chdb

    lines = str(chdb.query("SELECT _step, loss FROM file('history/*.parquet')", "CSV")).split()
    rows = [(int(step), float(loss)) for step, loss in (line.split(",") for line in lines)]
cut = sum(loss == step for step, loss in rows)
print(f"{library} {importlib.metadata.version(library)}: {cut} of {len(rows)} losses are whole numbers; first rows {rows[:3]}")
assert len(rows) == 40 and cut == (40 if whole_is == "first" else 1), (cut, rows)
PYTHON

for whole in last first; do
  rm -rf history
  ./daft/bin/python files.py "$whole"
  for library in daft chdb; do
    "./$library/bin/python" check.py "$library" "$whole" 2> errors || { cat errors; exit 1; }
  done
done
echo "as expected: one file of whole numbers takes the fractions of all others, if the folder lists it first"
