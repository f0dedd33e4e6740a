"""Keeps the watch list on disk, off the UI thread: in order, in batches, and until it has worked."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.errors import StoreError
from wandb_tui.core.log import LogLine
from wandb_tui.core.persistence import Json, RowChange, StoredRun, StoreSnapshot
from wandb_tui.ui.runtime.ports import WatchStore

log = logging.getLogger(__name__)

GATHER = 0.5
"""Seconds in which lines of logs are gathered; what the user does is written at once."""

LOOK = 1.5
"""Seconds between two looks at what other dashboards have changed."""

_MOST_LINES = 200
_LONGEST_RETRY = 30.0


class ListLoaded(Message):
    """The watch list has been read from disk."""

    def __init__(self, rows: list[StoredRun], view: dict[str, Json]) -> None:
        super().__init__()
        self.rows = rows
        self.view = view


class ListChanged(Message):
    """Another dashboard has changed the list; `as_of` tells which of our own changes it holds already."""

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
    """Something went wrong outside of any monitor."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class StoreRecovered(Message):
    """What went wrong is well again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


@dataclass(slots=True)
class _PendingChanges:
    """What is to be done on disk."""

    changes: dict[RunAddress, RowChange] = field(default_factory=dict)
    view: dict[str, Json] = field(default_factory=dict)
    recalls: dict[RunAddress, None] = field(default_factory=dict)
    urgent: bool = False

    def __bool__(self) -> bool:
        return bool(self.changes or self.view or self.recalls)

    def add(self, change: RowChange) -> None:
        before = self.changes.pop(change.run, None)
        # Whatever moves to the end of the list is to be written last, too.
        self.changes[change.run] = change if before is None else before.then(change, _MOST_LINES)
        self.urgent |= change.notify

    def then(self, later: _PendingChanges) -> _PendingChanges:
        """Both, in order."""
        both = _PendingChanges(dict(self.changes), self.view | later.view, self.recalls | later.recalls, urgent=True)
        for change in later.changes.values():
            both.add(change)
        return both


class StoreWriter:
    """One thread that does all reading and writing of the store. Its other methods belong to the UI thread."""

    def __init__(self, store: WatchStore, tell: Callable[[Message], object]) -> None:
        self._store = store
        self._tell = tell
        self._changed = threading.Condition()
        self._wishes = _PendingChanges()
        self._last: dict[RunAddress, StoredRun] = {}
        self._lines: dict[RunAddress, int] = {}
        self._stamp = 0
        self._stamps: dict[RunAddress, int] = {}
        self._busy = True
        self._closed = False
        self._failures = 0
        self._retry_at = 0.0
        self._looked_at = 0.0
        self._complaints: dict[str, str] = {}

    def start(self) -> None:
        """Read the list, then write what comes.

        Raises:
            RuntimeError: The system has no thread left.
        """
        start_daemon(self._work, "wandb-tui store writer")

    def known(self, row: StoredRun) -> None:
        """This row is on disk as it is."""
        self._last[row.run] = row

    def knows(self, run: RunAddress) -> StoredRun | None:
        """The row as it is, or is about to be, on disk."""
        return self._last.get(run)

    def forget(self, run: RunAddress) -> None:
        """This row is on disk no more."""
        self._last.pop(run, None)
        self._lines.pop(run, None)

    def touched_since(self, run: RunAddress, as_of: int) -> bool:
        """Whether a row was added, removed or changed here after the list was read."""
        return self._stamps.get(run, 0) > as_of

    def save(
        self,
        row: StoredRun,
        said: int,
        log_lines: Sequence[LogLine] = (),
        *,
        added: bool = False,
        restore_position: bool = False,
    ) -> None:
        """Keep a row, and what is new in its log.

        Args:
            row: How it stands.
            said: How many lines its log has had in all.
            log_lines: Its log.
            added: Whether it is new on the list.
            restore_position: Whether a removal is undone, so that the row returns to its old position.
        """
        last = self._last.get(row.run)
        new = said - self._lines.get(row.run, 0)
        settings_changed = last is None or (last.goal, last.times) != (row.goal, row.times)
        notify = added or settings_changed or last is None or (last.attempt, last.state) != (row.attempt, row.state)
        if not notify and not new:
            return
        self._last[row.run], self._lines[row.run] = row, said
        # Not through all of the log: with hundreds of monitors talking that would be felt.
        lines = tuple(islice(reversed(log_lines), max(0, min(new, _MOST_LINES))))[::-1]
        self._wish(
            RowChange(
                *(row.run, row),
                added=added,
                restore_position=restore_position,
                notify=notify,
                settings_changed=settings_changed,
                lines=lines,
            )
        )

    def remove(self, run: RunAddress) -> None:
        """Drop a row."""
        self.forget(run)
        self._wish(RowChange(run, None))

    def keep_view(self, key: str, value: Json) -> None:
        """Keep something of how the dashboard looks."""
        with self._changed:
            self._wishes.view[key] = value

    def recall(self, run: RunAddress) -> None:
        """Ask for the lines of a run's log from earlier sessions; they come as `LogLoaded`."""
        with self._changed:
            self._wishes.recalls[run] = None
            self._wishes.urgent = True
            self._changed.notify_all()

    def keep_all(self, runs: Iterable[RunAddress]) -> None:
        """Write these rows anew: the file is another one than before."""
        for run in runs:
            if (row := self._last.get(run)) is not None:
                self._wish(RowChange(run, row, added=True, settings_changed=True))

    def close(self, timeout: float) -> bool:
        """Take no more wishes; whether all that were made are on disk within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._wishes and not self._busy, timeout)

    def _wish(self, change: RowChange) -> None:
        with self._changed:
            self._wishes.add(change)
            if change.notify:
                self._stamp += 1
                self._stamps[change.run] = self._stamp
                self._changed.notify_all()

    # The keeper's own thread

    def _work(self) -> None:
        self._load()
        while (turn := self._next()) is not None:
            wishes, as_of = turn
            too_early = time.monotonic() < self._retry_at and not self._closed
            if wishes and (too_early or not self._fulfil(wishes)):
                self._put_back(wishes)
            elif time.monotonic() - self._looked_at >= LOOK:
                self._poll_store(as_of)

    def _load(self) -> None:
        rows: list[StoredRun] = []
        view: dict[str, Json] = {}
        try:
            rows = self._store.load()
            view = self._store.load_view()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said, and the dashboard goes on
            self._complain("read", error)
        if self._store.warning:
            self._tell(StoreFailed(self._store.warning))
        self._tell(ListLoaded(rows, view))

    def _poll_store(self, as_of: int) -> None:
        self._looked_at = time.monotonic()
        try:
            found = self._store.elsewhere()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said, and the dashboard goes on
            self._complain("read", error)
        else:
            self._complaints.pop("read", None)
            if found is not None:
                self._tell(ListChanged(found, as_of))

    def _next(self) -> tuple[_PendingChanges, int] | None:
        """Wait for something to do; None when there will be nothing more."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._wishes.urgent or self._closed, GATHER)
            if self._closed and (not self._wishes or self._failures):
                return None
            wishes, self._wishes = self._wishes, _PendingChanges()
            self._busy = bool(wishes)
            return wishes, self._stamp

    def _put_back(self, wishes: _PendingChanges) -> None:
        with self._changed:
            self._wishes = wishes.then(self._wishes)
            self._wishes.urgent = False

    def _fulfil(self, wishes: _PendingChanges) -> bool:
        """Do all of it; what has been done is off the list, even if the rest fails. Whether all of it worked."""
        try:
            for run in list(wishes.recalls):
                self._tell(LogLoaded(run, self._store.lines(run)))
                del wishes.recalls[run]
            if wishes.changes:
                self._store.write(list(wishes.changes.values()))
                wishes.changes.clear()
            for key in list(wishes.view):
                self._store.keep_view(key, wishes.view[key])
                del wishes.view[key]
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said, and the dashboard goes on
            self._failures += 1
            self._retry_at = time.monotonic() + min(_LONGEST_RETRY, 2.0 ** min(self._failures, 10) / 2)
            self._complain("write", error)
            return False
        self._failures, self._retry_at = 0, 0.0
        if self._complaints.pop("write", ""):
            self._tell(StoreRecovered("The watch list is being saved again"))
        return True

    def _complain(self, what: str, error: Exception) -> None:
        """Say what is wrong, once: a full disk would else fill the screen as well."""
        text = str(error) if isinstance(error, StoreError) else f"The watch list cannot be kept: {error}"
        if text not in self._complaints.values():
            log.error("The watch list cannot be kept", exc_info=error)
            self._tell(StoreFailed(text))
        self._complaints[what] = text
