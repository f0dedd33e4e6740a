#!/usr/bin/env bash
# tbparse with pivot=True gives the values of a step that was logged twice in an order that is none, so that the last one may be the old one.
#
# A good guess: SummaryReader(folder, pivot=True) has one row a step. A step that was logged twice, before and after a rewind, has one of the
# values, or a list of both in the order of logging, as the table without pivot has its rows.
# Why it is wrong: it is a list, but the rows are sorted by step before they are put together, by pandas' default sort, which does not keep the
# order of rows that are equal. With a few steps it may happen to; with a hundred a good part of the lists begin with the newer value.
# `value[-1]` is then now the old curve and now the new one. A NaN is left out of the list, so a step that diverged and was repeated is a
# plain number. The long table (without pivot) and drop_duplicates(["tag", "step"], keep="last") give the last value here, with one tag and one run.
#
# Versions: tbparse 0.0.9, tensorboardX 2.6.5, pandas 3.1.1, numpy 2.4.6, Python 3.11.
# Source: the sort_values in tbparse/summary_reader.py, which names no kind; measured.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" tbparse==0.0.9 tensorboardX==2.6.5 pandas==3.1.1 numpy==2.4.6

cat > "$work/check.py" <<'PYTHON'
from importlib.metadata import version

from tbparse import SummaryReader
from tensorboardX import SummaryWriter

print(*(f"{name} {version(name)}" for name in ("tbparse", "tensorboardX", "pandas")))


def curves(steps: int) -> tuple[list[list[float]], list[float]]:
    folder = f"run{steps}"
    with SummaryWriter(folder) as writer:
        for step in range(steps):
            writer.add_scalar("loss", 1.0, step)
        for step in range(steps // 2, steps):  # rewound to the middle
            writer.add_scalar("loss", 2.0, step)
    repeated = [value for value in SummaryReader(folder, pivot=True).scalars["loss"] if isinstance(value, list)]
    rows = SummaryReader(folder).scalars
    last = rows[rows["step"] >= steps // 2].drop_duplicates("step", keep="last")["value"]
    return repeated, last.tolist()


for steps in (100, 1000):
    lists, last = curves(steps)
    old_last = sum(values == [2.0, 1.0] for values in lists)
    print(f"{steps} steps: {len(lists)} were logged twice, {old_last} have the old value last; long table: {sum(value == 1.0 for value in last)}")
    assert len(lists) == steps // 2 and all(sorted(values) == [1.0, 2.0] for values in lists)
    assert 0 < old_last < len(lists)
    assert set(last) == {2.0}
with SummaryWriter("diverged") as writer:
    for value in (float("nan"), 0.25):
        writer.add_scalar("loss", value, 1)
assert SummaryReader("diverged", pivot=True).scalars["loss"].tolist() == [0.25]
print("as expected: old and new values change places")
PYTHON
./venv/bin/python check.py 2> log || { cat log; exit 1; }
