"""Files of runs and artifacts, at signed URLs like those of a cloud bucket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

    from wandb_tui.sandbox.account import SandboxAccount
    from wandb_tui.sandbox.exports import ExportFile, Exports
    from wandb_tui.sandbox.state import Run, SandboxState


@dataclass(frozen=True)
class RunFile:
    """One file that a run uploaded."""

    name: str
    size: int
    md5: str
    updated_at: float


class Storage:
    """Maps files to their paths on disk and their URLs."""

    def __init__(self, state: SandboxState, account: SandboxAccount, exports: Exports) -> None:
        self._state = state
        self._account = account
        self._exports = exports
        self._dir = state.data_dir / "files"
        self._dir.mkdir(mode=0o700, exist_ok=True)

    def signed(self, origin: str, path: str) -> str:
        """The address of a path below ``/storage/``, with its signature."""
        return f"{origin}/storage/{quote(path)}?signature={self._account.sign(path)}"

    def is_signed(self, path: str, signature: str) -> bool:
        """Whether the signature belongs to the path."""
        return hmac.compare_digest(self._account.sign(path).encode(), signature.encode())

    def run_file_url(self, origin: str, run: Run, name: str) -> str:
        """The URL of a run's file, for uploads and downloads."""
        return self.signed(origin, f"runs/{run.key}/{name}")

    def export_file_url(self, origin: str, file: ExportFile) -> str:
        """The URL of a file of an artifact."""
        return self.signed(origin, f"artifacts/{file.owner}/{file.name}")

    def manifest_url(self, origin: str, version: int) -> str:
        """The URL of an artifact's manifest."""
        return self.signed(origin, f"manifests/{version}/wandb_manifest.json")

    def run_file_path(self, run: int, name: str) -> Path:
        """The path of a run's file on disk; its name is hashed, since it may be any text."""
        return self._dir / str(run) / hashlib.sha256(name.encode()).hexdigest()

    def export_file_path(self, version: int, name: str) -> Path | None:
        """The path of an artifact's file, if it exists."""
        known = self._state.db.value("SELECT 1 FROM version_files WHERE version = ? AND name = ?", version, name)
        return self._exports.files_dir / str(version) / name if known else None

    def keep(self, run: int, name: str, content: bytes) -> None:
        """Store a run's upload."""
        path = self.run_file_path(run, name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(content)
        md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        self._state.db.run(
            "INSERT OR REPLACE INTO run_files VALUES (?, ?, ?, ?, ?)", run, name, len(content), md5, time.time()
        )

    def run_files(self, run: Run) -> list[RunFile]:
        """The files that a run uploaded, by name."""
        rows = self._state.db.rows(
            "SELECT name, size, md5, updated_at FROM run_files WHERE run = ? ORDER BY name", run.key
        )
        return [RunFile(**dict(row)) for row in rows]
