"""Prints “no answer yet” after two seconds without an answer from the server."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from wandb_tui.cli.console import say
from wandb_tui.core.events import MonitorEvent, MonitorStatus
from wandb_tui.core.schedule import Clock

NOTICE_AFTER_S = 2.0
"""Seconds without an answer after which a line says so."""


class FirstAnswerNotice:
    """Tracks whether the server has answered about any run."""

    def __init__(self, server: str, clock: Clock = time.monotonic) -> None:
        """Start the clock.

        Args:
            server: The address of the server's API.
            clock: Seconds on a clock that never goes back.
        """
        self._server = server
        self._clock = clock
        self._began = clock()
        self._answered = False

    def on_event(self, event: MonitorEvent) -> None:
        """Note an event: every event but a monitor's first follows an answer of the server."""
        if event.status is not MonitorStatus.MONITORING:
            self._answered = True

    def on_answer(self) -> None:
        """Note that the server has answered otherwise, as about a query."""
        self._answered = True

    @property
    def text(self) -> str:
        """The notice; empty until it is due, and after the server has answered."""
        overdue = not self._answered and self._clock() - self._began >= NOTICE_AFTER_S
        return no_answer_yet(self._server) if overdue else ""


def no_answer_yet(server: str) -> str:
    """The notice that a server has not answered yet."""
    return f"Asking {server}: no answer yet"


@contextlib.contextmanager
def notice_if_unanswered(server: str) -> Iterator[None]:
    """Print the notice to stderr if the block takes longer than `NOTICE_AFTER_S`."""
    timer = threading.Timer(NOTICE_AFTER_S, lambda: say(no_answer_yet(server), err=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
