"""Remembers which offline runs could not be synced, and why: one small file per server."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.services.disk.paths import server_file, write_private

log = logging.getLogger(__name__)


class SyncFailures:
    """The runs of one server that failed."""

    def __init__(self, folder: Path, server: str) -> None:
        """Prepare; nothing is read yet.

        Args:
            folder: The folder of these files.
            server: The server's key, as in the watch list.
        """
        self._path = server_file(folder, server, ".json")

    def read(self) -> dict[str, str]:
        """The reason for each run, by its address; an unusable file is ignored with a warning in the log."""
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(run): str(reason) for run, reason in told.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError) as error:
            log.warning("%s is not used: %s", self._path, error)
            return {}

    def update(self, outcomes: Mapping[RunAddress, str]) -> None:
        """Replace the reasons of these runs; an empty one stands for a run that did not fail.

        A file that cannot be written is only logged: nothing depends on it.
        """
        known = self.read() | {str(run): reason for run, reason in outcomes.items()}
        text = json.dumps({run: reason for run, reason in known.items() if reason}, ensure_ascii=False, indent=1)
        try:
            write_private(self._path, f"{text}\n")
        except OSError as error:
            log.warning("The failed runs are not remembered: %s", error)
