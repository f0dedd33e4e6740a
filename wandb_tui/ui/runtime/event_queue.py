"""Passes events from the monitors' threads to the UI thread in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from textual.message import Message

from wandb_tui.core.events import MonitorMessage


class EventsReady(Message):
    """There are events in the queue."""


class EventQueue:
    """Collects the monitors' events.

    `publish` may be called from any thread. At most one `EventsReady` is in flight at a time; its receiver calls `take`
    and, after applying those, `done` to see whether there are more.
    """

    def __init__(self, post: Callable[[Message], bool]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._events: deque[MonitorMessage] = deque()
        self._posted = False
        self._closed = False

    def publish(self, event: MonitorMessage) -> None:
        """Add an event."""
        with self._lock:
            if self._closed:
                return
            self._events.append(event)
            posting, self._posted = not self._posted, True
        if posting:
            self._post_ready()

    @property
    def pending(self) -> bool:
        """Whether the queue holds events."""
        return bool(self._events)

    def take(self, limit: int | None = None) -> Iterator[MonitorMessage]:
        """The events, oldest first: at most `limit`, or all of them."""
        for _ in range(len(self._events) if limit is None else limit):
            try:
                yield self._events.popleft()
            except IndexError:
                return

    def done(self) -> bool:
        """Whether the queue is empty; if so, the next event posts `EventsReady` again."""
        with self._lock:
            if self._events:
                return False
            self._posted = False
            return True

    def close(self) -> None:
        """Drop all events from now on."""
        with self._lock:
            self._closed = True
            self._events.clear()

    def _post_ready(self) -> None:
        try:
            self._post(EventsReady())
        except RuntimeError:
            # The loop has just closed: the app is gone.
            self.close()
