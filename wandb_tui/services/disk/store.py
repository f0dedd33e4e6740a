"""The watch list on disk: one SQLite file with the rows of all servers.

It uses SQLite's rollback journal rather than WAL, since a home folder may be on a network file system. Each call opens
the file again, so that several dashboards can share it and a replaced file is noticed; calls within a process are
serialised. The file is never opened in any other way, because closing it again would drop SQLite's locks on it.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import StoreError
from wandb_tui.core.log import Attempt, LogLine
from wandb_tui.core.persistence import Json, QueryChange, RowChange, StoredQuery, StoredRun, StoreSnapshot
from wandb_tui.core.state import State
from wandb_tui.services.disk import sql
from wandb_tui.services.disk.file_lock import REPORTED_FOLDERS, UNSUPPORTED_ERRNOS
from wandb_tui.services.disk.notices import decode_notice
from wandb_tui.services.disk.paths import new_private_file, record_lock_problem, write_problem
from wandb_tui.services.disk.query_rows import change_query, read_queries
from wandb_tui.services.disk.rows import enum_member, log_line, run_values, stored_notice, stored_run, to_datetime
from wandb_tui.services.disk.schema import prepare

log = logging.getLogger(__name__)

MAX_STORED_LINES = 200
"""The number of log lines stored for each run."""

MAX_STORED_ATTEMPTS = 100
"""The number of attempts stored for each run."""

_SLACK_LINES = 50
"""The number of lines above the maximum at which old ones are deleted, so that not every write does so."""

_LOCK_TIMEOUT_S = 10.0
_FIRST_LOCK_TIMEOUT_S = 0.2
"""Until it is asked whether files can be locked at all: SQLite takes some that cannot for locked ones."""
_NO_REVISION = ("", 0)
_LOCKING_ERRORS = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL}
_DAMAGE_ERRORS = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class SqliteWatchStore:
    """The watch list of one server; implements `ui.runtime.ports.WatchStore`. Safe from any thread.

    Attributes:
        warning: One sentence about a file system without locks, set by the first call that finds out; else empty.
        warn: Receives it then.
    """

    def __init__(self, path: Path, server: str, *, lock_timeout: float = _LOCK_TIMEOUT_S) -> None:
        self._path = path
        self._server = server.rstrip("/")
        self._lock_timeout = lock_timeout
        self._lock = threading.Lock()
        self._seen: tuple[str, int] | None = None
        self._last_loaded_line = 0
        self._lines_since_pruning: dict[int, int] = {}
        # AUTOINCREMENT never reuses a position, so a removed row's stays free until it is restored.
        self._old_positions: dict[RunAddress, int] = {}
        self._without_locks = False
        self.warning = ""
        self.warn: Callable[[str], object] = log.info

    def load(self) -> list[StoredRun]:
        """All rows in the order in which they were added; a damaged file is renamed.

        Raises:
            StoreError: The list cannot be read, or is damaged.
        """
        with self._transaction() as db:
            self._seen = self._revision(db)
            self._last_loaded_line = db.execute("SELECT coalesce(max(id), 0) FROM line").fetchone()[0]
            return self._rows(db)

    def load_queries(self) -> list[StoredQuery]:
        """All followed queries in the order in which they were added.

        Raises:
            StoreError: The list cannot be read.
        """
        with self._transaction() as db:
            return read_queries(db, self._server)

    def write(self, changes: Iterable[RowChange], queries: Sequence[QueryChange] = ()) -> None:
        """Apply all changes in one transaction: a run that has joined a query is there if the query knows of it.

        Raises:
            StoreError: The list cannot be written; nothing has changed.
        """
        with self._transaction(writing=True) as db:
            self._write(db, changes, queries)

    def edit(self, changes: Callable[[Sequence[StoredRun]], Sequence[RowChange]]) -> list[StoredRun]:
        """Apply the changes that follow from the list, in one transaction, so that no other program comes between.

        Args:
            changes: Gives the changes for all rows as they are.

        Returns:
            All rows afterwards.

        Raises:
            StoreError: The list cannot be read or written; nothing has changed.
        """
        with self._transaction(writing=True) as db:
            self._write(db, changes(self._rows(db)))
            return self._rows(db)

    def external_changes(self, *, again: bool = False) -> StoreSnapshot | None:
        """The list, if other programs have changed it since the last call; else None.

        Args:
            again: Whether to read the list even if nothing has changed.

        Raises:
            StoreError: The list cannot be read.
        """
        with self._transaction() as db:
            seen, now = self._seen, self._revision(db)
            if now == seen and not again:
                return None
            rows, queries = tuple(self._rows(db)), tuple(read_queries(db, self._server))
            self._seen = now
            return StoreSnapshot(rows, queries=queries, replaced=seen is not None and seen[0] not in {"", now[0]})

    def run_counts(self) -> dict[str, int]:
        """The numbers of runs on the lists of all servers that have ever had one, by the servers' keys.

        Raises:
            StoreError: The lists cannot be read.
        """
        with self._transaction() as db:
            return dict(db.execute(sql.COUNT_RUNS).fetchall())

    def lines(self, run: RunAddress) -> list[LogLine]:
        """The newest lines of a run's log that were stored when the list was loaded.

        Raises:
            StoreError: The lines cannot be read.
        """
        with self._transaction() as db:
            rows = db.execute(sql.SELECT_LINES, (*self._key(run), self._last_loaded_line, MAX_STORED_LINES)).fetchall()
        lines = [line for row in reversed(rows) if (line := log_line(row)) is not None]
        # Two dashboards may have written at the same time; keep the lines of each attempt together.
        return sorted(lines, key=lambda line: line.attempt)

    def load_view(self) -> dict[str, Json]:
        """The saved view of the dashboard.

        Raises:
            StoreError: The view cannot be read.
        """
        with self._transaction() as db:
            rows = db.execute("SELECT key, value FROM view WHERE server = ?", (self._server,)).fetchall()
        view: dict[str, Json] = {}
        for key, value in rows:
            try:
                view[key] = json.loads(value)
            except ValueError:
                log.warning("The saved value %r of the view cannot be read", key)
        return view

    def save_view(self, key: str, value: Json) -> None:
        """Save one value of the dashboard's view; None deletes it.

        Raises:
            StoreError: The value cannot be written.
        """
        with self._transaction(writing=True) as db:
            if value is None:
                db.execute("DELETE FROM view WHERE server = ? AND key = ?", (self._server, key))
            else:
                db.execute(sql.UPSERT_VIEW, (self._server, key, json.dumps(value)))

    # Rows

    def _write(self, db: sqlite3.Connection, changes: Iterable[RowChange], queries: Sequence[QueryChange] = ()) -> None:
        before, notify = self._revision(db), bool(queries)
        for change in changes:
            self._apply(db, change)
            notify |= change.notify
        for query in queries:
            change_query(db, self._server, query)
        if notify:
            db.execute(sql.NEXT_REVISION, (self._server,))
            begun_here = self._seen == _NO_REVISION and before[1] == 0
            if begun_here or self._seen == before:
                self._seen = (before[0], before[1] + 1)

    def _rows(self, db: sqlite3.Connection) -> list[StoredRun]:
        attempts: dict[int, list[Attempt]] = {}
        for position, number, started, ended, state, message, notice in db.execute(
            sql.SELECT_ATTEMPTS, (self._server,)
        ):
            ended_at = None if ended is None else to_datetime(ended)
            if (known := enum_member(State, state)) is not None:
                happened = decode_notice(notice, message)
                attempts.setdefault(position, []).append(
                    Attempt(number, to_datetime(started), ended_at, known, happened)
                )
        rows = db.execute(sql.SELECT_RUNS, (self._server,)).fetchall()
        return [stored for row in rows if (stored := stored_run(row, tuple(attempts.get(row[0], ())))) is not None]

    def _apply(self, db: sqlite3.Connection, change: RowChange) -> None:
        key = self._key(change.run)
        row = change.row
        if row is None or change.replace:
            if (old_position := db.execute(sql.SELECT_POSITION, key).fetchone()) is not None:
                self._old_positions[change.run] = old_position[0]
            db.execute(sql.DELETE_RUN, key)
        if row is None:
            return
        if change.added:
            db.execute(sql.INSERT_RUN, (self._position_for(db, change), *key, str(row.goal)))
        if change.settings_changed:
            db.execute(sql.UPDATE_SETTINGS, (str(row.goal), *(row.times or (None, None)), *key))
        message, notice = stored_notice(row.notice)
        values = (row.attempt, row.state.value, message, row.artifact, row.elapsed, row.baseline, notice)
        db.execute(
            sql.UPDATE_RUN,
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
        found = db.execute(sql.SELECT_POSITION, key).fetchone()
        if found is not None:
            # Earlier attempts than the last two have ended and are stored.
            self._store_attempts(db, found[0], row.attempts if change.added else row.attempts[-2:])
            self._append_lines(db, found[0], change.lines)

    def _position_for(self, db: sqlite3.Connection, change: RowChange) -> int | None:
        """The former position of a restored row; None, the end of the list, if it is unknown or taken."""
        old_position = self._old_positions.get(change.run) if change.restore_position else None
        # In a replaced file another row may have it.
        return None if db.execute(sql.POSITION_TAKEN, (old_position,)).fetchone() else old_position

    def _store_attempts(self, db: sqlite3.Connection, position: int, attempts: Sequence[Attempt]) -> None:
        for a in attempts:
            ended = None if a.ended is None else a.ended.timestamp()
            values = (position, a.number, a.started.timestamp(), ended, a.state.value, *stored_notice(a.notice))
            db.execute(sql.UPSERT_ATTEMPT, values)

    def _append_lines(self, db: sqlite3.Connection, position: int, lines: Sequence[LogLine]) -> None:
        values = []
        for line in lines:
            message, notice = stored_notice(line.notice)
            # As plain text: SQLite would look for a converter for each member of an enum.
            kinds = (str(line.status) if line.status else None, str(line.level), str(line.state))
            values.append((position, line.attempt, line.time.timestamp(), message, *kinds, notice))
        db.executemany(sql.INSERT_LINE, values)
        written = self._lines_since_pruning.get(position, _SLACK_LINES) + len(lines)
        if written > _SLACK_LINES:
            db.execute(sql.PRUNE_LINES, (position, position, MAX_STORED_LINES))
            db.execute(sql.PRUNE_ATTEMPTS, (position, position, MAX_STORED_ATTEMPTS))
            written = 0
        self._lines_since_pruning[position] = written

    def _key(self, run: RunAddress) -> tuple[str, str, str, str]:
        return self._server, run.entity, run.project, run.run_id

    def _revision(self, db: sqlite3.Connection) -> tuple[str, int]:
        found = db.execute("SELECT id, revision FROM list WHERE server = ?", (self._server,)).fetchone()
        return found or _NO_REVISION

    # The file

    @contextmanager
    def _transaction(self, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection with an open transaction; all errors become a `StoreError`."""
        with self._lock:
            try:
                new_private_file(self._path)
                with closing(self._connect(writing=writing)) as db:
                    if writing:
                        db.execute(sql.INSERT_LIST, (self._server, os.urandom(8).hex()))
                    yield db
                    db.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._store_error(error) from error
            except OSError as error:
                raise StoreError(
                    f"Nothing can be saved: the watch list {self._path} cannot be opened ({error.strerror}).",
                    "Make its folder writable.",
                ) from error

    def _connect(self, *, writing: bool) -> sqlite3.Connection:
        """A connection with an open transaction; without locks if the file system has none."""
        try:
            return self._begin(min(_FIRST_LOCK_TIMEOUT_S, self._lock_timeout), writing=writing)
        except sqlite3.OperationalError as error:
            unlockable = not self._without_locks and self._cannot_lock(error)
            if not unlockable and (getattr(error, "sqlite_errorcode", 0) & 0xFF) != sqlite3.SQLITE_BUSY:
                raise
        return self._begin(self._lock_timeout, writing=writing)

    def _begin(self, timeout: float, *, writing: bool) -> sqlite3.Connection:
        # SQLite's VFS "unix-none" uses no locks.
        vfs = "?vfs=unix-none" if self._without_locks else ""
        address = f"file:{quote(str(self._path.absolute()))}{vfs}"
        db = sqlite3.connect(address, uri=True, timeout=timeout, isolation_level=None)
        try:
            prepare(db)
            db.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        except BaseException:
            db.close()
            raise
        return db

    def _cannot_lock(self, error: sqlite3.Error) -> bool:
        """Whether the file system has no locks; if so, stop using them from now on."""
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
        REPORTED_FOLDERS.add(self._path.parent)
        log.warning("%s", self.warning)
        self.warn(self.warning)
        return True

    def _store_error(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        log.warning("SQLite error for %s: %s", self._path, error)
        if code in _DAMAGE_ERRORS:
            return self._set_aside()
        where = f"The watch list {self._path}"
        match code:
            case sqlite3.SQLITE_FULL:
                return StoreError(f"{where} cannot be saved: the disk is full.", "Free some space.")
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return StoreError(f"{where} cannot be written.", "Make its folder and the file writable.")
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
                return StoreError(f"{where} is locked by another program.")
            case sqlite3.SQLITE_IOERR:
                # SQLite does not report an exceeded quota.
                problem = write_problem(self._path.parent)
                reason, hint = (problem.strerror, "Free some space") if problem else (error, "Check the disk")
                return StoreError(f"{where} cannot be read or written: {reason}.", f"{hint}.")
            case _:
                return StoreError(f"{where} cannot be used: {error}.")

    def _set_aside(self) -> StoreError:
        """Rename a damaged file, together with its journal, which would damage the next one."""
        aside = self._path.with_name(f"{self._path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        try:
            if self._is_damaged():
                journal = self._path.with_name(self._path.name + "-journal")
                if journal.exists():
                    journal.replace(f"{aside}-journal")
                self._path.replace(aside)
        except OSError as error:
            return StoreError(f"The watch list {self._path} is damaged.", f"Move it away ({error.strerror}).")
        return StoreError(f"The watch list was damaged; it was renamed to {aside}, and a new one is used.")

    def _is_damaged(self) -> bool:
        """Whether the file is damaged: another dashboard may have started a new one in the meantime."""
        try:
            with closing(sqlite3.connect(self._path, timeout=self._lock_timeout)) as db:
                return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
        except sqlite3.DatabaseError as error:
            return (error.sqlite_errorcode & 0xFF) in _DAMAGE_ERRORS
