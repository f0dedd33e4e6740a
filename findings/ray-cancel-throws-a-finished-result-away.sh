#!/usr/bin/env bash
# ray.cancel on a running method of an actor: the method runs to its end, and then its result is thrown away.
#
# A good guess: a method of an ordinary (not async) actor cannot be interrupted, so cancelling it once it runs has no effect: ray.get
#   waits and gives the result. Or else ray.get raises at once and the method goes on unobserved.
# Why it is wrong: it is the worst of both. ray.get waits until the method has returned by itself, and then raises TaskCancelledError in
#   place of what was returned. A method that waited for a history and then made a fork has made it; a caller who cancels in the last
#   second waits as long as before and never learns the fork's name. The method is told only if it asks
#   (get_runtime_context().is_canceled()). The actor itself is unharmed.
# Versions: ray 2.60.0, Python 3.11.
# Source: the docstring of ray.cancel speaks of a flag that the method may look at, and of TaskCancelledError; it does not say when that is
#   raised, or that a method which ends well loses its result.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export RAY_USAGE_STATS_ENABLED=0 HOME="$tmp"
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" ray==2.60.0

cat > "$tmp/check.py" <<'PY'
import sys
import time

import ray
from ray.exceptions import TaskCancelledError

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False, _temp_dir=sys.argv[1] + "/ray")


@ray.remote(max_concurrency=2)
class Forks:
    def __init__(self) -> None:
        self.started = self.ended = 0.0
        self.told = None

    def fork(self) -> str:
        self.started = time.time()
        while time.time() < self.started + 4:
            time.sleep(0.1)
        self.told = ray.get_runtime_context().is_canceled()
        self.ended = time.time()
        return "lab/forks/abc"

    def state(self) -> tuple:
        return self.started, self.ended, self.told


forks = Forks.remote()
result = forks.fork.remote()
while not ray.get(forks.state.remote())[0]:
    time.sleep(0.1)
ray.cancel(result)
cancelled = time.time()
try:
    answer = ray.get(result, timeout=60)
except TaskCancelledError as error:
    answer = type(error).__name__
raised = time.time()
started, ended, told = ray.get(forks.state.remote())
print("ray", ray.__version__)
print(f"  cancelled {cancelled - started:.1f} s after the method began; it returned after {ended - started:.1f} s, having been told: {told}")
print(f"  ray.get ended {raised - started:.1f} s after the method began, with {answer}")
assert cancelled < started + 4 <= ended <= raised + 0.1
assert answer == "TaskCancelledError" and told is True
ray.shutdown()
PY
timeout 150 "$tmp/venv/bin/python" "$tmp/check.py" "$tmp" < /dev/null > "$tmp/out" 2>&1 || { tail -30 "$tmp/out"; exit 1; }
grep -A2 '^ray ' "$tmp/out"
echo "As found: the cancelled method ends well, late, and its result is lost."
