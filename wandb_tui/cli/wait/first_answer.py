"""Who waits for an answer is told of whom it is asked, before the silence makes them wonder."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from wandb_tui.cli.console import say
from wandb_tui.core.events import Event, MonitorStatus
from wandb_tui.core.schedule import Clock

PATIENCE = 2.0
"""Seconds of silence that need no word."""


class FirstAnswerNotice:
    """Knows whether the server has answered about any run yet."""

    def __init__(self, server: str, clock: Clock = time.monotonic) -> None:
        """Begin to ask.

        Args:
            server: The address of its API.
            clock: Seconds on a clock that never goes back.
        """
        self._server = server
        self._clock = clock
        self._began = clock()
        self._answered = False

    def hear(self, event: Event) -> None:
        """Take in what a monitor says: the first word of each is its own, all others come of an answer."""
        if event.status is not MonitorStatus.MONITORING:
            self._answered = True

    @property
    def note(self) -> str:
        """What is to be said now, or empty."""
        overdue = not self._answered and self._clock() - self._began >= PATIENCE
        return unanswered(self._server) if overdue else ""


def unanswered(server: str) -> str:
    """That a server has not answered yet."""
    return f"Asking {server}: no answer yet"


@contextlib.contextmanager
def note_if_unanswered(server: str) -> Iterator[None]:
    """Say on stderr that the server has not answered yet, where the block takes that long."""
    timer = threading.Timer(PATIENCE, lambda: say(unanswered(server), err=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
