#!/usr/bin/env bash
# safetensors 0.8 saves a transposed numpy array with its values in other places, and reports success.
#
# A good guess: save_file writes what the array says, as it did up to 0.7 and as numpy.save does, or refuses an array that is not
# contiguous, as safetensors.torch does.
# Why it is wrong: from 0.8 on safetensors.numpy hands over the address of the array's memory, and the file takes what lies there for
# C order, under the shape of the view. For a population kept as columns and saved as `weights.T`, or for an array in Fortran order, such as
# scikit-learn's decompositions give, each member comes back as a mixture of all; shape and type are right. Pass
# `numpy.ascontiguousarray(array)`.
#
# Versions: safetensors 0.8.0 and 0.7.0, numpy 2.4.6, Python 3.11.
# Source: safetensors issue 825; the docstring asks for contiguous arrays, nothing checks it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > "$work/check.py" <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from safetensors.numpy import load_file, save_file

columns = np.array([[1, 10], [2, 20], [3, 30]], dtype=np.float32)  # a member is a column
arrays = {
    "as it is": columns,
    "transposed": columns.T,
    "Fortran order": np.asfortranarray(columns),
    "transposed, contiguous": np.ascontiguousarray(columns.T),
}
wrong = set()
print("safetensors", version("safetensors"))
for name, array in arrays.items():
    save_file({"weights": array}, "population.safetensors")
    loaded = load_file("population.safetensors")["weights"]
    assert loaded.shape == array.shape and loaded.dtype == array.dtype
    if not np.array_equal(loaded, array):
        wrong.add(name)
    print(f"  {name:23} saved {array.tolist()}, loaded {loaded.tolist()}")
assert wrong == ({"transposed", "Fortran order"} if sys.argv[1] == "mixed" else set()), wrong
PYTHON
for pair in 0.7.0:right 0.8.0:mixed; do
    python3 -m uv venv -q "$work/venv-${pair%:*}"
    python3 -m uv pip install -q --python "$work/venv-${pair%:*}/bin/python" "safetensors==${pair%:*}" numpy==2.4.6
    timeout 60 "$work/venv-${pair%:*}/bin/python" check.py "${pair#*:}"
done
echo "as expected: 0.8.0 mixes up the members"
