#!/usr/bin/env bash
# Whether a negated filter of pyiceberg returns the rows with NaN depends on the other rows of their data file.
#
# A good guess: `not loss < 1` has one answer for a row whose loss is NaN. With IEEE's rules that is yes (NaN is not less than 1), with
# SQL's rewriting into `loss >= 1` it is no; whichever was chosen holds for all rows of the table.
# Why it is wrong: both are chosen. Data files are picked by their statistics with the rewritten filter `loss >= 1`, rows are then picked
# with the negation as it was written. Diverged rows beside losses below 1 go with their file, diverged rows beside a loss above
# 1, or in a file of nothing but NaN, are returned. The same rows written in another grouping, or compacted, give another result.
# `loss >= 1` itself, asked for directly, finds none of them, so the two filters differ as well. `is not nan` and `is nan` are reliable:
# add one of them to every comparison of a metric.
#
# Versions: pyiceberg 0.12.0 with pyarrow 26.0.1, Python 3.11.
# Source: `rewrite_not` in pyiceberg/expressions/visitors.py, used for the metrics of files, and `expression_to_pyarrow` in
# pyiceberg/io/pyarrow.py, used for rows; found by comparing tables with the same rows in different files.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" 'pyiceberg[sql-sqlite,pyarrow]==0.12.0' pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
from pathlib import Path

import pyarrow as pa
import pyiceberg
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import GreaterThanOrEqual, LessThan, Not

here = Path.cwd()
catalog = SqlCatalog("local", uri=f"sqlite:///{here}/catalog.db", warehouse=f"file://{here}")
catalog.create_namespace("lab")
nan = float("nan")
print("pyiceberg", pyiceberg.__version__, "pyarrow", pa.__version__)


def found(name: str, *files: list[float]) -> tuple[list[int], list[int]]:
    """The steps that `not loss < 1` and `loss >= 1` find in a table of these files, the steps numbered through."""
    schema = pa.schema([("_step", pa.int64()), ("loss", pa.float64())])
    table = catalog.create_table(f"lab.{name}", schema=schema)
    step = 0
    for losses in files:
        table.append(pa.table({"_step": range(step, step + len(losses)), "loss": losses}, schema=schema))
        step += len(losses)
    results = []
    for condition in (Not(LessThan("loss", 1.0)), GreaterThanOrEqual("loss", 1.0)):
        results.append(sorted(table.scan(row_filter=condition).to_arrow()["_step"].to_pylist()))
    print(f"{name:12} not < 1: {results[0]}   >= 1: {results[1]}")
    return results[0], results[1]


assert found("together", [0.5, nan, 0.2, nan, 3.0]) == ([1, 3, 4], [4])
assert found("two_files", [0.5, nan], [0.2, nan, 3.0]) == ([3, 4], [4])
assert found("low_losses", [0.5, nan, 0.2, nan]) == ([], [])
print("as expected: the same diverged steps are found or not by what stands beside them in their file")
PYTHON
./venv/bin/python check.py 2> errors.txt || { cat errors.txt; exit 1; }
