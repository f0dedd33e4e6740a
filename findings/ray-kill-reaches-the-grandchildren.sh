#!/usr/bin/env bash
# ray.kill ends what an actor's children have started, and a worker that is killed by the system leaves alive only what has its own session.
#
# A good guess: ray.kill ends the actor's process like SIGKILL, and Ray then ends its direct children. A grandchild (the helper of a browser,
#   a program started by a shell) is no longer a direct child of anything that Ray knows and lives on; to have it ended one needs Ray's option for a
#   "subreaper". If the worker dies by itself (out of memory), nothing of it is cleaned up.
# Why it is wrong: each worker now has a process group of its own, and Ray ends the group. So a grandchild goes with ray.kill, and it goes as
#   well when the worker was killed from outside, without any option. What leaves the group, by a session of its own (setsid,
#   start_new_session=True, as some launchers of browsers do), is ended by ray.kill if it is a direct child, and survives the worker's death.
# Versions: ray 2.60.0, Python 3.11 on Linux.
# Source: found by looking at the processes; the raylet knows an option for cleaning up by process group and says at its start that it
#   prefers it to the subreaper where both are on.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export RAY_USAGE_STATS_ENABLED=0 HOME="$tmp"
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" ray==2.60.0

cat > "$tmp/check.py" <<'PY'
import os
import signal
import subprocess
import sys
import time

import ray

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False, _temp_dir=sys.argv[1] + "/ray")


@ray.remote
class Starter:
    def start(self) -> dict[str, int]:
        child = subprocess.Popen(["sleep", "120"])
        shell = subprocess.Popen(["sh", "-c", "sleep 120 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
        own_session = subprocess.Popen(["sleep", "120"], start_new_session=True)
        return {"worker": os.getpid(), "child": child.pid, "grandchild": int(shell.stdout.readline()), "own session": own_session.pid}


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def left(end) -> list[str]:
    actor = Starter.remote()
    processes = ray.get(actor.start.remote())
    assert all(map(alive, processes.values()))
    end(actor, processes["worker"])
    until = time.monotonic() + 12
    while time.monotonic() < until and any(map(alive, processes.values())):
        time.sleep(0.2)
    names = [name for name, pid in processes.items() if alive(pid)]
    for name in names:
        os.kill(processes[name], signal.SIGKILL)
    return names


print("ray", ray.__version__)
killed = left(lambda actor, worker: ray.kill(actor))
print("  left after ray.kill:             ", killed)
died = left(lambda actor, worker: os.kill(worker, signal.SIGKILL))
print("  left after the worker was killed:", died)
assert killed == []
assert died == ["own session"]
ray.shutdown()
PY
timeout 150 "$tmp/venv/bin/python" "$tmp/check.py" "$tmp" < /dev/null > "$tmp/out" 2>&1 || { tail -30 "$tmp/out"; exit 1; }
grep -e '^ray ' -e '^  left ' "$tmp/out"
echo "As found: Ray ends the worker's whole process group, and no more when the worker was killed."
