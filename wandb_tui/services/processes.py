"""Ends commands of the user's that were started here."""

from __future__ import annotations

import os
import signal
import subprocess

_WITHIN = 0.4


def terminate_process_group(process: subprocess.Popen[bytes], within: float = _WITHIN) -> None:
    """End a command and all that it started: first with a word, then without.

    Args:
        process: The command; on POSIX it leads a process group of its own.
        within: Seconds that it has to end by itself after the word.
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
