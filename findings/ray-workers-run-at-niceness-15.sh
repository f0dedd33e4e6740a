#!/usr/bin/env bash
# Ray starts its workers at niceness 15: a processor that a task or actor has reserved goes to the other users of the node first.
#
# A good guess: a worker has the priority of the driver that asked for it, and an actor with num_cpus=1 gets about one processor, on a busy
#   node its fair share of one.
# Why it is wrong: num_cpus is counted, not enforced, and every worker adds 15 to the niceness of Ray's own processes, up to 19. Beside a
#   process of niceness 0 on the same core, Linux gives it about a thirtieth of the time (unless the two are in control groups or
#   sessions that the kernel weighs against each other). What the worker starts, a data loader or a browser, inherits it, also in a session of
#   its own, and so do Ray Tune's trials and logging actors; without privileges a process cannot undo it. RAY_worker_niceness=0
#   in the environment of `ray start`, or of a driver that starts Ray itself, turns it off.
#
# Versions: ray 2.60.0, Python 3.11 on Linux.
# Source: worker_niceness in Ray's src/ray/common/ray_config_def.h; os.nice(0) asked in the processes.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export RAY_USAGE_STATS_ENABLED=0 HOME="$tmp"
unset RAY_worker_niceness
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" ray==2.60.0

cat > "$tmp/check.py" <<'PY'
import os
import subprocess
import sys

import ray

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False, _temp_dir=sys.argv[1] + "/ray")


@ray.remote(num_cpus=1)
def task() -> int:
    return os.nice(0)


@ray.remote(num_cpus=1)
class Actor:
    def own(self) -> int:
        return os.nice(0)

    def child(self) -> int:
        return int(subprocess.check_output(["nice"]))

    def child_in_a_session_of_its_own(self) -> int:
        return int(subprocess.check_output(["nice"], start_new_session=True))


driver = os.nice(0)
actor = Actor.remote()
calls = [task.remote(), actor.own.remote(), actor.child.remote(), actor.child_in_a_session_of_its_own.remote()]
seen = dict(zip(("task", "actor", "its child", "in a session"), ray.get(calls), strict=True))
print(f"ray {ray.__version__} ({sys.argv[2]}): driver {driver},", ", ".join(f"{name} {nice}" for name, nice in seen.items()))
added = 0 if sys.argv[2] == "switched off" else 15
assert set(seen.values()) == {min(driver + added, 19)}, seen
ray.shutdown()
PY
check() {
    timeout 150 "$@" < /dev/null > "$tmp/out" 2>&1 || { tail -30 "$tmp/out"; exit 1; }
    grep '^ray ' "$tmp/out"
}
check "$tmp/venv/bin/python" "$tmp/check.py" "$tmp" default
check nice -n 2 "$tmp/venv/bin/python" "$tmp/check.py" "$tmp" "driver at 2 more"
check env RAY_worker_niceness=0 "$tmp/venv/bin/python" "$tmp/check.py" "$tmp" "switched off"
echo "As found: workers and their children run at 15 above the driver, with a processor reserved or not."
