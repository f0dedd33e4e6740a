"""The SQLite file of a sandbox: its tables, and one connection that threads share."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Folders are named after the numbers of versions, and runs are asked for by number: AUTOINCREMENT never reuses the
# number of a deleted one.
_TABLES = """
CREATE TABLE IF NOT EXISTS projects (
    key INTEGER PRIMARY KEY, entity TEXT NOT NULL, name TEXT NOT NULL,
    public INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL, UNIQUE (entity, name));
CREATE TABLE IF NOT EXISTS runs (
    key INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL REFERENCES projects, name TEXT NOT NULL,
    display_name TEXT NOT NULL, config TEXT NOT NULL DEFAULT '{}', summary TEXT NOT NULL DEFAULT '{}',
    state TEXT NOT NULL DEFAULT 'running', tags TEXT NOT NULL DEFAULT '[]', notes TEXT, description TEXT,
    run_group TEXT, job_type TEXT, program TEXT, host TEXT, git_commit TEXT, parent TEXT, fork_step INTEGER,
    exit_code INTEGER, sweep TEXT, created_at REAL NOT NULL, heartbeat_at REAL NOT NULL, finished_at REAL,
    UNIQUE (project, name));
CREATE TABLE IF NOT EXISTS lines (
    run INTEGER NOT NULL REFERENCES runs, file TEXT NOT NULL, number INTEGER NOT NULL, step INTEGER, text TEXT NOT NULL,
    PRIMARY KEY (run, file, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run_files (
    run INTEGER NOT NULL REFERENCES runs, name TEXT NOT NULL, size INTEGER NOT NULL, md5 TEXT NOT NULL,
    updated_at REAL NOT NULL, PRIMARY KEY (run, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
    key INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs, collection TEXT NOT NULL,
    type TEXT NOT NULL, number INTEGER NOT NULL, last_step INTEGER NOT NULL, last_line INTEGER NOT NULL,
    started_at REAL NOT NULL, visible_at REAL NOT NULL, base INTEGER NOT NULL DEFAULT 0,
    UNIQUE (run, collection, number));
CREATE TABLE IF NOT EXISTS version_files (
    version INTEGER NOT NULL REFERENCES versions, name TEXT NOT NULL, size INTEGER NOT NULL, md5 TEXT NOT NULL,
    PRIMARY KEY (version, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
    token TEXT PRIMARY KEY, created_at REAL NOT NULL, expires_at REAL NOT NULL, requests INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS runs_by_heartbeat ON runs (project, heartbeat_at);
CREATE INDEX IF NOT EXISTS lines_by_step ON lines (run, file, step);
"""


class Database:
    """One SQLite connection under a lock: SQLite is quicker than what waits for it, and nothing is ever half done."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # A sandbox may lose its last second in a power cut; waiting for the disk on each metric would cost more.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_TABLES)
        # The folder of a sandbox from before there were sweeps, or rewinding.
        self._add_column("runs", "sweep", "TEXT")
        self._add_column("versions", "base", "INTEGER NOT NULL DEFAULT 0")

    def _add_column(self, table: str, name: str, kind: str) -> None:
        if name not in {row["name"] for row in self.rows(f"PRAGMA table_info({table})")}:
            self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")

    def __enter__(self) -> Self:
        """Begin a transaction; other threads wait until it ends. One inside another belongs to the outer one."""
        self._lock.acquire()
        if self._depth == 0:
            self._connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit, or undo everything when an error left the block."""
        self._depth -= 1
        try:
            if self._depth == 0:
                self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
        finally:
            self._lock.release()

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """All rows that the statement gives."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """The first row that the statement gives."""
        with self._lock:
            row: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
            return row

    def value(self, statement: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.row(statement, *values)
        return None if row is None else row[0]

    def run(self, statement: str, *values: Any) -> int:
        """Carry the statement out; gives the key of an inserted row, or the number of rows changed."""
        with self._lock:
            cursor = self._connection.execute(statement, values)
            is_insert = statement.lstrip()[:6].upper() == "INSERT"
            return (cursor.lastrowid or 0) if is_insert else cursor.rowcount

    def run_many(self, statement: str, values: Sequence[tuple[Any, ...]]) -> None:
        """Carry the statement out once for each tuple."""
        with self._lock:
            self._connection.executemany(statement, values)

    def close(self) -> None:
        """Close the file. Nothing works afterwards."""
        with self._lock:
            self._connection.close()
