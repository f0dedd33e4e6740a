"""Stores the origins of other hosts' sign-in pages that the user allows: one small file per server."""

from __future__ import annotations

import json
import logging
import threading
import tomllib
from pathlib import Path

from wandb_tui.services.disk.paths import private_file, server_file

log = logging.getLogger(__name__)


class TrustedOrigins:
    """The file of one server. Safe from any thread."""

    def __init__(self, folder: Path | None = None, server: str = "") -> None:
        """Prepare; nothing is read yet.

        Args:
            folder: The folder of these files; None stores nothing on disk.
            server: The server's key, as in the watch list.
        """
        self._server = server
        self._path = server_file(folder, server, ".sign-in.toml") if folder else None
        self._lock = threading.Lock()
        self._session_origins: tuple[str, ...] = ()

    def read(self) -> tuple[str, ...]:
        """All allowed origins; an unusable file is ignored with a warning in the log."""
        with self._lock:
            return self._read()

    def add(self, origin: str) -> None:
        """Allow one more origin; until the program ends if the file cannot be written."""
        with self._lock:
            self._session_origins = tuple(dict.fromkeys((*self._read(), origin)))
            if self._path is None:
                return
            text = (
                f"# Sign-in pages of other hosts that may receive the password for {self._server}, as you allowed.\n"
                "# Delete one to be asked again.\n"
                f"allowed_origins = {json.dumps(self._session_origins)}\n"
            )
            try:
                private_file(self._path).write_text(text, encoding="utf-8")
            except OSError as error:
                log.warning("%s cannot be written: %s", self._path, error)

    def _read(self) -> tuple[str, ...]:
        stored: object = ()
        if self._path is not None:
            try:
                stored = tomllib.loads(self._path.read_text(encoding="utf-8")).get("allowed_origins")
            except FileNotFoundError:
                pass
            except (OSError, ValueError) as error:
                log.warning("%s is not used: %s", self._path, error)
        found = [item for item in stored if isinstance(item, str)] if isinstance(stored, list) else []
        return tuple(dict.fromkeys((*found, *self._session_origins)))
