"""The watch list on disk: one SQLite file, the rows of each server apart.

SQLite's rollback journal is kept (no WAL), since a home folder may lie on a network file system, and each call opens
the file anew, so that any thread may call and two dashboards share it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal
from wandb_tui.core.ports import KeptRun
from wandb_tui.core.state import State
from wandb_tui.services.paths import private_file

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  server TEXT NOT NULL, entity TEXT NOT NULL, project TEXT NOT NULL, run_id TEXT NOT NULL,
  goal TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
  artifact TEXT, elapsed REAL NOT NULL,
  UNIQUE (server, entity, project, run_id)
)
"""
_SAVE = """
INSERT INTO run (server, entity, project, run_id, goal, attempt, state, message, artifact, elapsed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (server, entity, project, run_id) DO UPDATE SET
  goal = excluded.goal, attempt = excluded.attempt, state = excluded.state, message = excluded.message,
  artifact = excluded.artifact, elapsed = excluded.elapsed
"""
_REMOVE = "DELETE FROM run WHERE server = ? AND entity = ? AND project = ? AND run_id = ?"
_LOCK_WAIT = 10.0


class SqliteWatchStore:
    """The watch list of one server; fulfils `core.ports.WatchStore`."""

    def __init__(self, path: Path, server: str) -> None:
        self._path = path
        self._server = server.rstrip("/")

    def load(self) -> list[KeptRun]:
        """All rows, in the order in which they were added; a damaged file is put aside."""
        try:
            with self._open() as db:
                rows = db.execute(
                    "SELECT entity, project, run_id, goal, attempt, state, message, artifact, elapsed"
                    " FROM run WHERE server = ? ORDER BY position",
                    (self._server,),
                ).fetchall()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            aside = self._path.with_suffix(".damaged")
            self._path.replace(aside)
            log.warning("The watch list was damaged and has been put aside as %s", aside)
            return []
        return [kept for row in rows if (kept := _read(row)) is not None]

    def save(self, row: KeptRun) -> None:
        """Add a row, or replace the one of the same run."""
        run = row.run
        values = (
            *(self._server, run.entity, run.project, run.run_id),
            *(str(row.goal), row.attempt, row.state.value, row.message, row.artifact, row.elapsed),
        )
        with self._open() as db:
            db.execute(_SAVE, values)

    def remove(self, run: RunAddress) -> None:
        """Drop a row, if it is there."""
        with self._open() as db:
            db.execute(_REMOVE, (self._server, run.entity, run.project, run.run_id))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        private_file(self._path)
        with closing(sqlite3.connect(self._path, timeout=_LOCK_WAIT)) as db, db:
            db.execute(_SCHEMA)
            yield db


def _read(row: tuple[str, str, str, str, int, str, str, str | None, float]) -> KeptRun | None:
    entity, project, run_id, goal, attempt, state, message, artifact, elapsed = row
    try:
        run = RunAddress(entity, project, run_id)
        return KeptRun(run, Goal.parse(goal), attempt, State(state), message, artifact, elapsed)
    except (UsageError, ValueError):
        log.warning("A row of the watch list cannot be read and is left alone: %s/%s/%s", entity, project, run_id)
        return None
