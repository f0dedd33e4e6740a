"""Garbage is collected while the user does nothing, and all of it rarely."""

import subprocess
import sys

from tests.stopwatch import HANG_S

# In a process of its own: what is there when collection starts is exempt from it for good.
PROGRAM = """
import gc
from unittest.mock import patch
from wandb_tui.ui.runtime import garbage
from wandb_tui.ui.runtime.garbage import GarbageCollector

class Ring:
    def __init__(self):
        self.itself = self

def dropped(count):
    for _ in range(count):
        Ring()

collected = []
gc.callbacks.append(lambda phase, info: phase == "start" and collected.append(info["generation"]))

def pass_a_second(count, idle_s):
    dropped(count)
    collector.collect(idle_s)
    print(collected)
    collected.clear()

collector = GarbageCollector()
gc.disable()
pass_a_second(3_000, 1000)
collector.start()
gc.enable()
print(gc.get_freeze_count() > 1000)
for idle_s in (0.1, 2):
    pass_a_second(3_000, idle_s)
pass_a_second(10, 2)
for count in (10, 3_000):
    dropped(count)
    collector.collect_some()
    print(collected)
    collected.clear()
later = garbage.time.monotonic() + 600
with patch.object(garbage.time, "monotonic", lambda: later):
    for idle_s in (0.1, 2, 10, 10):
        pass_a_second(3_000, idle_s)
gc.collect(0)
collected.clear()
dropped(20_000)
print(collected)
dropped(40_000)
print(collected[0])
"""


def test_garbage_waits_until_the_user_is_idle_and_old_objects_until_they_are_due():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "[]",  # Before the start.
        "True",
        "[]",  # A key was just pressed.
        "[1]",
        "[]",  # Too few objects.
        # In small parts.
        "[]",
        "[0]",
        # Ten minutes later.
        "[]",
        "[1]",
        "[2]",
        "[1]",  # The next full one is not due.
        "[]",  # Few for Python's own.
        "0",  # Python's own.
    ]
