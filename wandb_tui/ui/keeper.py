"""Keeps the watch list on disk, off the UI thread: in order, and only the newest of each row."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from wandb_tui.core.address import RunAddress
from wandb_tui.core.ports import KeptRun, WatchStore
from wandb_tui.ui.threads import start_daemon

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to become of a row on disk; one removed and added again moves to the end."""

    remove: bool
    keep: KeptRun | None


class Keeper:
    """One thread that does all reading and writing of the store."""

    def __init__(
        self, store: WatchStore, loaded: Callable[[list[KeptRun]], None], failed: Callable[[str], None]
    ) -> None:
        self._store = store
        self._loaded = loaded
        self._failed = failed
        self._changed = threading.Condition()
        self._wishes: dict[RunAddress, _Wish] = {}
        self._last: dict[RunAddress, KeptRun] = {}
        self._busy = True
        self._closed = False
        self._complained = False

    def start(self) -> None:
        """Read the list, then write what comes.

        Raises:
            RuntimeError: The system has no thread left.
        """
        start_daemon(self._work, "wandb-tui-keeper")

    def known(self, row: KeptRun) -> None:
        """This row is on disk as it is."""
        self._last[row.run] = _timeless(row)

    def save(self, row: KeptRun) -> None:
        """Keep a row, unless nothing but its time has changed."""
        if self._last.get(row.run) == _timeless(row):
            return
        self._last[row.run] = _timeless(row)
        with self._changed:
            before = self._wishes.get(row.run)
            self._wishes[row.run] = _Wish(before is not None and before.remove, row)
            self._changed.notify_all()

    def remove(self, run: RunAddress) -> None:
        """Drop a row."""
        self._last.pop(run, None)
        with self._changed:
            self._wishes.pop(run, None)
            self._wishes[run] = _Wish(remove=True, keep=None)
            self._changed.notify_all()

    def close(self, timeout: float) -> bool:
        """Take no more wishes; whether all that were made are on disk within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._wishes and not self._busy, timeout)

    def _work(self) -> None:
        self._load()
        while (wishes := self._next()) is not None:
            for run, wish in wishes.items():
                self._fulfil(run, wish)

    def _load(self) -> None:
        try:
            rows = self._store.load()
        except Exception as error:
            log.exception("The watch list cannot be read")
            self._failed(f"The watch list cannot be read: {error}")
            rows = []
        for row in rows:
            self.known(row)
        self._loaded(rows)

    def _next(self) -> dict[RunAddress, _Wish] | None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._wishes or self._closed)
            wishes, self._wishes = self._wishes, {}
            self._busy = bool(wishes)
            return wishes or None

    def _fulfil(self, run: RunAddress, wish: _Wish) -> None:
        try:
            if wish.remove:
                self._store.remove(run)
            if wish.keep is not None:
                self._store.save(wish.keep)
        except Exception as error:
            log.exception("The watch list cannot be written")
            # One complaint is enough: a full disk would else fill the screen as well.
            if not self._complained:
                self._failed(f"The watch list cannot be saved: {error}")
            self._complained = True
        else:
            self._complained = False


def _timeless(row: KeptRun) -> KeptRun:
    return replace(row, elapsed=0.0)
