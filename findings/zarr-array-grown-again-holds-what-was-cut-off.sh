#!/usr/bin/env bash
# A Zarr array that is cut back and grown again holds part of the values that were cut off.
#
# A good guess: after `resize` to six values and back to ten, the last four are the fill value, as in HDF5, where the same calls give that.
# Why it is wrong: only chunks that lie wholly outside the new shape are deleted. The chunk that the end falls into stays as it was, so that
# the old values up to its border come back as soon as the shape covers them again, and the rest is the fill value: how much depends on
# the chunk size, and with the default chunks of a short history it is all of it. A training that cuts its log of losses back to
# a checkpoint and makes room for the next thousand steps reads losses of the steps it has discarded where it has not written yet.
# Appending is right, since it writes what it adds. Zarr formats 2 and 3 do the same, and so does TensorStore's driver zarr3.
#
# Versions: zarr 3.1.6, tensorstore 0.1.86, h5py 3.16.0, numpy 2.4.6, Python 3.11.
# Source: found by comparing with h5py; the description of `resize` says that data are not rearranged, and which chunks are deleted.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" zarr==3.1.6 tensorstore==0.1.86 h5py==3.16.0 numpy==2.4.6

cat > "$work/check.py" <<'PYTHON'
from importlib.metadata import version

import h5py
import numpy as np
import tensorstore as ts
import zarr

LOSSES = np.arange(10) / 10
NAN = float("nan")


def rewound_zarr(zarr_format: int, chunks: tuple[int] | str = (4,), appended: list[float] | None = None) -> list[float]:
    losses = zarr.create_array(
        zarr.storage.MemoryStore(), shape=(10,), chunks=chunks, dtype="f8", fill_value=NAN, zarr_format=zarr_format
    )
    losses[:] = LOSSES
    losses.resize((6,))
    if appended:
        losses.append(appended)
    losses.resize((10,))
    return losses[:].tolist()


def rewound_tensorstore() -> list[float]:
    grid = {"name": "regular", "configuration": {"chunk_shape": [4]}}
    metadata = {"chunk_grid": grid, "fill_value": "NaN", "data_type": "float64"}
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": "tensorstore"}, "metadata": metadata, "create": True}
    losses = ts.open(spec, dtype=ts.float64, shape=[10]).result()
    losses.write(LOSSES).result()
    return losses.resize(exclusive_max=[6]).result().resize(exclusive_max=[10]).result().read().result().tolist()


def rewound_hdf5() -> list[float]:
    with h5py.File("losses.h5", "w") as file:
        losses = file.create_dataset("losses", data=LOSSES, maxshape=(None,), chunks=(4,), fillvalue=NAN)
        losses.resize((6,))
        losses.resize((10,))
        return losses[:].tolist()


kept = [*LOSSES[:6], NAN, NAN, NAN, NAN]
back = [*LOSSES[:8], NAN, NAN]
for name, values, expected in (
    (f"h5py {h5py.__version__}", rewound_hdf5(), kept),
    (f"zarr {zarr.__version__}, format 2", rewound_zarr(2), back),
    (f"zarr {zarr.__version__}, format 3", rewound_zarr(3), back),
    ("  its default chunks", rewound_zarr(3, "auto"), LOSSES),
    ("  -1 appended to six", rewound_zarr(3, appended=[-1.0]), [*LOSSES[:6], -1.0, LOSSES[7], NAN, NAN]),
    (f"tensorstore {version('tensorstore')}", rewound_tensorstore(), back),
):
    print(f"{name:22} ten losses cut to six, grown to ten:", values)
    np.testing.assert_array_equal(values, expected)
print("as expected: the losses of steps 6 and 7 are back in Zarr, not in HDF5")
PYTHON
timeout 120 ./venv/bin/python check.py 2> errors.txt || { cat errors.txt; exit 1; }
