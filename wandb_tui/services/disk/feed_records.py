"""Remembers why a server's feeds cannot be used: one small file per server."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from wandb_tui.services.disk.paths import ServerFile, private_file

log = logging.getLogger(__name__)

_VALID_FOR_S = 7 * 86_400.0
"""After this time the feeds are tried again: the server may have been updated."""


class FeedRecordFile(ServerFile):
    """The file with the reason why the feeds of one server's projects are not used."""

    SUFFIX = "-feeds.txt"

    def __init__(self, folder: Path, server: str, clock: Callable[[], float] = time.time) -> None:
        """Prepare; nothing is read yet.

        Args:
            folder: The folder of these files.
            server: The server's key, as in the watch list.
            clock: Seconds since 1970.
        """
        super().__init__(folder, server)
        self._clock = clock

    @property
    def valid_until(self) -> datetime | None:
        """The time at which the feeds are tried again; None if they may be used now."""
        try:
            until = self.path.stat().st_mtime + _VALID_FOR_S
        except OSError:
            return None
        return datetime.fromtimestamp(until, UTC) if self._clock() < until else None

    def read(self) -> str:
        """The reason; empty if the feeds may be used, or if the file cannot be read."""
        if self.valid_until is None:
            return ""
        try:
            return self.path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return ""

    def write(self, reason: str) -> None:
        """Remember a reason; where nothing can be written, this session remembers it alone."""
        try:
            private_file(self.path).write_text(f"{reason}\n", encoding="utf-8")
        except OSError as error:
            log.warning("%s cannot be written: %s", self.path, error)
