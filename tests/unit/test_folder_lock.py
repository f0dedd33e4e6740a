"""The lock of a folder that is downloaded into: between threads and processes, and after a crash."""

import subprocess
import sys
import threading

import pytest

from wandb_tui.services.disk.folder_lock import locked_folder

HOLDER = """
import sys
from pathlib import Path
from wandb_tui.services.disk.folder_lock import locked_folder

with locked_folder(Path(sys.argv[1]), lambda _: None):
    print("held", flush=True)
    sys.stdin.read()
"""


class GaveUpError(Exception):
    """Raised in place of waiting."""


def give_up(_seconds):
    raise GaveUpError


def test_one_holder_at_a_time_and_nothing_stays(tmp_path):
    waits = []
    with (
        locked_folder(tmp_path, pytest.fail, pytest.fail),
        pytest.raises(GaveUpError),
        locked_folder(tmp_path, give_up, lambda: waits.append(1)),
    ):
        pytest.fail("two hold it")
    assert waits == [1]
    assert not list(tmp_path.iterdir())


def test_threads_exclude_each_other(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(20):
            with locked_folder(tmp_path, lambda _: threading.Event().wait(0.001)):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 80
    assert not list(tmp_path.iterdir())


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(GaveUpError), locked_folder(tmp_path, give_up):
            pytest.fail("two hold it")
        holder.kill()
    with locked_folder(tmp_path, pytest.fail, pytest.fail):
        pass
    assert not list(tmp_path.iterdir())
