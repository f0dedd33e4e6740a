"""Futures that share one condition."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import threading

import pytest

from tests.stopwatch import HANG_S
from wandb_tui.core.light_future import LightFuture

FORK = """
import os, signal, sys, threading
from wandb_tui.core import light_future

held, forked = threading.Event(), threading.Event()

def hold():
    with light_future._CONDITION:
        held.set()
        # A fork that waits for the lock gets it after this second; another one has happened by then.
        forked.wait(1)

threading.Thread(target=hold).start()
held.wait()
if (child := os.fork()) == 0:
    signal.alarm(20)
    light_future.LightFuture().set_result("ended")
    os._exit(0)
forked.set()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_thread_that_waits_is_woken_by_its_own_future_alone():
    first, second = LightFuture(), LightFuture()
    threading.Thread(target=lambda: (second.set_result("other"), first.set_result("own"))).start()
    assert first.result(30) == "own"
    assert second.result() == "other"


def test_waiting_in_vain_leaves_nothing_behind():
    future = LightFuture()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            future.result(0.001)
        with pytest.raises(TimeoutError):
            future.exception(0.001)
    assert future._done_callbacks == []
    future.set_exception(ValueError("no"))
    assert str(future.exception()) == "no"
    with pytest.raises(ValueError, match="no"):
        future.result(0)


def test_the_standard_library_can_wait_for_several():
    futures = [LightFuture() for _ in range(3)]
    threading.Thread(target=lambda: [future.set_result(number) for number, future in enumerate(futures)]).start()
    done, pending = concurrent.futures.wait(futures, 30)
    assert (len(done), len(pending)) == (3, 0)
    assert sorted(future.result() for future in concurrent.futures.as_completed(futures, 30)) == [0, 1, 2]
    cancelled = LightFuture()
    assert cancelled.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        cancelled.result()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_in_a_process_forked_while_another_thread_ends_a_future_they_still_end():
    subprocess.run([sys.executable, "-c", FORK], timeout=HANG_S, check=True)
