"""Saves the watch list in a thread: in order, in batches, with retries."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.errors import StoreError
from wandb_tui.core.log import LogLine
from wandb_tui.core.persistence import Json, QueryChange, RowChange, StoredQuery, StoredRun, StoreSnapshot
from wandb_tui.ui.runtime.ports import WatchStore

if TYPE_CHECKING:
    # The first frame shows no query.
    from wandb_tui.core.project_query import ProjectQuery

log = logging.getLogger(__name__)

BATCH_INTERVAL_S = 0.5
"""Seconds for which log lines are collected; the user's changes are written at once."""

CHECK_INTERVAL_S = 1.0
"""Seconds between two checks for changes by other dashboards and by commands."""

_MOST_LINES = 200
_MAX_RETRY_S = 30.0
_RETRIED = "Saving is retried."


class ListLoaded(Message):
    """The watch list has been read from disk."""

    def __init__(self, rows: list[StoredRun], queries: list[StoredQuery], view: dict[str, Json]) -> None:
        super().__init__()
        self.rows = rows
        self.queries = queries
        self.view = view


class ListChanged(Message):
    """Another dashboard has changed the list; `as_of` is the last of our own changes that it includes."""

    def __init__(self, found: StoreSnapshot, as_of: int) -> None:
        super().__init__()
        self.found = found
        self.as_of = as_of


class LogLoaded(Message):
    """The lines of a run's log from earlier sessions."""

    def __init__(self, run: RunAddress, lines: Sequence[LogLine]) -> None:
        super().__init__()
        self.run = run
        self.lines = lines


class StoreFailed(Message):
    """The store has a problem."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class StoreRecovered(Message):
    """The store works again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


@dataclass(slots=True)
class _PendingChanges:
    """Work for the writer thread."""

    changes: dict[RunAddress, RowChange] = field(default_factory=dict)
    queries: dict[ProjectQuery, QueryChange] = field(default_factory=dict)
    view: dict[str, Json] = field(default_factory=dict)
    log_requests: dict[RunAddress, None] = field(default_factory=dict)
    urgent: bool = False

    def __bool__(self) -> bool:
        return bool(self.changes or self.queries or self.view or self.log_requests)

    def add(self, change: RowChange) -> None:
        before = self.changes.pop(change.run, None)
        # A row that moves to the end of the list must be written last.
        self.changes[change.run] = change if before is None else before.then(change, _MOST_LINES)
        self.urgent |= change.notify

    def add_query(self, change: QueryChange) -> None:
        before = self.queries.pop(change.query, None)
        self.queries[change.query] = change if before is None else before.then(change)
        self.urgent = True

    def then(self, later: _PendingChanges) -> _PendingChanges:
        """Both, in order."""
        both = _PendingChanges(
            dict(self.changes),
            dict(self.queries),
            self.view | later.view,
            self.log_requests | later.log_requests,
            urgent=True,
        )
        for change in later.changes.values():
            both.add(change)
        for query in later.queries.values():
            both.add_query(query)
        return both


class StoreWriter:
    """One thread that reads and writes the store. All other methods belong to the UI thread."""

    def __init__(
        self, store: WatchStore, post: Callable[[Message], object], *, give_way: Callable[[], object] = lambda: None
    ) -> None:
        """Write nothing yet.

        Args:
            store: The store.
            post: Posts a message, from any thread.
            give_way: Called before each row is written; may block for a moment while the UI thread is needed.
        """
        self._store = store
        self._post = post
        self._give_way = give_way
        self._changed = threading.Condition()
        self._pending = _PendingChanges()
        self._last: dict[RunAddress, StoredRun] = {}
        self._lines: dict[RunAddress, int] = {}
        self._stamp = 0
        self._stamps: dict[RunAddress | ProjectQuery, int] = {}
        self._busy = True
        self._closed = False
        self._failures = 0
        self._retry_at = 0.0
        self._checked_at = 0.0
        self._read_again = False
        self._problems: dict[str, str] = {}
        self._read: Future[ListLoaded] = Future()

    def start(self) -> Future[ListLoaded]:
        """Read the list, then write changes.

        Returns:
            The list, or an empty one where it cannot be read; `StoreFailed` tells why.

        Raises:
            RuntimeError: The system has no thread left.
        """
        start_daemon(self._work, "wandb-tui store writer")
        return self._read

    def mark_saved(self, row: StoredRun) -> None:
        """Mark a row as saved."""
        self._last[row.run] = row

    def saved_row(self, run: RunAddress) -> StoredRun | None:
        """The row as it is, or will be, on disk."""
        return self._last.get(run)

    def mark_deleted(self, run: RunAddress) -> None:
        """Mark a row as deleted."""
        self._last.pop(run, None)
        self._lines.pop(run, None)

    @property
    def problem(self) -> str:
        """The reason why changes cannot be saved at the moment, as a sentence; empty where they can."""
        text = self._problems.get("write", "")
        return f"{text} {_RETRIED}" if text else ""

    def changed_since(self, row: RunAddress | ProjectQuery, as_of: int) -> bool:
        """Whether a row was added, removed or changed here after the list was read."""
        return self._stamps.get(row, 0) > as_of

    def read_again(self) -> None:
        """Read the list again with the next check, once what was changed here is written."""
        with self._changed:
            self._read_again = True

    def save(
        self,
        row: StoredRun,
        line_count: int,
        log_lines: Sequence[LogLine] = (),
        *,
        added: bool = False,
        restore_position: bool = False,
    ) -> None:
        """Save a row and the new lines of its log.

        Args:
            row: The row.
            line_count: The total number of lines its log has had.
            log_lines: Its log.
            added: Whether it is new on the list.
            restore_position: Whether a removal is undone, so that the row returns to its old position.
        """
        last = self._last.get(row.run)
        new = line_count - self._lines.get(row.run, 0)
        settings_changed = last is None or (last.goal, last.times) != (row.goal, row.times)
        notify = added or settings_changed or last is None or (last.attempt, last.state) != (row.attempt, row.state)
        if not notify and not new:
            return
        self._last[row.run], self._lines[row.run] = row, line_count
        # Only new lines: with hundreds of active monitors, a pass over the whole log would be noticeable.
        lines = tuple(islice(reversed(log_lines), max(0, min(new, _MOST_LINES))))[::-1]
        self._add_change(
            RowChange(
                row.run,
                row,
                added=added,
                restore_position=restore_position,
                notify=notify,
                settings_changed=settings_changed,
                lines=lines,
            )
        )

    def remove(self, run: RunAddress) -> None:
        """Delete a row."""
        self.mark_deleted(run)
        self._add_change(RowChange(run, None))

    def save_query(self, change: QueryChange) -> None:
        """Save a change of a followed query, in one transaction with the runs that were saved just before."""
        with self._changed:
            self._pending.add_query(change)
            self._stamp += 1
            self._stamps[change.query] = self._stamp
            self._changed.notify_all()

    def save_view(self, key: str, value: Json) -> None:
        """Save a value of the view."""
        with self._changed:
            self._pending.view[key] = value

    def load_log(self, run: RunAddress) -> None:
        """Request the lines of a run's log from earlier sessions; they arrive as `LogLoaded`."""
        with self._changed:
            self._pending.log_requests[run] = None
            self._pending.urgent = True
            self._changed.notify_all()

    def rewrite(self, runs: Iterable[RunAddress]) -> None:
        """Write these rows again: the file was replaced."""
        for run in runs:
            if (row := self._last.get(run)) is not None:
                self._add_change(RowChange(run, row, added=True, settings_changed=True))

    def close(self, timeout: float) -> bool:
        """Accept no more work; whether everything is on disk within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._pending and not self._busy, timeout)

    def _add_change(self, change: RowChange) -> None:
        with self._changed:
            self._pending.add(change)
            if change.notify:
                self._stamp += 1
                self._stamps[change.run] = self._stamp
                self._changed.notify_all()

    # The writer thread

    def _work(self) -> None:
        self._load()
        while (turn := self._next_batch()) is not None:
            pending, as_of = turn
            last_try = self._closed
            too_early = time.monotonic() < self._retry_at and not last_try
            if pending and (too_early or not self._write(pending)):
                self._requeue(pending)
                if last_try:
                    self._finish()
                    return
            elif time.monotonic() - self._checked_at >= CHECK_INTERVAL_S:
                self._poll_store(as_of)

    def _load(self) -> None:
        rows: list[StoredRun] = []
        queries: list[StoredQuery] = []
        view: dict[str, Json] = {}
        try:
            rows = self._store.load()
            queries = self._store.load_queries()
            view = self._store.load_view()
        except Exception as error:  # noqa: BLE001 - any error is shown, and the dashboard continues
            self._report_problem("read", error)
        if self._store.warning:
            self._post(StoreFailed(self._store.warning))
        self._read.set_result(ListLoaded(rows, queries, view))

    def _poll_store(self, as_of: int) -> None:
        self._checked_at = time.monotonic()
        with self._changed:
            again, self._read_again = self._read_again, False
        try:
            found = self._store.external_changes(again=again)
        except Exception as error:  # noqa: BLE001 - any error is shown, and the dashboard continues
            self._report_problem("read", error)
        else:
            self._problems.pop("read", None)
            if found is not None:
                self._post(ListChanged(found, as_of))

    def _next_batch(self) -> tuple[_PendingChanges, int] | None:
        """Wait for work; None when there will be no more."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._pending.urgent or self._closed, BATCH_INTERVAL_S)
            if self._closed and not self._pending:
                return None
            pending, self._pending = self._pending, _PendingChanges()
            self._busy = bool(pending)
            return pending, self._stamp

    def _finish(self) -> None:
        """Tell `close` that what is left stays unsaved."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()

    def _requeue(self, pending: _PendingChanges) -> None:
        with self._changed:
            self._pending = pending.then(self._pending)
            self._pending.urgent = False

    def _write(self, pending: _PendingChanges) -> bool:
        """Do all of it; finished work is dropped even if the rest fails. Whether everything succeeded."""
        try:
            for run in list(pending.log_requests):
                self._post(LogLoaded(run, self._store.lines(run)))
                del pending.log_requests[run]
            if pending.changes or pending.queries:
                self._store.write(self._one_by_one(pending.changes.values()), list(pending.queries.values()))
                pending.changes.clear()
                pending.queries.clear()
            for key in list(pending.view):
                self._store.save_view(key, pending.view[key])
                del pending.view[key]
        except Exception as error:  # noqa: BLE001 - any error is shown, and the dashboard continues
            self._failures += 1
            self._retry_at = time.monotonic() + min(_MAX_RETRY_S, 2.0 ** min(self._failures, 10) / 2)
            self._report_problem("write", error)
            return False
        self._failures, self._retry_at = 0, 0.0
        if self._problems.pop("write", ""):
            self._post(StoreRecovered("The watch list is being saved again"))
        return True

    def _one_by_one(self, changes: Iterable[RowChange]) -> Iterator[RowChange]:
        """The changes, each once the UI thread can do without the GIL: hundreds are written in one transaction."""
        for change in changes:
            self._give_way()
            yield change

    def _report_problem(self, what: str, error: Exception) -> None:
        """Report a problem once: a full disk would fill the screen with messages."""
        text = str(error) if isinstance(error, StoreError) else f"The watch list cannot be saved: {error}."
        known = text in self._problems.values()
        self._problems[what] = text
        if not known:
            log.error("The watch list cannot be saved", exc_info=error)
            self._post(StoreFailed(f"{text} {_RETRIED}" if what == "write" else text))
