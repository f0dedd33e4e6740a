#!/usr/bin/env bash
# A process that holds a file lock, has forked, and dies, frees the lock, though its forked child lives on.
#
# A good guess: on Linux the lock is flock() on an open file, and a fork shares that open file. So a forked child (a DataLoader's
#   worker, a multiprocessing pool) keeps the lock alive after its parent was killed, until the last child has gone: the same
#   reason for which such children hold pipes open. In the child the lock object still says that it is locked.
# Why it is wrong: filelock 4 closes the file in every forked child. The lock is free as soon as the holder has died. In the child the
#   object says "not locked" and acquiring through it raises RuntimeError (not Timeout), even if the lock was free, or never taken,
#   at the time of the fork: a lock made once for a module is of no use in the children. A new object on the same path is.
#   filelock 3.20.0 still does what the guess says, which the script shows beside it (there a child that releases the object it
#   inherited frees its parent's lock, hence the third line).
# Versions: filelock 4.3.1 against 3.20.0, Python 3.11 on Linux.
# Source: found by forking; the words of the RuntimeError (inherited across fork, construct a new instance) say what is meant.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/check.py" <<'PY'
import os
import signal
import subprocess
import sys
import tempfile
from importlib.metadata import version

from filelock import FileLock, Timeout

os.chdir(tempfile.mkdtemp(dir=sys.argv[1]))


def outcome(lock, seconds=0.5):
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        return "Timeout"
    except RuntimeError:
        return "RuntimeError"
    lock.release(force=True)
    return "acquired"


def in_child(work):
    """What `work` gives in a forked child."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, str(work()).encode())
        os._exit(0)
    os.close(write)
    os.wait()
    return os.read(read, 99).decode()


seen = {}
lock = FileLock("a.lock")
lock.acquire()
seen["held, child asks is_locked"] = in_child(lambda: lock.is_locked)
seen["held, child uses the old object"] = in_child(lambda: outcome(lock))
seen["held, child makes a new object"] = in_child(lambda: outcome(FileLock("a.lock")))
lock.release()
seen["free, child uses the old object"] = in_child(lambda: outcome(lock))
unused = FileLock("c.lock")
seen["never taken, child uses the old object"] = in_child(lambda: outcome(unused))

holder = """
import os, time
from filelock import FileLock
lock = FileLock("b.lock")
lock.acquire()
child = os.fork()
if child == 0:
    time.sleep(90)
    os._exit(0)
print(child, flush=True)
time.sleep(90)
"""
process = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, text=True)
child = int(process.stdout.readline())
process.kill()
process.wait()
seen["holder killed, its child alive"] = outcome(FileLock("b.lock"), 2)
os.kill(child, signal.SIGKILL)
seen["child killed, too"] = outcome(FileLock("b.lock"), 5)

print("filelock", version("filelock"))
for question, answer in seen.items():
    print(f"  {question}: {answer}")
new = version("filelock").startswith("4.")
assert list(seen.values()) == (
    ["False", "RuntimeError", "Timeout", "RuntimeError", "RuntimeError", "acquired", "acquired"] if new
    else ["True", "acquired", "acquired", "acquired", "acquired", "Timeout", "acquired"]
), seen
PY
for release in 4.3.1 3.20.0; do
    python3 -m uv venv -q "$tmp/$release"
    python3 -m uv pip install -q --python "$tmp/$release/bin/python" "filelock==$release"
    timeout 60 "$tmp/$release/bin/python" -W ignore "$tmp/check.py" "$tmp"
done
echo "As found: with 4.3.1 the holder's death is enough, with 3.20.0 its forked children keep the lock."
