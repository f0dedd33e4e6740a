"""Cancellation token for long checks."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

T = TypeVar("T")


class CancelToken:
    """Lets one thread wait; `cancel`, called from another, makes it raise `CancelledError`."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._awaited: Future[Any] | None = None

    def cancel(self) -> None:
        """End the current wait, and every later one immediately."""
        self._cancelled.set()
        if (awaited := self._awaited) is not None:
            awaited.cancel()

    def sleep(self, seconds: float) -> None:
        """Wait for this many seconds."""
        if self._cancelled.wait(seconds):
            raise CancelledError

    def result(self, future: Future[T]) -> T:
        """Wait for a future's result; cancelling the token cancels the future."""
        # In this order: either `cancel` sees the future, or we see that it has been called.
        self._awaited = future
        if self._cancelled.is_set():
            future.cancel()
        return future.result()
