"""Reaps the browser's orphans where they become our children.

Some of Chromium's processes outlive their parent by a moment. Usually the system's first process then takes them over;
in a container without an init that is us, or we have asked for them as a subreaper, and each would stay a zombie.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

_PR_GET_CHILD_SUBREAPER = 37


def adopts_orphans() -> bool:
    """Whether orphans become children of this process."""
    if not sys.platform.startswith("linux"):
        return False
    return os.getpid() == 1 or _is_subreaper()


def _is_subreaper() -> bool:
    import ctypes

    answer = ctypes.c_int(0)
    try:
        failed = ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    except (OSError, AttributeError):
        return False
    return not failed and bool(answer.value)


class OrphanReaper:
    """Reaps children that have died, and that another process has started."""

    def __init__(self) -> None:
        self._browsers: set[int] = set()

    def reap(self, drivers: Collection[int]) -> None:
        """Reap what has died so far.

        A process that we have started is in our session, or leads one of its own, and its starter waits for it.
        A browser leads one of its own as well, but its parent is a driver until that has died.

        Args:
            drivers: The process ids of Playwright's drivers.
        """
        ours = os.getsid(0)
        dead = []
        for pid, (state, parent, session) in _processes():
            if parent in drivers:
                self._browsers.add(pid)
            elif parent == os.getpid() and state == "Z" and (session not in {ours, pid} or pid in self._browsers):
                dead.append(pid)
        for pid in dead:
            self._browsers.discard(pid)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _processes() -> Iterator[tuple[int, tuple[str, int, int]]]:
    """Each process's id, and its state, its parent and its session."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command's name, in parentheses, may hold anything.
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        yield int(stat.parent.name), (fields[0], int(fields[1]), int(fields[3]))
