#!/usr/bin/env bash
# Dask's cummin and cummax give nothing but NaN if the first partition holds no value.
#
# A good guess: `ddf["eval/loss"].cummin()` is the best value so far, row for row what pandas computes: missing values stay missing, and
# the rows after them go on with the best of those before, or begin anew where there was none.
# Why it is wrong: a history read with a partition for each row group carries the last result of each partition into the next one. If
# a partition is all missing, that result is None, and the comparison with it is false for every row, so that each of them is
# replaced by it. It only happens to what follows the first partition: a gap in the middle is skipped as it should be, and cumsum is
# right in both cases. An evaluation that is logged for the first time after the first row group, as most are, thus
# loses its whole curve in silence with two partitions; with three or more the call ends in a TypeError that names neither column nor
# cause. Drop the missing rows first (`ddf.dropna(subset=[...])`, then repartition), or compute in pandas.
#
# Versions: dask 2026.8.0, pandas 3.1.1, pyarrow 25.0.1, Python 3.11.
# Source: `TakeLast` and `CumulativeFinalize` in dask/dataframe/dask_expr/_cumulative.py, `cummin_aggregate` in
# dask/dataframe/methods.py; the documentation of cummin is that of pandas.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" 'dask[dataframe]==2026.8.0' pandas==3.1.1 pyarrow==25.0.1

cat > "$work/check.py" <<'PYTHON'
import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

LOSSES = [0.4, 0.2, 0.3, 0.1]
GAP = [None] * 4
print("dask", dask.__version__, "pandas", pd.__version__)


def best(losses: list, method: str) -> str:
    """What the method of Dask gives beside that of pandas, on a file with four rows a row group."""
    table = pa.table({"_step": range(len(losses)), "eval/loss": pa.array(losses, pa.float64())})
    pq.write_table(table, "0000.parquet", row_group_size=4)
    expected = getattr(pd.read_parquet("0000.parquet")["eval/loss"], method)()
    try:
        found = getattr(dd.read_parquet("0000.parquet", split_row_groups=True)["eval/loss"], method)().compute()
    except TypeError as error:
        return f"TypeError: {error}"
    if np.allclose(found, expected, equal_nan=True):
        return "as pandas"
    return f"{int(found.notna().sum())} values, pandas {int(expected.notna().sum())}"


cases = {"late": GAP + LOSSES, "late, three row groups": GAP + LOSSES + LOSSES, "gap": LOSSES + GAP + LOSSES}
results = {(case, method): best(cases[case], method) for case in cases for method in ("cummin", "cummax", "cumsum")}
for (case, method), result in results.items():
    print(f"{case}: {method}: {result}")
for method in ("cummin", "cummax"):
    assert results["late", method] == "0 values, pandas 4"
    assert results["late, three row groups", method].startswith("TypeError")
    assert results["gap", method] == "as pandas"
assert all(results[case, "cumsum"] == "as pandas" for case in cases)
print("as expected: the best so far is lost where the metric begins late")
PYTHON
"$work/venv/bin/python" check.py
