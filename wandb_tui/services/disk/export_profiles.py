"""Stores the export profiles that ``wandb-tui doctor RUN`` has measured: one small file per server.

Only doctor writes them: it performs one action at a time, so it can tell which one started an export.
"""

from __future__ import annotations

import logging
from typing import Any

from wandb_tui.core.export_profile import ExportProfile, ExportTrigger
from wandb_tui.services.disk.paths import ServerFile, private_file

log = logging.getLogger(__name__)


class ExportProfileFile(ServerFile):
    """The export profile of one server on disk."""

    SUFFIX = ".toml"

    def read(self) -> ExportProfile | None:
        """The profile, or None; an unusable file is ignored with a warning in the log."""
        # Called at every start of the dashboard, so it imports nothing without a profile.
        if not self._folder.exists():
            return None
        import tomllib

        try:
            return _profile(tomllib.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is not used: %s", self.path, error)
            return None

    def write(self, profile: ExportProfile) -> None:
        """Replace the profile.

        Raises:
            OSError: The file cannot be written.
        """
        text = (
            f"# How {self._server} exports runs, as wandb-tui doctor RUN observed it. Delete this file to reset it.\n"
            f'export_starts_by = "{profile.trigger.value}"  # {", ".join(ExportTrigger)}\n'
            f"export_seconds = {profile.seconds:.1f}\n"
        )
        private_file(self.path).write_text(text, encoding="utf-8")


def _profile(values: dict[str, Any]) -> ExportProfile:
    seconds = float(values["export_seconds"])
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"“{seconds}” is not a valid duration of an export")
    return ExportProfile(ExportTrigger(values["export_starts_by"]), seconds)
