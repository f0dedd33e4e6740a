"""The lock of a folder that is downloaded into: between threads and processes, and after a crash."""

import os
import subprocess
import sys
import threading

import filelock
import pytest

from wandb_tui.services.disk.folder_lock import LOCK, locked_folder

HOLDER = """
import sys
from pathlib import Path
from wandb_tui.services.disk.folder_lock import locked_folder

with locked_folder(Path(sys.argv[1]), lambda _: None):
    print("held", flush=True)
    sys.stdin.read()
"""


OTHER_USER = """
import os
from pathlib import Path
import filelock
from wandb_tui.services.disk.folder_lock import locked_folder

def give_up(_seconds):
    raise SystemExit("taken")

if os.geteuid() == 0:
    os.seteuid(65534)
with locked_folder(Path(), give_up):
    raise SystemExit("held")
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
                # Otherwise no other thread would come here meanwhile, lock or not.
                threading.Event().wait(0.001)
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


@pytest.fixture
def removing(tmp_path, monkeypatch):
    """Removes the lock's file before it is locked, as its last holder does, so often and in this way."""
    lock, path = filelock.lock_descriptor, tmp_path / LOCK

    def let(times, remove):
        left = [remove] * times

        def late(descriptor, **options):
            if left:
                left.pop()(path)
            return lock(descriptor, **options)

        monkeypatch.setattr(filelock, "lock_descriptor", late)

    return let


@pytest.mark.parametrize("remove", [os.unlink, lambda path: path.rename(path.with_name(".nfs0001"))])
def test_a_lock_file_that_its_holder_has_just_removed_does_not_count(tmp_path, removing, remove):
    removing(1, remove)
    with locked_folder(tmp_path, pytest.fail):
        assert (tmp_path / LOCK).exists()
        with pytest.raises(GaveUpError), locked_folder(tmp_path, give_up):
            pytest.fail("two hold it")


def test_where_the_lock_file_is_never_the_same_it_goes_on_without_a_lock(tmp_path, removing, caplog):
    removing(1000, os.unlink)
    with locked_folder(tmp_path, pytest.fail):
        assert f"{tmp_path} cannot be locked" in caplog.text


def test_the_lock_file_of_another_user_counts(tmp_path):
    tmp_path.chmod(0o777)

    def other_user():
        command = [sys.executable, "-c", OTHER_USER]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stderr.strip()

    with locked_folder(tmp_path, pytest.fail):
        (tmp_path / LOCK).chmod(0o444)
        assert other_user() == "taken"
    (tmp_path / LOCK).touch(0o444)
    assert other_user() == "held"
    assert not list(tmp_path.iterdir())
