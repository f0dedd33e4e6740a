"""Announces runs that have ended, on all channels that the settings enable."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.app.notifications import EndedRuns, Notification, notification
from wandb_tui.ui.app.notifiers import enabled_notifiers
from wandb_tui.ui.app.themed_app import ThemedApp
from wandb_tui.ui.runtime.backend import Backend

_GATHER_S, _INTERVAL_S = 0.4, 5.0
"""Runs that end within this time share a notification, and the next one waits until the toast of the last is gone:
otherwise hundreds of runs would cover the screen with toasts."""


class Announcer:
    """Tells some channels of each end at once, and others of several ends together."""

    def __init__(self, app: ThemedApp, backend: Backend, watch_list: Iterable[WatchedRun]) -> None:
        """Announce nothing yet.

        Args:
            app: Shows toasts and runs what sends.
            backend: Names the channels.
            watch_list: All runs.
        """
        self._app = app
        self._notifiers = enabled_notifiers(app, backend)
        self._ended_runs = EndedRuns(watch_list)
        self._due, self._announced_at = False, -_INTERVAL_S

    def ignore(self, rows: Iterable[WatchedRun]) -> None:
        """Treat these rows as known, such as those restored from disk."""
        self._ended_runs.ignore(rows)

    def observe(self, changed: Collection[WatchedRun]) -> None:
        """Look through changed rows for those that have ended."""
        ended = self._ended_runs.observe(changed)
        if not ended:
            return
        self._announce(notification(ended), immediate=True)
        if not self._due:
            self._due = True
            due = self._announced_at + _INTERVAL_S - time.monotonic()
            self._app.set_timer(max(_GATHER_S, due), self._announce_gathered)

    def _announce_gathered(self) -> None:
        self._due = False
        gathered = self._ended_runs.collect()
        if gathered is not None:
            self._announced_at = time.monotonic()
            self._announce(gathered, immediate=False)

    def _announce(self, notification: Notification, *, immediate: bool) -> None:
        for notifier in self._notifiers:
            if notifier.immediate is immediate:
                notifier.notify(notification)
