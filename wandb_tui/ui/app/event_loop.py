"""Runs an app in an event loop that comes first among the process's threads.

Python lets a thread go on until another one has waited for the interpreter for five milliseconds, and then gives it to
any that waits. Among hundreds of monitors the UI thread would have to give it up in the middle of drawing, and queue
for it again; behind a thread that computes, it would wait for five milliseconds after each pause.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import sys
import time
from collections.abc import Iterator
from typing import TypeVar

from textual.app import App

T = TypeVar("T")

_WORKING_S = 0.02
"""Seconds for which other threads let the UI thread work: longer than drawing takes."""

_WAITING_S = 0.001
"""Seconds after which another thread has to let the UI thread go on that has waited for input, a timer or a message."""

_POLL_INTERVAL_S = 0.005
"""Seconds for which callbacks that are ready are called without a look at the input in between."""


class _Selector(selectors.DefaultSelector):
    """Waits for input, and sets for how long which thread may keep the interpreter.

    Each look at the input gives the interpreter up, even one that does not wait. A key press takes a dozen turns of the
    event loop until it is drawn, and would queue for the interpreter after each of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._due = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for input for at most `timeout` seconds; None: for ever."""
        if timeout is not None and timeout <= 0 and time.monotonic() < self._due:
            return []
        with interpreter_wanted():
            ready = super().select(timeout)
        self._due = time.monotonic() + _POLL_INTERVAL_S
        return ready


@contextlib.contextmanager
def interpreter_wanted() -> Iterator[None]:
    """Within this context the UI thread gives the interpreter up, and wants it back soon."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_WAITING_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def run_first(app: App[T], size: tuple[int, int] | None = None) -> T | None:
    """Run an app to its end, ahead of all other threads.

    Args:
        app: The app.
        size: The columns and lines that it has; None for those of the terminal.

    Returns:
        The app's result.
    """
    if sys.platform == "win32":
        # Its event loop has no selector.
        return app.run(size=size)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_WORKING_S)
    try:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(_Selector())) as runner:
            return runner.run(app.run_async(size=size))
    finally:
        sys.setswitchinterval(usual)
