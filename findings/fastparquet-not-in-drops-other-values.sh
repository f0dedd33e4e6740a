#!/usr/bin/env bash
# A "not in" filter makes fastparquet leave out row groups that hold plenty of wanted rows.
#
# A good guess: fastparquet's filters choose row groups by their statistics, so they give too many rows rather than too few;
# with row_filter=True the rest is sorted out row by row and the result is exact. A row group is left out by "not in" only
# where all of its values must be in the list.
# Why it is wrong: it is left out as soon as its smallest or its largest value is in the list, whatever lies between. Leaving
# out the first step (`("_step", "not in", [0])`) leaves out the whole first row group, and with a run that is one row
# group long, the run. "!=" does not do that. pandas passes such filters on with engine="fastparquet".
#
# Versions: fastparquet 2026.9.0, pandas 3.1.1, pyarrow 26.0.1 (writes the file, and to compare with), Python 3.11.
# Source: filter_not_in in fastparquet/api.py; the documentation of filters lists "not in" beside the others.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import fastparquet
import pyarrow as pa
import pyarrow.parquet as pq

pq.write_table(pa.table({"_step": range(9), "loss": [1 / (step + 1) for step in range(9)]}), "0000.parquet", row_group_size=3)


def steps(*condition: object) -> list[int]:
    file = fastparquet.ParquetFile("0000.parquet")
    return file.to_pandas(filters=[condition], row_filter=True)["_step"].tolist()


without = {wanted: steps("_step", "not in", [wanted]) for wanted in (0, 1, 5)}
unequal = steps("_step", "!=", 0)
compared = pq.read_table("0000.parquet", filters=[("_step", "not in", [0])])["_step"].to_pylist()
print("fastparquet", fastparquet.__version__, "on row groups 0-2, 3-5 and 6-8")
for wanted, found in without.items():
    print(f"_step not in [{wanted}]:              ", found)
print("_step != 0:                    ", unequal)
print("pyarrow, _step not in [0]:     ", compared)
assert without == {0: [3, 4, 5, 6, 7, 8], 1: [0, 2, 3, 4, 5, 6, 7, 8], 5: [0, 1, 2, 6, 7, 8]}, without
assert unequal == compared == [1, 2, 3, 4, 5, 6, 7, 8], (unequal, compared)
print("as expected: steps 1 and 2 go with step 0, and steps 3 and 4 with step 5")
PYTHON
./venv/bin/python check.py
