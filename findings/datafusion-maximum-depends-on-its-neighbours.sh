#!/usr/bin/env bash
# In DataFusion, the maximum of a column with NaN depends on what else the query asks for.
#
# A good guess: MAX(loss) over a history with NaN is NaN in one engine and the largest number in another, but within one engine
# and on one file it is one of the two, whatever stands beside it in the query.
# Why it is wrong: alone, or beside COUNT(*), it is answered from the statistics in the Parquet file, which leave NaN out: the
# largest number. As soon as the rows have to be read, for an average beside it or for a condition that holds for all of
# them, NaN counts as larger than every number, and the same MAX is NaN. A dashboard that adds a column to its query turns
# its maximum to NaN; one that drops a column hides that the run has diverged.
#
# Versions: datafusion 55.0.0, pyarrow 26.0.1, Python 3.11.
# Source: found by comparing queries; the Parquet format's definition of statistics (NaN is left out) on one side and Arrow's
# total order of floats on the other. DataFusion's documentation of MAX does not speak of NaN.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" datafusion==55.0.0 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import math

import datafusion
import pyarrow as pa
import pyarrow.parquet as pq

pq.write_table(pa.table({"_step": range(4), "loss": [1.0, float("nan"), 2.0, 0.5]}), "0000.parquet")
context = datafusion.SessionContext()
context.register_parquet("history", "0000.parquet")
print("datafusion", datafusion.__version__)


def maximum(query: str) -> float:
    value = context.sql(query).to_pydict()["highest"][0]
    print(f"{query:75} {value}")
    return value


assert maximum("SELECT max(loss) AS highest FROM history") == 2.0
assert maximum("SELECT max(loss) AS highest, count(*) FROM history") == 2.0
assert math.isnan(maximum("SELECT max(loss) AS highest, avg(_step) FROM history"))
assert math.isnan(maximum("SELECT max(loss) AS highest FROM history WHERE _step >= 0"))
print("as expected: 2 from the statistics, NaN from the rows")
PYTHON
./venv/bin/python check.py
