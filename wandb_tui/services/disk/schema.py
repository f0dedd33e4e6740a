"""The schema of the watch list's file, and the steps that migrate an older one."""

from __future__ import annotations

import sqlite3

from wandb_tui.core.errors import StoreError
from wandb_tui.services.disk.notices import notice_of_words

_FIRST = """
CREATE TABLE IF NOT EXISTS run (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  server TEXT NOT NULL, entity TEXT NOT NULL, project TEXT NOT NULL, run_id TEXT NOT NULL,
  goal TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
  artifact TEXT, elapsed REAL NOT NULL,
  UNIQUE (server, entity, project, run_id)
)
"""

# A list's id changes when the file is replaced, its revision with each change. The trigger does the work of a foreign
# key, since those are off unless each connection turns them on.
_SECOND = """
ALTER TABLE run ADD COLUMN baseline INTEGER;
CREATE TABLE list (server TEXT PRIMARY KEY, id TEXT NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE view (
  server TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (server, key)
) WITHOUT ROWID;
CREATE TABLE attempt (
  run INTEGER NOT NULL, number INTEGER NOT NULL, started REAL NOT NULL, ended REAL,
  state TEXT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE TABLE line (
  id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, attempt INTEGER NOT NULL, time REAL NOT NULL,
  message TEXT NOT NULL, status TEXT, level TEXT NOT NULL, state TEXT NOT NULL
);
CREATE INDEX line_of_run ON line (run, id);
CREATE TRIGGER run_gone AFTER DELETE ON run BEGIN
  DELETE FROM attempt WHERE run = OLD.position;
  DELETE FROM line WHERE run = OLD.position;
END
"""

_THIRD = """
ALTER TABLE run ADD COLUMN name TEXT;
ALTER TABLE run ADD COLUMN run_state TEXT;
ALTER TABLE run ADD COLUMN last_step INTEGER;
ALTER TABLE run ADD COLUMN failure TEXT;
ALTER TABLE run ADD COLUMN check_interval REAL;
ALTER TABLE run ADD COLUMN max_wait_time REAL
"""

# Notices are stored as data; their text stays for people and for older rows.
_FOURTH = """
ALTER TABLE run ADD COLUMN notice TEXT;
ALTER TABLE attempt ADD COLUMN notice TEXT;
ALTER TABLE line ADD COLUMN notice TEXT;
UPDATE line SET notice = notice_of_words(message)
"""

# Runs keep the query that they have joined even if they are removed from the list, so that they do not join again.
_FIFTH = """
CREATE TABLE query (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  server TEXT NOT NULL, entity TEXT NOT NULL, project TEXT NOT NULL, conditions TEXT NOT NULL,
  goal TEXT NOT NULL, check_interval REAL, max_wait_time REAL,
  UNIQUE (server, entity, project, conditions)
);
CREATE TABLE query_run (query INTEGER NOT NULL, run_id TEXT NOT NULL, PRIMARY KEY (query, run_id)) WITHOUT ROWID;
CREATE TRIGGER query_gone AFTER DELETE ON query BEGIN
  DELETE FROM query_run WHERE query = OLD.position;
END
"""

MIGRATIONS = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH)
"""Step n migrates a file of version n to version n + 1. A released step never changes."""


def prepare(db: sqlite3.Connection) -> None:
    """Migrate the file to the current version; safe if two programs do so at the same time.

    Raises:
        StoreError: A newer version of the program created the file.
    """
    version = _version(db)
    if version > len(MIGRATIONS):
        raise StoreError(f"The watch list was written by a newer wandb-tui (format {version}).", "Update wandb-tui.")
    if version == len(MIGRATIONS):
        return
    db.create_function("notice_of_words", 1, notice_of_words, deterministic=True)
    db.execute("BEGIN IMMEDIATE")
    try:
        for migration in MIGRATIONS[_version(db) :]:
            for statement in _statements(migration):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    """The statements of a script, one by one: `executescript` would commit the transaction."""
    statements, current = [], ""
    for part in script.split(";"):
        current += part + ";"
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
