"""The end of the process."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from typing import NoReturn, TextIO

_THREADS_LEFT = threading.Event()


def leave_threads() -> None:
    """Let the process end with threads that sleep, as a dashboard's monitors do once it has been quit."""
    _THREADS_LEFT.set()


def end_process(status: int) -> NoReturn:
    """End the process with a status, after what is registered for its exit.

    With ten thousand sleeping threads, the interpreter's own clean-up would take seconds after the screen has gone; the
    system cleans up faster.
    """
    if _THREADS_LEFT.is_set():
        atexit._run_exitfuncs()  # noqa: SLF001 - as multiprocessing and others do it
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # A terminal may be gone by now, a disk full.
            discard_output(stream)
        except (ValueError, AttributeError):
            continue
    if _THREADS_LEFT.is_set():
        os._exit(status)
    sys.exit(status)


def discard_output(stream: TextIO) -> None:
    """Discard what is in a stream's buffer and what will be written to it.

    Otherwise Python finds at its end that it cannot flush, and exits with 120, whatever the status was.
    """
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
