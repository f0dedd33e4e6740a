#!/usr/bin/env bash
# pyarrow's `in` filter finds no zeros in a row group that holds nothing but zeros.
#
# A good guess: `read_table(filters=[("reward", "in", [0.0, 1.0])])` gives every row whose reward is 0 or 1, the same rows as
# filtering after the reading. If anything is wrong with zeros, it is with -0.0, and here there is none.
# Why it is wrong: as the Parquet format asks of writers, the statistics of a column whose smallest value is 0.0 say -0.0.
# For a row group of zeros they so become "from -0.0 to 0.0". When the filter is narrowed down by the statistics, that
# interval counts as the single value -0.0, and the lookup in the list, unlike `==`, tells the two zeros apart: not in the
# list, so the whole row group is left out. A sparse reward before the first success, a learning rate before the warm-up,
# an accuracy of an untrained model: just the flat stretches of a history vanish. `("reward", "=", 0.0)`, an integer
# column, a row group with one other value in it, or a file without statistics give all rows.
#
# Versions: pyarrow 26.0.1 (25.0.1 behaves the same), Python 3.11.
# Source: the comments on statistics in parquet.thrift (writers replace a minimum of +0 by -0); found by comparing `in`
# with `=` and with the filter after reading; the documentation of pyarrow.parquet.read_table names no exception.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

wanted = pc.field("reward").isin([0.0, 1.0])
print("pyarrow", pa.__version__)


def rows(rewards: list, **options) -> tuple[int, int, int]:
    """How many rows `in`, `=` and a filter after reading find."""
    pq.write_table(pa.table({"_step": range(len(rewards)), "reward": rewards}), "0000.parquet", **options)
    return (
        pq.read_table("0000.parquet", filters=[("reward", "in", [0.0, 1.0])]).num_rows,
        pq.read_table("0000.parquet", filters=[[("reward", "=", 0.0)], [("reward", "=", 1.0)]]).num_rows,
        pq.read_table("0000.parquet").filter(wanted).num_rows,
    )


for name, found, expected in (
    ("4 zeros", rows([0.0] * 4), (0, 4, 4)),
    ("4 ones", rows([1.0] * 4), (4, 4, 4)),
    ("4 zeros, then a one", rows([0.0] * 4 + [1.0]), (5, 5, 5)),
    ("the same in row groups of 4", rows([0.0] * 4 + [1.0], row_group_size=4), (1, 5, 5)),
    ("4 zeros, no statistics", rows([0.0] * 4, write_statistics=False), (4, 4, 4)),
):
    print(f"{name:28} in: {found[0]}   =: {found[1]}   after reading: {found[2]}")
    assert found == expected, (name, found, expected)
print("as expected: row groups of zeros are not found by `in`")
PYTHON
./venv/bin/python check.py
