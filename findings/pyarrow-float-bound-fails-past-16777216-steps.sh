#!/usr/bin/env bash
# filters=[("_step", ">", 1e6)] works in pyarrow until a run passes 16,777,216 steps; then it raises ArrowInvalid.
#
# A good guess: comparing an integer column with 1e6 or 2.5 is done in double precision, which holds every step up to 2^53.
# Why it is wrong: in an expression, a Python float that single precision holds exactly is made a single-precision constant,
# and the 64-bit column is then converted to single precision, which ends being exact at 2^24. The conversion is a
# checked one, so the first step beyond that (frames of an environment, tokens seen) makes the whole query fail, in files
# and in memory, whatever the bound. Bounds that single precision does not hold (0.1, 1_000_000.1, 16_777_217.0) make it
# double precision and work, as do pyarrow.compute.greater on an array with any bound, and an integer as the bound. So
# notation decides: 1e6 fails where 1_000_000 works.
#
# Versions: pyarrow 26.0.1 (25.0.1 behaves the same), pandas 3.1.1, Python 3.11.
# Source: apache/arrow issue 36719 (open since 2023, there for a division by 1e8); found here by comparing filters on files
# with filters in memory.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" pyarrow==26.0.1 pandas==3.1.1

cat > "$work/check.py" <<'PYTHON'
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def history(last: int) -> None:
    pq.write_table(pa.table({"_step": [0, 2_000_000, last]}), "0000.parquet")


def rows(bound: float) -> int | str:
    try:
        found = pq.read_table("0000.parquet", filters=[("_step", ">", bound)]).num_rows
    except pa.ArrowInvalid as error:
        found = f"ArrowInvalid: {error}"
    print(f"  _step > {bound!r:<12} {found}")
    return found


print("pyarrow", pa.__version__)
print("last step 16,777,216")
history(2**24)
assert [rows(bound) for bound in (1e6, 2.5)] == [2, 2]
print("last step 16,777,217")
history(2**24 + 1)
refused = [rows(bound) for bound in (1e6, 2.5, 1e9)]
taken = [rows(bound) for bound in (1_000_000, 1_000_000.1, 0.1, 16_777_217.0)]
assert all("not in range: -16777216 to 16777216" in str(found) for found in refused), refused
assert taken == [2, 2, 2, 0], taken
steps = pq.read_table("0000.parquet")["_step"]
assert pc.greater(steps, 1e6).to_pylist() == [False, True, True]
try:
    pd.read_parquet("0000.parquet", filters=[("_step", ">", 1e6)])
except pa.ArrowInvalid:
    print("  pandas.read_parquet: the same")
else:
    raise AssertionError("pandas reads it")
print("as expected: one step more, and 1e6 is no bound any longer")
PYTHON
./venv/bin/python check.py
