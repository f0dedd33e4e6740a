"""What ``wandb-tui doctor RUN`` has learnt about exporting, kept beside the settings: one small file a server.

Only doctor writes it, since only doctor does one thing after the other and so can tell what started an export.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from wandb_tui.core.export_profile import ExportProfile, ExportTrigger
from wandb_tui.services.disk.paths import private_file, server_file

log = logging.getLogger(__name__)


class ExportProfileFile:
    """The file of one server."""

    def __init__(self, folder: Path, server: str) -> None:
        """Know where it is.

        Args:
            folder: The folder of these files.
            server: The server's key, as in the watch list.
        """
        self._folder = folder
        self._server = server

    @property
    def path(self) -> Path:
        """Where it is."""
        return server_file(self._folder, self._server, ".toml")

    def read(self) -> ExportProfile | None:
        """What is known, or None; a file that cannot be used is as good as none, and the log says so."""
        # Asked for at every start of the dashboard: where nothing was learnt, this imports nothing.
        if not self._folder.exists():
            return None
        import tomllib

        try:
            return _habit(tomllib.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is not used: %s", self.path, error)
            return None

    def write(self, habit: ExportProfile) -> None:
        """Replace what is known.

        Raises:
            OSError: The disk does not take it.
        """
        text = (
            f"# How {self._server} exports runs, as wandb-tui doctor RUN saw it. Delete this file to forget it.\n"
            f'export_starts_by = "{habit.starter.value}"  # {", ".join(ExportTrigger)}\n'
            f"export_seconds = {habit.seconds:.1f}\n"
        )
        private_file(self.path).write_text(text, encoding="utf-8")


def _habit(values: dict[str, Any]) -> ExportProfile:
    seconds = float(values["export_seconds"])
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"“{seconds}” is no time that an export takes")
    return ExportProfile(ExportTrigger(values["export_starts_by"]), seconds)
