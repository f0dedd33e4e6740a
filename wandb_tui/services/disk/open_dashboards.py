"""Tells whether a dashboard is open on a server's list: each holds the lock of a file of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from wandb_tui.services.disk.file_lock import ProcessLock
from wandb_tui.services.disk.paths import server_file

_ENTER_TIMEOUT_S = 1.0


class OpenDashboards:
    """The open dashboards of one server."""

    def __init__(self, folder: Path, server: str) -> None:
        """Prepare; nothing is read yet.

        Args:
            folder: The folder of the locks.
            server: The server's key, as in the watch list.
        """
        self._folder = folder
        self._prefix = server_file(folder, server, "-").name
        self._own: ProcessLock | None = None

    def enter(self) -> None:
        """Count this process as an open dashboard, until `close` or its end."""
        # Processes of two containers may have the same number.
        own = ProcessLock(self._folder / f"{self._prefix}{os.getpid()}-{secrets.token_hex(4)}.lock")
        with contextlib.suppress(OSError):
            # `any` in another process may hold the file's lock for a moment, or delete the file.
            while own.acquire(_ENTER_TIMEOUT_S):
                if own.problem or own.path.exists():
                    self._own = own
                    return
                own.release()

    def close(self) -> None:
        """Count this process no longer."""
        if self._own is not None:
            self._own.release()
            with contextlib.suppress(OSError):
                self._own.path.unlink(missing_ok=True)

    @property
    def any(self) -> bool | None:
        """Whether one is open; None where files cannot be locked, so that it is not known."""
        for path in self._folder.glob(f"{self._prefix}*.lock"):
            lock = ProcessLock(path)
            if not lock.acquire():
                return True
            lock.release()
            if lock.problem:
                return None
            # Its process ended without closing it.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        return False
