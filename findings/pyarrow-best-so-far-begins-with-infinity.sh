#!/usr/bin/env bash
# pyarrow's cumulative_min of a loss that begins with NaN begins with infinity, a value that the column does not hold.
#
# A good guess: the best so far is NaN until the first number, as in pandas, or NaN from there on, as in numpy; for a run of nothing but NaN
# it is NaN in any case, as pyarrow.compute.min says.
# Why it is wrong: the calculation starts from the neutral value, infinity for a minimum and minus infinity for a maximum, and a NaN leaves
# it as it is. So until the first number the neutral value stands there, and for a diverged run in all rows: sorted by `cumulative_max`, an
# accuracy of NaN is below every other; plotted, the curve comes from infinity. NaN after a number is passed over. With null in place of NaN
# and skip_nulls=True, the rows without a number are null and the others right.
#
# Versions: pyarrow 26.0.1, pandas 3.1.1, numpy 2.4.6, Python 3.11.
# Source: compared with pyarrow.compute.min, pandas and numpy; the documentation of the cumulative functions does not mention NaN.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6

cat > "$work/check.py" <<'PYTHON'
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

NAN, INF = math.nan, math.inf
late = pa.array([NAN, NAN, 0.5, NAN, 0.25])
diverged = pa.array([NAN, NAN])
without = pc.if_else(pc.is_nan(late), None, late)

print(f"pyarrow {pa.__version__}, pandas {pd.__version__}, numpy {np.__version__}")
for name, best, expected in (
    ("pandas, cummin", late.to_pandas().cummin().tolist(), [NAN, NAN, 0.5, NAN, 0.25]),
    ("numpy, minimum.accumulate", np.minimum.accumulate(late.to_numpy()).tolist(), [NAN] * 5),
    ("pyarrow, cumulative_min", pc.cumulative_min(late).to_pylist(), [INF, INF, 0.5, 0.5, 0.25]),
    ("pyarrow, cumulative_max", pc.cumulative_max(late).to_pylist(), [-INF, -INF, 0.5, 0.5, 0.5]),
    ("  null in place of NaN", pc.cumulative_min(without, skip_nulls=True).to_pylist(), [None, None, 0.5, None, 0.25]),
    ("diverged, min", [pc.min(diverged).as_py()], [NAN]),
    ("diverged, cumulative_min", pc.cumulative_min(diverged).to_pylist(), [INF, INF]),
):
    print(f"  {name:26} {best}")
    assert repr(best) == repr(expected), expected
print("as expected: pyarrow's best so far begins with infinity")
PYTHON
timeout 60 ./venv/bin/python check.py 2> errors.txt || { cat errors.txt; exit 1; }
