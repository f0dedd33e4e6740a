#!/usr/bin/env bash
# Trackio drops the rows of a run's first batch, and its config for good, if the config holds an integer of more than 64 bits.
#
# A good guess: numpy's seed of 128 bits in the config is refused by `trackio.init`, stored as text or rounded; the metrics are stored anyway.
# Why it is wrong: the config is not stored when the run begins but together with the first rows, a moment later, in another thread; orjson
# refuses the integer there, and the whole batch with it. What is left is one UserWarning that speaks of the batch, and the config
# is not sent again. A script that is done by then ends with a run that has neither rows nor config, and with exit status 0; of a longer
# one the first rows are missing. The same integer as a metric costs only itself. Put `str(seed)` into the config.
#
# Versions: trackio 0.43.0, numpy 2.4.6, Python 3.11.
# Source: `_write_logs_to_sqlite` in trackio/run.py; stored runs read back.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" TRACKIO_DIR="$work/trackio" HF_HUB_OFFLINE=1
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" trackio==0.43.0 numpy==2.4.6

cat > "$work/check.py" <<'PYTHON'
import threading
import warnings

import numpy as np
import trackio
from trackio.sqlite_storage import SQLiteStorage

SEED = np.random.SeedSequence(2**100).entropy
warned = threading.Event()
warnings.showwarning = lambda message, *rest: (print(f"  UserWarning: {message}"), warned.set())


def stored(name: str, config: dict, *, wait_for_warning: bool = False, **metrics: int) -> tuple[list, object]:
    """The losses and the seed that a run of two rows has left."""
    warned.clear()
    trackio.init(project="seeds", name=name, config=config, embed=False, auto_log_cpu=False, auto_log_gpu=False)
    trackio.log({"loss": 0.5, **metrics})
    if wait_for_warning:
        assert warned.wait(60)
    trackio.log({"loss": 0.4})
    trackio.finish()
    config = SQLiteStorage.get_run_config("seeds", name) or {}
    losses = [row["loss"] for row in SQLiteStorage.get_logs("seeds", name)]
    print(f"{name:22} losses {losses}, seed {config.get('seed')}")
    return losses, config.get("seed")


print("trackio", trackio.__version__)
assert stored("seed of 32 bits", {"seed": 7}) == ([0.5, 0.4], 7)
assert stored("seed as text", {"seed": str(SEED)}) == ([0.5, 0.4], str(SEED))
assert stored("seed as a metric", {}, n=SEED) == ([0.5, 0.4], None)
assert stored("longer run", {"seed": SEED}, wait_for_warning=True) == ([0.4], None)
assert stored("short run", {"seed": SEED}) == ([], None)
print("as expected: with the long seed, rows and config are lost")
PYTHON
timeout 120 ./venv/bin/python check.py < /dev/null > output.txt 2> errors.txt || { cat output.txt errors.txt; exit 1; }
grep -e '^trackio [0-9]' -e losses -e UserWarning -e '^as expected' output.txt
