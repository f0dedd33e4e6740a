"""Locks between processes; the system releases them when their holder ends, even by a crash."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_tui.services.disk.paths import private_file

if TYPE_CHECKING:
    from filelock import FileLock

log = logging.getLogger(__name__)

_RETRY_INTERVAL_S = 0.1
UNSUPPORTED_ERRNOS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
"""Errors of file systems without locks, such as some network mounts."""

REPORTED_FOLDERS: set[Path] = set()
"""The folders whose lack of locks the user has been told of."""


class ProcessLock:
    """A lock between processes, not between the threads of one."""

    def __init__(self, path: Path, *, warn: Callable[[str], object] | None = None) -> None:
        """Prepare; nothing is locked yet.

        Args:
            path: The lock's file, which is created when needed and stays.
            warn: Receives one sentence if the file cannot be locked, once per folder; it is logged in any case.
        """
        self.path = path
        self._warn = warn
        self.problem = ""
        """The reason why the file cannot be locked, set by `acquire`; else empty."""
        self._lock: FileLock | None = None

    def acquire(self, timeout_s: float = 0.0) -> bool:
        """Try to acquire the lock; once, unless there is a time-out.

        If the file system cannot lock at all, every process gets it, since working without a lock is better than
        never signing in. Then `problem` says so, and once per folder the log and `warn`.

        Args:
            timeout_s: The time to wait while another process holds it.

        Returns:
            False if another process holds it.
        """
        import filelock

        lock = filelock.FileLock(
            str(self.path), timeout=timeout_s, mode=0o600, thread_local=False, fallback_to_soft=False
        )
        try:
            private_file(self.path)
            lock.acquire()
        except filelock.Timeout:
            return False
        except OSError as error:
            self._report(error)
            return True
        self._lock = lock
        return True

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptor for a child process that shall hold the lock too, should this process be killed."""
        held = self._lock._context.lock_file_fd if self._lock is not None else None  # noqa: SLF001 - no public name
        return (held,) if held is not None and os.name == "posix" else ()

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._lock is not None:
            with contextlib.suppress(OSError):
                self._lock.release()
            self._lock = None

    def _report(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        if error.errno in UNSUPPORTED_ERRNOS:
            self.problem = f"The file system of {self.path.parent} cannot lock files ({reason})"
            remedy = "run one wandb-tui at a time, or set XDG_STATE_HOME to a local folder"
        else:
            self.problem = f"{self.path} cannot be locked ({reason})"
            remedy = "run one wandb-tui at a time, and make the file writable"
        if self.path.parent not in REPORTED_FOLDERS:
            REPORTED_FOLDERS.add(self.path.parent)
            warning = f"{self.problem}: {remedy}."
            log.warning("%s", warning)
            if self._warn is not None:
                self._warn(warning)


@contextlib.asynccontextmanager
async def locked(path: Path, timeout_s: float, warn: Callable[[str], object] | None = None) -> AsyncIterator[bool]:
    """Hold a lock between processes, or continue without it after a time-out.

    Args:
        path: The lock's file.
        timeout_s: The time to wait while another process holds it.
        warn: As for `ProcessLock`.

    Yields:
        Whether the lock is held.
    """
    lock = ProcessLock(path, warn=warn)
    deadline = time.monotonic() + timeout_s
    while not (acquired := lock.acquire()) and time.monotonic() < deadline:  # noqa: ASYNC110 - another process's
        await asyncio.sleep(_RETRY_INTERVAL_S)
    try:
        yield acquired and not lock.problem
    finally:
        lock.release()
