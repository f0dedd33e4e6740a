#!/usr/bin/env bash
# A NaN in an Arrow column of pandas is a value until the column is calculated with; then it is a missing one, and gone from the mean.
#
# A good guess: with `dtype_backend="pyarrow"` pandas either keeps NaN and null apart, as the Parquet file does, or takes both for missing, as its
# default columns do: in either case all through.
# Why it is wrong: what is read keeps them apart: `isna()` is false for a NaN, `dropna()` leaves it in, the mean is NaN, `to_parquet` writes NaN.
# Any arithmetic makes every NaN a null: `loss * 1.0`, `loss + 0`, numpy.log. The mean of a scaled loss is a number where that of the loss is
# NaN, `dropna()` drops the diverged rows, and the file that is written of it has nulls for them. `isin([nan])` finds the nulls, and not the NaN.
# Look for diverged rows with `loss != loss` in what was read, before any calculation.
#
# Versions: pandas 3.1.1, pyarrow 26.0.1, Python 3.11.
# Source: found by comparing what was read with the same times one; pandas/core/arrays/arrow/array.py.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" pandas==3.1.1 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

nan = float("nan")
pq.write_table(pa.table({"loss": [0.5, nan, None, 0.25]}), "history.parquet")
frame = pd.read_parquet("history.parquet", dtype_backend="pyarrow")
frame["scaled"] = frame["loss"] * 1.0
frame.to_parquet("again.parquet")
written = pq.read_table("again.parquet")
print("pandas", pd.__version__, "pyarrow", pa.__version__)
for name, missing, mean in (("loss", [False, False, True, False], "nan"), ("scaled", [False, True, True, False], "0.375")):
    column = frame[name]
    print(f"{name:6} missing: {column.isna().tolist()}  mean: {column.mean()}  written: {written[name].to_pylist()}")
    assert column.isna().tolist() == missing
    assert str(column.mean()) == mean
    assert written[name].is_null().to_pylist() == missing
for calculated in (frame["loss"] + 0, np.log(frame["loss"])):
    assert calculated.isna().tolist() == [False, True, True, False]
assert len(frame["loss"].dropna()) == 3 and len(frame["scaled"].dropna()) == 2
found = {"isin([nan])": frame["loss"].isin([nan]).tolist(), "loss != loss": (frame["loss"] != frame["loss"]).fillna(False).tolist()}
print(found)
assert list(found.values()) == [[False, False, True, False], [False, True, False, False]]
print("as expected: the same column, times one, has no NaN any more")
PYTHON
./venv/bin/python check.py
