"""The end of a process that has had a dashboard."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from typing import NoReturn


def end_process(status: int) -> NoReturn:
    """Call what is registered for the exit, and end; the system cleans up.

    With ten thousand sleeping threads, the interpreter's own clean-up would take seconds after the screen has gone.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - as multiprocessing and others do it
    for stream in (sys.stdout, sys.stderr):
        # A terminal may be gone by now.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)
