#!/usr/bin/env bash
# One NaN among the metrics makes Orbax delete the best checkpoints and keep the worst.
#
# A good guess: with `best_fn` and `max_to_keep=2` the two checkpoints with the lowest loss stay. A loss of NaN is the worst there is, or is
# left out of the comparison; the others are ranked as ever.
# Why it is wrong: checkpoints are sorted by the metric, and no comparison with a NaN is true, so that a list with one in it is not sorted:
# what is at its end counts as best. Of losses 0.5, NaN, 0.4, 0.3, NaN, 0.6 the steps with NaN and 0.6 are kept, those with 0.4
# and 0.3 are deleted, and `best_step` names the 0.6. Let `best_fn` turn NaN into infinity (for `min`).
#
# Versions: orbax-checkpoint 0.12.8, jax 0.10.2 (CPU), Python 3.11.
# Source: found by comparing the same losses with 0.9 in place of NaN; the documentation of CheckpointManagerOptions does not mention NaN.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" orbax-checkpoint==0.12.8 jax==0.10.2

cat > "$work/check.py" <<'PYTHON'
import math
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import orbax.checkpoint as ocp

NAN = float("nan")
print("orbax-checkpoint", version("orbax-checkpoint"))


def kept(name: str, losses: list[float], best: Callable[[dict], float]) -> tuple[list[int], int | None]:
    """The steps that are left of a training with these losses, and the one that counts as best."""
    options = ocp.CheckpointManagerOptions(max_to_keep=2, best_fn=best, best_mode="min")
    with ocp.CheckpointManager(Path.cwd() / name, options=options) as manager:
        for step, loss in enumerate(losses):
            manager.save(step, args=ocp.args.StandardSave({"weights": np.zeros(2)}), metrics={"loss": loss})
        manager.wait_until_finished()
        found = sorted(manager.all_steps()), manager.best_step()
    print(f"{name:10} losses {losses}: kept {found[0]}, best {found[1]}")
    return found


assert kept("numbers", [0.5, 0.9, 0.4, 0.3, 0.9, 0.6], lambda told: told["loss"]) == ([2, 3], 3)
assert kept("diverged", [0.5, NAN, 0.4, 0.3, NAN, 0.6], lambda told: told["loss"]) == ([4, 5], 5)
finite = lambda told: math.inf if math.isnan(told["loss"]) else told["loss"]  # noqa: E731
assert kept("infinity", [0.5, NAN, 0.4, 0.3, NAN, 0.6], finite) == ([2, 3], 3)
print("as expected: with NaN the last steps count as best")
PYTHON
JAX_PLATFORMS=cpu ./venv/bin/python check.py 2> errors.txt || { cat errors.txt; exit 1; }
