#!/usr/bin/env bash
# Creating a zone map index on a metric changes which rows a Lance filter finds: stretches of NaN are lost.
#
# A good guess: a scalar index makes a filter faster and never changes its result. Either `loss > 0.5` includes NaN (Lance
# orders it above all numbers) or it does not, with and without the index.
# Why it is wrong: without an index every NaN row is found. A zone map keeps the smallest and the largest value of each zone of
# 8,192 rows and leaves out NaN; a zone with a few NaN among numbers is still looked at, but a zone of nothing but NaN has
# no largest value and is skipped. So of a run that diverged at step 3,000, the NaN rows up to step 8,191 are found, the
# thousands after that are not, and what a query gives depends on where the zones begin. isnan() is answered right, with
# the index as well; BTREE, BITMAP and BLOOMFILTER indices change nothing.
#
# Versions: pylance 14.0.2, pyarrow 26.0.1, Python 3.11.
# Source: found by comparing all filters with and without each kind of index; the head of zonemap.rs in the lance-index crate
# promises candidates that may be too many, which are then checked, and never too few.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" pylance==14.0.2 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import lance
import pyarrow as pa

steps, diverged = 20_000, 3_000
losses = [1 / (step + 1) if step < diverged else float("nan") for step in range(steps)]
history = pa.table({"_step": range(steps), "loss": losses})
filters = ("loss > 0.5", "NOT (loss <= 0.5)", "isnan(loss)")
print("pylance", lance.__version__)


def counts(index: str) -> list[int]:
    """How many rows each filter finds, on a data set with this index."""
    data = lance.write_dataset(history, f"history-{index}")
    if index != "none":
        data.create_scalar_index("loss", index)
    data = lance.dataset(f"history-{index}")
    found = [data.to_table(filter=text, columns=["_step"]).num_rows for text in filters]
    assert found == [data.count_rows(text) for text in filters]
    print(f"index {index:12}", ", ".join(f"{text}: {count}" for text, count in zip(filters, found)))
    return found


nan_rows = steps - diverged
expected = [nan_rows + 1, nan_rows + 1, nan_rows]
assert all(counts(index) == expected for index in ("none", "BTREE", "BITMAP", "BLOOMFILTER"))
in_first_zone = 8_192 - diverged
assert counts("ZONEMAP") == [in_first_zone + 1, in_first_zone + 1, nan_rows]
print("as expected: with the zone map, zones of nothing but NaN are not found")
PYTHON
./venv/bin/python check.py
