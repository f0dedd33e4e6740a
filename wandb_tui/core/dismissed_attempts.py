"""Attempts of removed or withdrawn runs, whose threads may not have ended yet."""

from __future__ import annotations

from wandb_tui.core.address import RunAddress
from wandb_tui.core.attempt_handle import AttemptHandle
from wandb_tui.core.events import MonitorMessage
from wandb_tui.core.watched_run import WatchedRun


class DismissedAttempts:
    """Attempts whose events are dropped until their threads have ended. The watch list calls it under its lock."""

    def __init__(self) -> None:
        self._handles: dict[tuple[RunAddress, int], AttemptHandle] = {}
        self._last_numbers: dict[RunAddress, int] = {}

    def dismiss(self, row: WatchedRun) -> None:
        """Cancel a row's attempt, and drop what it still reports."""
        self._last_numbers[row.run] = row.attempt
        if row.handle is not None:
            self._handles[row.run, row.attempt] = row.handle
            row.handle.cancel()

    def last_number(self, run: RunAddress) -> int:
        """The number of a run's last dismissed attempt, or 0: the next ones count on, so that its events are stale."""
        return self._last_numbers.get(run, 0)

    def includes(self, row: WatchedRun) -> bool:
        """Whether a row's attempt was dismissed and its thread has not ended."""
        return (row.run, row.attempt) in self._handles

    def sent(self, message: MonitorMessage) -> bool:
        """Whether a message comes from the thread of a dismissed attempt."""
        # Asked of each event, and there is hardly ever one.
        return bool(self._handles) and (message.run, message.attempt) in self._handles

    def forget(self, message: MonitorMessage) -> None:
        """The thread of an attempt has ended."""
        self._handles.pop((message.run, message.attempt), None)

    def attach_thread(self, row: WatchedRun) -> bool:
        """Let a restored row start when its old thread has ended; whether that thread is alive."""
        row.handle = self._handles.get((row.run, row.attempt))
        row.running = row.handle is not None
        row.restart_wanted = row.running and row.active
        return row.running
