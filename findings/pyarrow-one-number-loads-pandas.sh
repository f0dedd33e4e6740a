#!/usr/bin/env bash
# pyarrow loads the whole of pandas to make an array of a plain list, or a scalar of one number.
#
# A good guess: pyarrow does not depend on pandas, and touches it only where a data frame comes in or goes out: `from_pandas`,
# `to_pandas`. A script that writes a small Parquet file of Python lists starts equally fast with and without pandas installed.
# Why it is wrong: `pyarrow.array`, `pyarrow.scalar` and everything that calls them (`pyarrow.table` of lists,
# `Table.from_pylist`, `pyarrow.repeat`) ask first whether the value is a Series or an Index, and to ask that they import pandas
# if it is installed, once per process. It takes longer than pyarrow's own import and brings
# 400 modules, and it depends on an unrelated package being there: the same tool is quick in a clean environment and slow in a
# researcher's. Giving the type does not help. What does not ask: reading Parquet, CSV and JSON, `pyarrow.nulls`,
# `Array.from_buffers`, `concat_arrays`; rows that are there as JSON lines reach a table through `pyarrow.json.read_json` without it.
#
# Versions: pyarrow 26.0.1, pandas 3.1.1, numpy as pandas requires it, Python 3.11.
# Source: `_is_array_like` in pyarrow/array.pxi and `_PandasAPIShim` in pyarrow/pandas-shim.pxi (both in the wheel); the
# documentation of pyarrow.array and pyarrow.scalar does not speak of it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" pyarrow==26.0.1 pandas==3.1.1

cat > "$work/check.py" <<'PYTHON'
import subprocess
import sys

WAYS = {
    "import pyarrow": ("", False),
    "array of a list": ("pa.array([1, 2])", True),
    "array, type given": ("pa.array([1, 2], pa.int64())", True),
    "scalar of a number": ("pa.scalar(1)", True),
    "table of lists": ("pa.table({'_step': [1, 2]})", True),
    "nulls": ("pa.nulls(2, pa.int64())", False),
    "a table from JSON lines": (
        "import pyarrow.json; pyarrow.json.read_json(pa.BufferReader(b'{\"_step\": 1}\\n{\"_step\": 2}\\n'))",
        False,
    ),
}
for name, (code, expected) in WAYS.items():
    program = f"import sys, pyarrow as pa\n{code}\nprint(pa.__version__, 'pandas' in sys.modules)"
    version, loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    print(f"pyarrow {version}  {name:24} pandas loaded: {loaded}")
    assert (loaded == "True") is expected, name
program = """
import sys, time, pyarrow as pa
before = set(sys.modules)
started = time.process_time()
pa.scalar(1)
print(round(time.process_time() - started, 2), len(set(sys.modules) - before))
"""
seconds, modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
print(f"the first pa.scalar(1): {modules} modules, {seconds} s of processor time")
assert int(modules) > 300
print("as expected: one number brings all of pandas with it")
PYTHON
./venv/bin/python check.py
