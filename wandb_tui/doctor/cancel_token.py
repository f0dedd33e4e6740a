"""How a long examination is left before its end."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

T = TypeVar("T")


class CancelToken:
    """Waits for one thread, which another one may call away; then `CancelledError` is raised in the first."""

    def __init__(self) -> None:
        self._gone = threading.Event()
        self._awaited: Future[Any] | None = None

    def give_up(self) -> None:
        """Wait no longer, and for nothing more."""
        self._gone.set()
        if (awaited := self._awaited) is not None:
            awaited.cancel()

    def sleep(self, seconds: float) -> None:
        """Wait so long."""
        if self._gone.wait(seconds):
            raise CancelledError

    def result(self, future: Future[T]) -> T:
        """Wait for a future; giving up cancels it."""
        # In this order: whoever gives up in between sees the future, or we see that he has.
        self._awaited = future
        if self._gone.is_set():
            future.cancel()
        return future.result()
