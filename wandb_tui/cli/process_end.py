"""The end of the process."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from typing import NoReturn

_THREADS_LEFT = threading.Event()


def leave_threads() -> None:
    """Let the process end with threads that sleep, as a dashboard's monitors do once it has been quit."""
    _THREADS_LEFT.set()


def end_process(status: int) -> NoReturn:
    """End the process with a status, after what is registered for its exit.

    With ten thousand sleeping threads, the interpreter's own clean-up would take seconds after the screen has gone; the
    system cleans up faster.
    """
    if not _THREADS_LEFT.is_set():
        sys.exit(status)
    atexit._run_exitfuncs()  # noqa: SLF001 - as multiprocessing and others do it
    for stream in (sys.stdout, sys.stderr):
        # A terminal may be gone by now.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)
