"""Terminates processes that were started here, with all that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

_TERMINATE_TIMEOUT_S = 0.4


def terminate_process_group(process: subprocess.Popen[Any], within: float = _TERMINATE_TIMEOUT_S) -> None:
    """Terminate a process and all that it has started: SIGTERM, then SIGKILL.

    Args:
        process: The process; on POSIX it leads a process group of its own.
        within: Seconds that it has to end by itself after SIGTERM.
    """
    posix = os.name == "posix"
    for number in (signal.SIGTERM, signal.SIGKILL) if posix else ():
        try:
            os.killpg(process.pid, number)
            process.wait(within)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
    if not posix:
        process.kill()
