"""Keeps what a server's API lacks: one small file per server."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from wandb_tui.services.disk.paths import ServerFile, write_private

log = logging.getLogger(__name__)


class SchemaGapFile(ServerFile):
    """The file of the gaps in one server's API."""

    SUFFIX = "-api.json"

    def read(self) -> Mapping[str, Any]:
        """The content; empty if there is none that can be used."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("%s is not used: %s", self.path, error)
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, content: Mapping[str, Any]) -> None:
        """Replace the content; where nothing can be written, this session remembers it alone."""
        # Others may read and write it at the same time, also in this process.
        draft = self.path.with_suffix(f".{uuid4().hex}")
        try:
            write_private(draft, json.dumps(content, indent=1)).replace(self.path)
        except OSError as error:
            log.warning("%s cannot be written: %s", self.path, error)
            with contextlib.suppress(OSError):
                draft.unlink()

    def delete(self) -> None:
        """Forget the content."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be deleted: %s", self.path, error)
