"""Lets one download at a time write into a folder; the system releases the lock when its holder dies."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

log = logging.getLogger(__name__)

LOCK = ".download.lock"
"""The lock's file, in the folder itself: those who share the folder may not share a home."""
_RETRY_INTERVAL_S = 0.2
_NO_LOCK = -1


@contextlib.contextmanager
def locked_folder(
    folder: Path, wait: Callable[[float], object], on_wait: Callable[[], object] | None = None
) -> Iterator[None]:
    """Hold a folder's lock, which excludes other threads as well; on file systems without locks, go on without it.

    Args:
        folder: The folder, which exists.
        wait: Waits for so many seconds, or raises to give up.
        on_wait: Called once if another holds the lock.
    """
    path = folder / LOCK
    while (descriptor := _try_to_lock(path)) is None:
        if on_wait is not None:
            on_wait()
            on_wait = None
        wait(_RETRY_INTERVAL_S)
    try:
        yield
    finally:
        if descriptor != _NO_LOCK:
            # One who has it open already finds it gone once it is locked, and makes a new one.
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)


def _try_to_lock(path: Path) -> int | None:
    """The descriptor of a locked file, which is created if needed; `_NO_LOCK` without one, None while it is taken."""
    # A `FileLock` would take ten times as long, with all that it can do besides.
    from filelock import lock_descriptor

    try:
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            locked = False
            try:
                if not lock_descriptor(descriptor, blocking=False):
                    return None
                # Unless it is the one that its last holder has just removed.
                locked = os.fstat(descriptor).st_nlink > 0
                if locked:
                    return descriptor
            finally:
                if not locked:
                    os.close(descriptor)
    except OSError as error:
        # If the folder cannot be written to, the download itself will say so.
        log.warning("%s cannot be locked: %s", path.parent, error.strerror or type(error).__name__)
        return _NO_LOCK
