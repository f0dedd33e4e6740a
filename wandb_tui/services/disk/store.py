"""The watch list on disk: one SQLite file, the rows of each server apart.

SQLite's rollback journal is kept (no WAL), since a home folder may lie on a network file system. Each call opens the
file anew, so that several dashboards share it, and one that was replaced is noticed; calls of one process go one after
the other. The file is never opened in any other way: to close it again would drop SQLite's locks on it.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import StoreError
from wandb_tui.core.log import Attempt, LogLine
from wandb_tui.core.persistence import Json, RowChange, StoredRun, StoreSnapshot
from wandb_tui.core.state import State
from wandb_tui.services.disk import sql
from wandb_tui.services.disk.file_lock import UNSUPPORTED_ERRNOS
from wandb_tui.services.disk.notices import decode_notice, encode_notice
from wandb_tui.services.disk.paths import new_private_file, record_lock_problem, write_problem
from wandb_tui.services.disk.rows import log_line, moment, run_values, stored_run, word, words
from wandb_tui.services.disk.schema import prepare

log = logging.getLogger(__name__)

KEPT_LINES = 200
"""How many lines of its log each run keeps on disk."""

KEPT_ATTEMPTS = 100
"""How many attempts of each run are kept on disk."""

_SLACK = 50
"""So many lines more than it should keep a run may have, so that not every write has to look for old ones."""

_LOCK_WAIT = 10.0
_NOTHING = ("", 0)
_LOCKING_ERRORS = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class SqliteWatchStore:
    """The watch list of one server; fulfils `ui.runtime.ports.WatchStore`. Any thread may call.

    Attributes:
        warning: What the user should know about the file system, in one sentence; empty where all is well. Set by the
            first call that finds out.
    """

    def __init__(self, path: Path, server: str, *, lock_wait: float = _LOCK_WAIT) -> None:
        self._path = path
        self._server = server.rstrip("/")
        self._lock_wait = lock_wait
        self._one_at_a_time = threading.Lock()
        self._seen: tuple[str, int] | None = None
        self._loaded_up_to = 0
        self._written: dict[int, int] = {}
        # No row of SQLite's counting ever gets a position again that was another's: it stays free for what comes back.
        self._stood: dict[RunAddress, int] = {}
        self._without_locks = False
        self.warning = ""

    def load(self) -> list[StoredRun]:
        """All rows, in the order in which they were added; a damaged file is put aside.

        Raises:
            StoreError: It cannot be read, or was damaged.
        """
        with self._open() as db:
            self._seen = self._revision(db)
            self._loaded_up_to = db.execute("SELECT coalesce(max(id), 0) FROM line").fetchone()[0]
            return self._rows(db)

    def write(self, changes: Sequence[RowChange]) -> None:
        """Do all of it in one transaction.

        Raises:
            StoreError: It cannot be written; nothing has changed.
        """
        with self._open(writing=True) as db:
            before = self._revision(db)
            for change in changes:
                self._change(db, change)
            if any(change.notify for change in changes):
                db.execute(sql.NEXT_REVISION, (self._server,))
                begun_here = self._seen == _NOTHING and before[1] == 0
                if begun_here or self._seen == before:
                    self._seen = (before[0], before[1] + 1)

    def external_changes(self) -> StoreSnapshot | None:
        """The list, if others have changed it since it was last looked at.

        Raises:
            StoreError: It cannot be read.
        """
        with self._open() as db:
            seen, now = self._seen, self._revision(db)
            if now == seen:
                return None
            rows = tuple(self._rows(db))
            self._seen = now
            return StoreSnapshot(rows, replaced=seen is not None and seen[0] not in {"", now[0]})

    def lines(self, run: RunAddress) -> list[LogLine]:
        """The newest lines of a run's log that were there when the list was loaded.

        Raises:
            StoreError: They cannot be read.
        """
        with self._open() as db:
            rows = db.execute(sql.LINES, (*self._key(run), self._loaded_up_to, KEPT_LINES)).fetchall()
        lines = [line for row in reversed(rows) if (line := log_line(row)) is not None]
        # Two dashboards may have written at the same time: the attempts are told apart all the same.
        return sorted(lines, key=lambda line: line.attempt)

    def load_view(self) -> dict[str, Json]:
        """How the dashboard was left.

        Raises:
            StoreError: It cannot be read.
        """
        with self._open() as db:
            rows = db.execute("SELECT key, value FROM view WHERE server = ?", (self._server,)).fetchall()
        view: dict[str, Json] = {}
        for key, value in rows:
            try:
                view[key] = json.loads(value)
            except ValueError:
                log.warning("What is kept of the view under %r cannot be read", key)
        return view

    def save_view(self, key: str, value: Json) -> None:
        """Keep something of how the dashboard looks.

        Raises:
            StoreError: It cannot be written.
        """
        with self._open(writing=True) as db:
            if value is None:
                db.execute("DELETE FROM view WHERE server = ? AND key = ?", (self._server, key))
            else:
                db.execute(sql.KEEP_VIEW, (self._server, key, json.dumps(value)))

    # Rows

    def _rows(self, db: sqlite3.Connection) -> list[StoredRun]:
        attempts: dict[int, list[Attempt]] = {}
        for position, number, started, ended, state, message, notice in db.execute(sql.ATTEMPTS, (self._server,)):
            ended_at = None if ended is None else moment(ended)
            if (known := word(State, state)) is not None:
                happened = decode_notice(notice, message)
                attempts.setdefault(position, []).append(Attempt(number, moment(started), ended_at, known, happened))
        rows = db.execute(sql.RUNS, (self._server,)).fetchall()
        return [stored for row in rows if (stored := stored_run(row, tuple(attempts.get(row[0], ())))) is not None]

    def _change(self, db: sqlite3.Connection, change: RowChange) -> None:
        key = self._key(change.run)
        row = change.row
        if row is None or change.replace:
            if (stood := db.execute(sql.POSITION, key).fetchone()) is not None:
                self._stood[change.run] = stood[0]
            db.execute(sql.REMOVE, key)
        if row is None:
            return
        if change.added:
            db.execute(sql.ADD, (self._old_place(db, change), *key, str(row.goal)))
        if change.settings_changed:
            db.execute(sql.SET_SETTINGS, (str(row.goal), *(row.times or (None, None)), *key))
        message, notice = words(row.notice), encode_notice(row.notice)
        values = (row.attempt, row.state.value, message, row.artifact, row.elapsed, row.baseline, notice)
        db.execute(
            sql.UPDATE,
            (
                *values,
                row.failure,
                *run_values(row.run_info),
                *key,
                row.attempt,
                row.attempt,
                row.state is State.AVAILABLE,
            ),
        )
        found = db.execute(sql.POSITION, key).fetchone()
        if found is not None:
            # Those before the last two have ended, and their end is on disk.
            self._keep_attempts(db, found[0], row.attempts if change.added else row.attempts[-2:])
            self._append(db, found[0], change.lines)

    def _old_place(self, db: sqlite3.Connection, change: RowChange) -> int | None:
        """Where a row that comes back stood; None, the end of the list, where that is not known or another's."""
        stood = self._stood.get(change.run) if change.restore_position else None
        # In a file that was replaced any row may be there.
        return None if db.execute(sql.TAKEN, (stood,)).fetchone() else stood

    def _keep_attempts(self, db: sqlite3.Connection, position: int, attempts: Sequence[Attempt]) -> None:
        for a in attempts:
            ended = None if a.ended is None else a.ended.timestamp()
            happened = (words(a.notice), encode_notice(a.notice))
            db.execute(sql.KEEP_ATTEMPT, (position, a.number, a.started.timestamp(), ended, a.state.value, *happened))

    def _append(self, db: sqlite3.Connection, position: int, lines: Sequence[LogLine]) -> None:
        values = [
            (
                *(position, line.attempt, line.time.timestamp(), words(line.notice)),
                *(line.status, line.level, line.state, encode_notice(line.notice)),
            )
            for line in lines
        ]
        db.executemany(sql.ADD_LINE, values)
        written = self._written.get(position, _SLACK) + len(lines)
        if written > _SLACK:
            db.execute(sql.FORGET_LINES, (position, position, KEPT_LINES))
            db.execute(sql.FORGET_ATTEMPTS, (position, position, KEPT_ATTEMPTS))
            written = 0
        self._written[position] = written

    def _key(self, run: RunAddress) -> tuple[str, str, str, str]:
        return self._server, run.entity, run.project, run.run_id

    def _revision(self, db: sqlite3.Connection) -> tuple[str, int]:
        found = db.execute("SELECT id, revision FROM list WHERE server = ?", (self._server,)).fetchone()
        return found or _NOTHING

    # The file

    @contextmanager
    def _open(self, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection with a transaction under way; whatever goes wrong becomes a `StoreError`."""
        with self._one_at_a_time:
            try:
                new_private_file(self._path)
                with closing(self._connect(writing=writing)) as db:
                    if writing:
                        db.execute(sql.BEGIN_LIST, (self._server, os.urandom(8).hex()))
                    yield db
                    db.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._explained(error) from error
            except OSError as error:
                raise StoreError(
                    f"Nothing can be saved: the watch list {self._path} cannot be opened ({error.strerror}).",
                    "Let its folder be writable for you.",
                ) from error

    def _connect(self, *, writing: bool) -> sqlite3.Connection:
        """A connection with a transaction begun."""
        try:
            return self._begin(writing=writing)
        except sqlite3.OperationalError as error:
            if self._without_locks or not self._cannot_lock(error):
                raise
        return self._begin(writing=writing)

    def _begin(self, *, writing: bool) -> sqlite3.Connection:
        # SQLite's VFS "unix-none" takes no locks.
        vfs = "?vfs=unix-none" if self._without_locks else ""
        address = f"file:{quote(str(self._path.absolute()))}{vfs}"
        db = sqlite3.connect(address, uri=True, timeout=self._lock_wait, isolation_level=None)
        try:
            prepare(db)
            db.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        except BaseException:
            db.close()
            raise
        return db

    def _cannot_lock(self, error: sqlite3.Error) -> bool:
        """Whether the file system has no locks; from then on the list is used without them."""
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in _LOCKING_ERRORS:
            return False
        problem = record_lock_problem(self._path.parent)
        if problem is None or problem.errno not in UNSUPPORTED_ERRNOS:
            return False
        self._without_locks = True
        self.warning = (
            f"The file system of {self._path.parent} cannot lock files ({problem.strerror}): the list is saved, "
            "but open only one dashboard at a time, or set XDG_STATE_HOME to a local folder."
        )
        log.warning("%s", self.warning)
        return True

    def _explained(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        log.warning("SQLite says of %s: %s", self._path, error)
        if code in _DAMAGED:
            return self._put_aside()
        where = f"The watch list {self._path}"
        match code:
            case sqlite3.SQLITE_FULL:
                return StoreError(f"{where} cannot be saved: the disk is full.", "Make room; it is tried again.")
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return StoreError(f"{where} cannot be written.", "Let its folder and the file be writable for you.")
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
                return StoreError(f"{where} is locked by another program.", "It is tried again.")
            case sqlite3.SQLITE_IOERR:
                # SQLite does not report that a quota is used up.
                problem = write_problem(self._path.parent)
                reason, hint = (problem.strerror, "Make room") if problem else (error, "Check the disk")
                return StoreError(f"{where} cannot be read or written: {reason}.", f"{hint}; saving is retried.")
            case _:
                return StoreError(f"{where} cannot be used: {error}.")

    def _put_aside(self) -> StoreError:
        """Move a damaged file out of the way, with its journal, which would damage the next one."""
        aside = self._path.with_name(f"{self._path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        try:
            if self._is_damaged():
                journal = self._path.with_name(self._path.name + "-journal")
                if journal.exists():
                    journal.replace(f"{aside}-journal")
                self._path.replace(aside)
        except OSError as error:
            return StoreError(f"The watch list {self._path} is damaged.", f"Move it away ({error.strerror}).")
        return StoreError(f"The watch list was damaged; it lies aside as {aside}, and a new one begins.")

    def _is_damaged(self) -> bool:
        """Look again: another dashboard may have begun a new file meanwhile."""
        try:
            with closing(sqlite3.connect(self._path, timeout=self._lock_wait)) as db:
                return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
        except sqlite3.DatabaseError as error:
            return (error.sqlite_errorcode & 0xFF) in _DAMAGED
