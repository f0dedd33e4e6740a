"""Lets one download at a time write into a folder; the system releases the lock when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

log = logging.getLogger(__name__)

LOCK = ".download.lock"
"""The lock's file, in the folder itself: those who share the folder may not share a home."""
_RETRY_INTERVAL_S = 0.2
_MAX_TRIES = 100
"""The number of times in a row that the lock's file may be another one once it is locked."""
_NO_LOCK = -1


@contextlib.contextmanager
def locked_folder(
    folder: Path,
    wait: Callable[[float], object],
    on_wait: Callable[[], object] | None = None,
    *,
    name: str = LOCK,
) -> Iterator[None]:
    """Hold a folder's lock, which excludes other threads as well; on file systems without locks, go on without it.

    Args:
        folder: The folder, which exists.
        wait: Waits for so many seconds, or raises to give up.
        on_wait: Called once if another holds the lock.
        name: The name of the lock's file; locks of different names do not exclude each other.
    """
    path = folder / name
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
    problem: OSError | None = None
    for _ in range(_MAX_TRIES):
        try:
            return _lock(path)
        except OSError as error:
            problem = error
            if error.errno != errno.ESTALE:
                break
    # If the folder cannot be written to, the download itself will say so.
    log.warning("%s cannot be locked: %s", path.parent, (problem and problem.strerror) or type(problem).__name__)
    return _NO_LOCK


def _lock(path: Path) -> int | None:
    """The descriptor of the locked file; None while it is taken.

    Raises:
        OSError: There is no lock; with ``ESTALE`` if it is no longer the file at this path.
    """
    # A `FileLock` would take ten times as long, with all that it can do besides.
    from filelock import lock_descriptor

    descriptor, locked = _open(path), False
    try:
        if not lock_descriptor(descriptor, blocking=False):
            return None
        # Unless it is the one that its last holder has just removed.
        if not _is_at(path, descriptor):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        locked = True
        return descriptor
    finally:
        if not locked:
            os.close(descriptor)


def _open(path: Path) -> int:
    no_link = getattr(os, "O_NOFOLLOW", 0)
    with contextlib.suppress(PermissionError):
        return os.open(path, os.O_RDWR | os.O_CREAT | no_link, 0o666)
    # It is that of another user, who shares the folder: to lock it, reading is enough.
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, os.O_RDONLY | no_link)
    return os.open(path, os.O_RDWR | os.O_CREAT | no_link, 0o666)


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file is the one at a path.

    The number of its links does not tell: NFS only renames an open file that is removed, and some systems count none.
    """
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
