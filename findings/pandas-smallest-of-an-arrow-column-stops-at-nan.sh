#!/usr/bin/env bash
# The five smallest losses of an Arrow column in pandas may be three, or none, if the column holds NaN.
#
# A good guess: `losses.nsmallest(5)` is the five smallest numbers, with NaN after them at most, whether the history was read with
# `dtype_backend="pyarrow"` or without: only the memory behind the column differs.
# Why it is wrong: the missing rows are set aside first, and in an Arrow column a NaN that was read from a file is not missing. It takes part in
# the search for the n-th smallest value, whose comparisons it upsets, and if the value found is NaN, nothing is smaller. The answer is then
# shorter than asked, empty, or nothing but the missing rows, without a word, and which of these depends on where the NaN stand and
# on n. nlargest does the same. With the default columns and with Float64 both are right, as is `sort_values().head(5)`.
#
# Versions: pandas 3.1.1, pyarrow 26.0.1, Python 3.11.
# Source: SelectNSeries.compute in pandas/core/methods/selectn.py, which calls dropna and then kth_smallest.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" pandas==3.1.1 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

nan = float("nan")
pq.write_table(pa.table({"loss": [9.0, 8.0, nan, nan, nan, 4.0, 3.0, None, 2.0, 1.0]}), "diverged.parquet")
pq.write_table(pa.table({"loss": [5.0, nan, 3.0, nan, 1.0, 2.0]}), "short.parquet")
print("pandas", pd.__version__, "pyarrow", pa.__version__)


def read(name: str, **options: str) -> pd.Series:
    return pd.read_parquet(f"{name}.parquet", **options)["loss"]


def numbers(values: pd.Series) -> list[float | None]:
    return [None if value is pd.NA else value for value in values]


for name, n, smallest, largest in (
    ("short", 3, [1.0, 2.0], [5.0, 3.0]),
    ("short", 4, [], [5.0]),
    ("diverged", 4, [1.0, 2.0, 3.0, 4.0], [9.0, 8.0, 4.0, 3.0]),
    ("diverged", 5, [None], [None]),
):
    usual = read(name)
    arrow = read(name, dtype_backend="pyarrow")
    got = numbers(arrow.nsmallest(n)), numbers(arrow.nlargest(n))
    print(f"{name}: smallest {n} {usual.nsmallest(n).tolist()}, of an Arrow column {got[0]}; largest {usual.nlargest(n).tolist()}, {got[1]}")
    assert got == (smallest, largest)
    assert usual.nsmallest(n).tolist() == sorted(usual.dropna())[:n]
    assert usual.nlargest(n).tolist() == sorted(usual.dropna(), reverse=True)[:n]
    assert arrow.astype("Float64").nsmallest(n).tolist() == usual.nsmallest(n).tolist()
    assert arrow.sort_values().head(n).tolist() == usual.nsmallest(n).tolist()
print("as expected: rows are lost as soon as a NaN is taken for the n-th value")
PYTHON
./venv/bin/python check.py
