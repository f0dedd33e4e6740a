"""Ends process groups."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import Any

_TERMINATE_TIMEOUT_S = 0.4


def kill_process_group(process: subprocess.Popen[Any]) -> None:
    """Kill a process and its descendants, and wait for nothing; `process` is as for `terminate_process_group`."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def terminate_process_group(process: subprocess.Popen[Any], timeout: float = _TERMINATE_TIMEOUT_S) -> None:
    """Terminate a process and its descendants: SIGTERM, then SIGKILL.

    Args:
        process: The process; on POSIX it leads its own process group.
        timeout: Seconds between SIGTERM and SIGKILL.
    """
    is_posix = os.name == "posix"
    for number in (signal.SIGTERM, signal.SIGKILL) if is_posix else ():
        try:
            os.killpg(process.pid, number)
            process.wait(timeout)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
    if not is_posix:
        process.kill()
