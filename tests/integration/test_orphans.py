"""The browser's orphans are reaped where they become our children; no other child's status is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.terminal import descendants
from tests.stopwatch import until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux hands orphans to a process")

ZOMBIES = """
import os
from pathlib import Path
from tests.stopwatch import until

def zombies():
    stats = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats.append(path.read_text().rpartition(")")[2].split())
        except OSError:
            pass
    return sum(state == "Z" and int(parent) == os.getpid() for state, parent, *_ in stats)
"""
SUBREAPER = """
import ctypes, subprocess
from wandb_tui.services.browser.orphans import OrphanReaper, adopts_orphans

assert not adopts_orphans()
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
assert adopts_orphans()
ours = [subprocess.Popen(["sh", "-c", "exit 7"], start_new_session=new) for new in (False, True)]
# A process whose parent ends before it, as the browser's own do.
subprocess.run(["sh", "-c", "sh -c 'sleep 0.2 & exit 0'"], start_new_session=True, check=True)
# And a browser whose driver ends before it: it leads a session, like some of our own children.
driver = subprocess.Popen(["sh", "-c", "setsid sleep 0.6 & sleep 0.3"])
reaper = OrphanReaper()

def settled():
    reaper.reap([driver.pid])
    return zombies() == 2

until(lambda: driver.poll() is not None or reaper.reap([driver.pid]))
until(settled)
assert [process.wait() for process in ours] == [7, 7]
"""
FIRST_PROCESS = """
import os, sys
from pathlib import Path
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.visitor import BrowserVisitor
from wandb_tui.services.credentials.account import KeyringAccount
from wandb_tui.services.credentials.vault import Vault

assert os.getpid() == 1
folder = Path(sys.argv[1])
server = ServerInfo("http://127.0.0.1:9", "http://127.0.0.1:9")
vault = Vault(server, folder, timeout=0.1)
for _ in range(2):
    visitor = BrowserVisitor(server, KeyringAccount(server, vault, {}), vault)
    visitor.start_browser().result(60)
    until(lambda: not zombies())
    visitor.close()
until(lambda: not zombies())
"""


def run(*command):
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_orphans_are_reaped_and_our_own_children_left_to_those_who_wait_for_them():
    run(sys.executable, "-c", ZOMBIES + SUBREAPER)


@pytest.fixture
def container():
    """The beginning of a command that runs the rest as the first process of a namespace."""
    command = ["unshare", "--pid", "--fork", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespace of processes can be made here")
    return command


def test_the_first_process_of_a_container_is_left_with_no_zombie(container, tmp_path):
    run(*container, sys.executable, "-c", ZOMBIES + FIRST_PROCESS, str(tmp_path))


def test_the_first_process_of_a_container_can_be_ended(container, tmp_path):
    """Also a command that does not handle SIGTERM, which the system would keep from it."""
    program = str(Path(sys.executable).with_name("wandb-tui"))
    environ = {**os.environ, "HOME": str(tmp_path), "WANDB_BASE_URL": "http://127.0.0.1:9"}
    with subprocess.Popen(
        [*container, program, "login", "--session-stdin"],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        until(lambda: descendants(process.pid))
        (child,) = descendants(process.pid)
        until(lambda: b"wandb-tui" in Path(f"/proc/{child}/cmdline").read_bytes())
        until(lambda: handles(child, signal.SIGTERM) or process.poll() is not None)
        os.kill(child, signal.SIGTERM)
        assert process.wait(60) == 143


def handles(pid, number):
    """Whether a process has a handler for a signal."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)
