#!/usr/bin/env bash
# Appending a run's second history file to a Delta table stores losses like 0.5 as 0, without an error.
#
# A good guess: the first file of a history has an integer column where all losses so far were whole numbers, the second has
# doubles. write_deltalake(mode="append") refuses that as a schema mismatch, as its documentation says it does, and
# schema_mode="merge" either widens the column or says that it cannot ("Cannot merge types long and double", as a bug report
# of 2024 has it).
# Why it is wrong: today the new values are cast to the table's type, and the cast cuts off the fraction. The append returns
# as if all were well, with and without schema_mode="merge", and what was cut off is nowhere any more: unlike a reader
# that rounds, nothing can bring it back. Only a NaN among the new values makes the append fail. The other order (doubles
# first) keeps everything.
#
# Versions: deltalake 1.6.6, pyarrow 26.0.1, Python 3.11.
# Source: delta-rs issues 2464 (the error that used to be raised), 2642 and 4448 (silent casts to the table's type); the page
# on writing in its documentation, which promises a ValueError.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" deltalake==1.6.6 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import deltalake
import pyarrow as pa

early = pa.table({"_step": [0, 1], "loss": [2, 1]})
late = pa.table({"_step": [2, 3], "loss": [0.5, -0.75]})
diverged = pa.table({"_step": [4], "loss": [float("nan")]})


def stored(*tables: pa.Table, **options: str) -> tuple[str, list]:
    """The column's type and values, in the order of the steps, after the tables have been appended one by one."""
    place = f"table-{len(options)}-{tables[0].schema.field('loss').type}"
    for table in tables:
        deltalake.write_deltalake(place, table, mode="append", **options)
    read = deltalake.DeltaTable(place).to_pyarrow_table().sort_by("_step")
    return str(read.schema.field("loss").type), read["loss"].to_pylist()


plain, merged, other_way = stored(early, late), stored(early, late, schema_mode="merge"), stored(late, early)
print("deltalake", deltalake.__version__)
print("losses written:                   ", early["loss"].to_pylist() + late["loss"].to_pylist())
print("stored by append:                 ", *plain)
print("stored with schema_mode='merge':  ", *merged)
print("stored in the other order:        ", *other_way)
assert plain == merged == ("int64", [2, 1, 0, 0]), (plain, merged)
assert other_way == ("double", [2.0, 1.0, 0.5, -0.75]), other_way
try:
    deltalake.write_deltalake("table-0-int64", diverged, mode="append")
except Exception as error:
    print("a NaN after that:                 ", error)
    assert "NaN" in str(error), error
else:
    raise AssertionError("NaN was taken")
print("as expected: the fractions are gone")
PYTHON
./venv/bin/python check.py
