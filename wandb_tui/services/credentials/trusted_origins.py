"""The foreign sign-in pages that the user has said yes to, kept beside the settings: one small file a server."""

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
        """Know where it is.

        Args:
            folder: The folder of these files; None keeps nothing beyond this program's end.
            server: The server's key, as in the watch list.
        """
        self._server = server
        self._path = server_file(folder, server, ".sign-in.toml") if folder else None
        self._lock = threading.Lock()
        self._now: tuple[str, ...] = ()

    def read(self) -> tuple[str, ...]:
        """All of them; a file that cannot be used is as good as none, and the log says so."""
        with self._lock:
            return self._read()

    def add(self, origin: str) -> None:
        """Trust one more, from now on; where the disk does not take it, for as long as this program runs."""
        with self._lock:
            self._now = tuple(dict.fromkeys((*self._read(), origin)))
            if self._path is None:
                return
            text = (
                f"# Pages of other hosts into which the password for {self._server} may be typed, as you said when\n"
                "# asked. Delete one to be asked again.\n"
                f"allowed_origins = {json.dumps(self._now)}\n"
            )
            try:
                private_file(self._path).write_text(text, encoding="utf-8")
            except OSError as error:
                log.warning("%s cannot be written: %s", self._path, error)

    def _read(self) -> tuple[str, ...]:
        kept: object = ()
        if self._path is not None:
            try:
                kept = tomllib.loads(self._path.read_text(encoding="utf-8")).get("allowed_origins")
            except FileNotFoundError:
                pass
            except (OSError, ValueError) as error:
                log.warning("%s is not used: %s", self._path, error)
        found = [item for item in kept if isinstance(item, str)] if isinstance(kept, list) else []
        return tuple(dict.fromkeys((*found, *self._now)))
