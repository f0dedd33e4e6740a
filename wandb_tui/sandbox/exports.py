"""The export of run histories: what a visit starts, and the artifact versions that result.

An export writes its Parquet files when it starts, from the history as it stands then, and becomes visible after the
export delay. Nothing has to run in between: a version is simply not there for anyone before its time has come.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.history import EVENTS, HISTORY
from wandb_tui.sandbox.parquet import write_rows

if TYPE_CHECKING:
    from pathlib import Path

    from wandb_tui.sandbox.faults import FaultBoard
    from wandb_tui.sandbox.history import Histories
    from wandb_tui.sandbox.state import Project, Run, SandboxState

HISTORY_TYPE = "wandb-history"
EVENTS_TYPE = "wandb-events"
MAX_NAME_CHARS = 128


@dataclass(frozen=True)
class ExportFile:
    """One file of a version; ``path`` is where it lies on this disk, ``owner`` the version it was first written for."""

    name: str
    size: int
    md5: str
    owner: int
    path: Path


@dataclass(frozen=True)
class Version:
    """One version of a history artifact, covering the history up to and including ``last_step``.

    Its files are those of the versions from number ``base`` on: what a run had before it was rewound is left behind.
    """

    key: int
    run: int
    collection: str
    type: str
    number: int
    last_step: int
    last_line: int
    started_at: float
    visible_at: float
    base: int = 0


class Exports:
    """Starts exports and knows which versions there are."""

    def __init__(self, state: SandboxState, histories: Histories, faults: FaultBoard, *, delay: float) -> None:
        self._state = state
        self._histories = histories
        self._faults = faults
        self._delay = delay
        self._lock = threading.Lock()
        self.files_dir = state.data_dir / "artifacts"
        self.files_dir.mkdir(mode=0o700, exist_ok=True)

    def collection_name(self, run: Run) -> str:
        """The name of the run's history artifact."""
        plain = self._faults.get("history-name-plain") is not None
        return f"{run.name}-history" if plain else f"run-{run.name}-history"

    def names_of(self, run: Run) -> tuple[str, str]:
        """The names of the run's history artifact and of its companion with the system metrics."""
        name = self.collection_name(run)
        return name, name.removesuffix("-history") + "-events"

    def run_names_of(self, collection: str) -> list[str]:
        """The ids of the runs whose history this collection could hold."""
        for suffix in ("-history", "-events"):
            if collection.endswith(suffix):
                stem = collection.removesuffix(suffix)
                plain = self._faults.get("history-name-plain") is not None
                return [stem] if plain else [stem.removeprefix("run-")] if stem.startswith("run-") else []
        return []

    def start(self, run: Run, *, delay: float | None = None) -> bool:
        """Begin an export of what was logged so far. Does nothing if nothing was logged since the last one.

        Args:
            run: The run to export.
            delay: Seconds until the version appears; the sandbox's export delay if None.

        Returns:
            Whether an export began.
        """
        name = self.collection_name(run)
        if self._faults.get("export-never") or len(name) > MAX_NAME_CHARS:
            return False
        with self._lock:
            last = self._newest(run, name)
            last_line, last_step = self._end(run)
            if last_step < 0 or (last is not None and (last_line <= last.last_line or self._faults.get("export-once"))):
                return False
            if self._faults.strike("export-fails"):
                return True
            number = 0 if last is None else last.number + 1
            now = time.time()
            visible = now + (self._actual_delay() if delay is None else delay)
            first_line = 0 if last is None else last.last_line + 1
            base = last.base if last is not None and first_line else number
            version = Version(0, run.key, name, HISTORY_TYPE, number, last_step, last_line, now, visible, base)
            rows = [json.loads(text) for text in self._histories.texts(run, HISTORY, first_line, last_line)]
            if run.fork_step is not None and self._faults.get("fork-exports-own-rows"):
                rows = [row for row in rows if row["_step"] > run.fork_step]
            self._write(version, rows)
            self._write_events(run, version)
        return True

    def outdate(self, run: Run) -> None:
        """Let the next export begin with the history's first line: the run was rewound, and what is there is wrong."""
        with self._lock:
            query = "UPDATE versions SET last_line = -1 WHERE run = ? AND type = ?"
            self._state.db.run(query, run.key, HISTORY_TYPE)

    def versions(self, run: Run, name: str | None = None) -> list[Version]:
        """The visible versions of a run's history artifact (or of its companion of that name), oldest first."""
        self._export_unvisited(run)
        query = "SELECT * FROM versions WHERE run = ? AND collection = ? AND visible_at <= ? ORDER BY number"
        rows = self._state.db.rows(query, run.key, name or self.collection_name(run), time.time())
        return [Version(**dict(row)) for row in rows]

    def exported(self, project: Project, kind: str) -> dict[int, float]:
        """The times at which the newest versions of an artifact type appeared, by the keys of a project's runs."""
        query = (
            "SELECT r.key, max(v.visible_at) AS newest FROM versions v JOIN runs r ON r.key = v.run "
            "WHERE r.project = ? AND v.type = ? AND v.visible_at <= ? GROUP BY r.key"
        )
        return {row["key"]: row["newest"] for row in self._state.db.rows(query, project.key, kind, time.time())}

    def version_by_key(self, key: int) -> Version | None:
        """The version that the database knows by this key."""
        row = self._state.db.row("SELECT * FROM versions WHERE key = ?", key)
        return Version(**dict(row)) if row else None

    def covered_step(self, run: Run) -> int | None:
        """The last step that the newest visible version covers; None without a version."""
        version = self.current(run)
        return version.last_step if version else None

    def current(self, run: Run) -> Version | None:
        """The newest visible version; None without one, or if the run was rewound since."""
        versions = self.versions(run)
        return versions[-1] if versions and versions[-1].last_line >= 0 else None

    def files(self, version: Version) -> list[ExportFile]:
        """The Parquet files of a version: those of the versions before it, then its own."""
        query = (
            "SELECT f.name, f.size, f.md5, f.version FROM version_files f JOIN versions v ON v.key = f.version "
            "WHERE v.run = ? AND v.collection = ? AND v.number BETWEEN ? AND ? ORDER BY f.name"
        )
        rows = self._state.db.rows(query, version.run, version.collection, version.base, version.number)
        return [
            ExportFile(row["name"], row["size"], row["md5"], row["version"], self._path(row["version"], row["name"]))
            for row in rows
        ]

    def manifest(self, version: Version) -> dict[str, Any]:
        """The version's manifest, as the SDK reads it."""
        contents = {
            file.name: {
                "digest": file.md5,
                "size": file.size,
                "birthArtifactID": artifact_id(file.owner),
            }
            for file in self.files(version)
        }
        return {
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "storagePolicyConfig": {"storageLayout": "V2"},
            "contents": contents,
        }

    def _newest(self, run: Run, name: str) -> Version | None:
        """The newest version, visible or still to come."""
        query = "SELECT * FROM versions WHERE run = ? AND collection = ? ORDER BY number DESC LIMIT 1"
        row = self._state.db.row(query, run.key, name)
        return Version(**dict(row)) if row else None

    def _end(self, run: Run) -> tuple[int, int]:
        """The last line that an export started now would hold, and the last step up to it."""
        query = "SELECT max(number), max(step) FROM lines WHERE run = ? AND file = ? AND step <= ?"
        stale = self._faults.get("stale-export")
        limit = self._histories.last_step(run) - (stale.whole("steps") if stale else 0)
        row = self._state.db.row(query, run.key, HISTORY, limit)
        return (-1, -1) if row is None or row[0] is None else (int(row[0]), int(row[1]))

    def _actual_delay(self) -> float:
        late = self._faults.get("export-late")
        return late.number("seconds") if late else self._delay

    def _export_unvisited(self, run: Run) -> None:
        """Export a finished run whose time has come without any visit, where the fault says so."""
        fault = self._faults.get("export-without-visit")
        if fault and run.finished_at and time.time() >= run.finished_at + fault.number("after"):
            self.start(run, delay=0.0)

    def _write(self, version: Version, rows: list[dict[str, Any]]) -> None:
        """Write the file of a version and record both."""
        with self._state.db as db:
            key = db.run(
                "INSERT INTO versions "
                "(run, collection, type, number, last_step, last_line, started_at, visible_at, base) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                version.run,
                version.collection,
                version.type,
                version.number,
                version.last_step,
                version.last_line,
                version.started_at,
                version.visible_at,
                version.base,
            )
            name = f"{version.number:04d}.parquet"
            path = self._path(key, name)
            path.parent.mkdir(mode=0o700)
            write_rows(rows, path)
            content = path.read_bytes()
            md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
            db.run("INSERT INTO version_files VALUES (?, ?, ?, ?)", key, name, len(content), md5)

    def _write_events(self, run: Run, version: Version) -> None:
        """Write the companion artifact with the system metrics, where any were logged."""
        name = self.names_of(run)[1]
        last = self._newest(run, name)
        first_line = 0 if last is None else last.last_line + 1
        rows = [json.loads(text) for text in self._histories.texts(run, EVENTS, first_line)]
        if not rows or len(name) > MAX_NAME_CHARS:
            return
        number = 0 if last is None else last.number + 1
        last_line = first_line + len(rows) - 1
        companion = Version(
            0, run.key, name, EVENTS_TYPE, number, version.last_step, last_line, version.started_at, version.visible_at
        )
        self._write(companion, [{"_step": first_line + index, **row} for index, row in enumerate(rows)])

    def _path(self, version: int, name: str) -> Path:
        return self.files_dir / str(version) / name


def artifact_id(version_key: int) -> str:
    """The opaque id by which the API knows a version."""
    return base64.b64encode(f"Artifact:{version_key}".encode()).decode()


def version_key(identifier: str) -> int:
    """The key in such an id; -1 if it is none."""
    try:
        kind, _, key = base64.b64decode(identifier, validate=True).decode().partition(":")
        return int(key) if kind == "Artifact" else -1
    except ValueError:
        return -1
