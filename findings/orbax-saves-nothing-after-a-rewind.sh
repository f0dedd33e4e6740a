#!/usr/bin/env bash
# Orbax's CheckpointManager saves nothing after a rewind until the run is past its highest old step, and does not say so.
#
# A good guess: a training that restores step 50 of 100 and goes on from there can save step 60; at worst the manager raises
# because step 100 exists, or replaces what comes after 50, as a rewind in an experiment tracker does.
# Why it is wrong: `save` declines every step that is not above the latest one on disk and returns False, without an exception; a loop
# that does not look at the result runs on as if it were saving. Checkpoints come again after step 100; those of
# the abandoned history stay meanwhile and are what the next automatic restore takes, so that an interruption at step 95 undoes the
# rewind. `force=True` does save, or delete the later steps first.
#
# Versions: orbax-checkpoint 0.12.8, jax 0.10.2 (CPU), Python 3.11.
# Source: found by saving after a restore; `save` is documented to return whether it saved, which reads as being about save intervals.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" orbax-checkpoint==0.12.8 jax==0.10.2

cat > "$work/check.py" <<'PYTHON'
from importlib.metadata import version
from pathlib import Path

import numpy as np
import orbax.checkpoint as ocp

print("orbax-checkpoint", version("orbax-checkpoint"))


def state(value: float) -> ocp.args.StandardSave:
    return ocp.args.StandardSave({"weights": np.full(2, value)})


with ocp.CheckpointManager(Path.cwd() / "checkpoints") as manager:
    first = [manager.save(step, args=state(step)) for step in (0, 50, 100)]
    manager.wait_until_finished()
    restored = manager.restore(50, args=ocp.args.StandardRestore())["weights"].tolist()
    print("steps 0, 50, 100 saved:", first, "  restored step 50:", restored)
    after = {step: manager.save(step, args=state(-step)) for step in (60, 90, 100, 110)}
    manager.wait_until_finished()
    print("after the rewind:", after)
    print("on disk:", manager.all_steps(), "  latest:", manager.latest_step())
    assert first == [True, True, True]
    assert after == {60: False, 90: False, 100: False, 110: True}
with ocp.CheckpointManager(Path.cwd() / "forced") as manager:
    saved = manager.save(100, args=state(100)), manager.save(60, args=state(60), force=True)
    manager.wait_until_finished()
    print("with force=True:", saved, manager.all_steps())
    assert saved == (True, True)
print("as expected: after a rewind, steps up to the highest old one are not saved")
PYTHON
JAX_PLATFORMS=cpu ./venv/bin/python check.py 2> errors.txt || { cat errors.txt; exit 1; }
