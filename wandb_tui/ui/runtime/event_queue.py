"""The way from the monitors' threads to the screen: what they say is gathered and handed over in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from textual.message import Message

from wandb_tui.core.events import MonitorMessage


class EventsReady(Message):
    """Something lies in the bridge."""


class EventQueue:
    """Gathers what the monitors say.

    `publish` may be called from any thread. At most one `EventsReady` is on its way at a time; its receiver calls
    `take` and, once all of that is folded in, finds out whether more has come.
    """

    def __init__(self, post: Callable[[Message], bool]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._said: deque[MonitorMessage] = deque()
        self._posted = False
        self._closed = False

    def publish(self, said: MonitorMessage) -> None:
        """Hand something over."""
        with self._lock:
            if self._closed:
                return
            self._said.append(said)
            posting, self._posted = not self._posted, True
        if posting:
            self._announce()

    @property
    def waiting(self) -> bool:
        """Whether something is to be taken."""
        return bool(self._said)

    def take(self, most: int | None = None) -> Iterator[MonitorMessage]:
        """What has been said, oldest first; so many at the most, or all of it."""
        for _ in range(len(self._said) if most is None else most):
            try:
                yield self._said.popleft()
            except IndexError:
                return

    def done(self) -> bool:
        """Whether all has been taken; if so, the next saying is announced again."""
        with self._lock:
            if self._said:
                return False
            self._posted = False
            return True

    def close(self) -> None:
        """From now on nobody listens."""
        with self._lock:
            self._closed = True
            self._said.clear()

    def _announce(self) -> None:
        try:
            self._post(EventsReady())
        except RuntimeError:
            # The loop has just closed: the app is gone, and so is whoever could hear this.
            self.close()
