"""A future of which there may be ten thousand."""

from __future__ import annotations

import contextlib
import os
import threading
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_LOCK = threading.RLock()
_CONDITION = threading.Condition(_LOCK)

if hasattr(os, "register_at_fork"):
    # A child that another thread forks must not get it locked, for no thread there would ever release it.
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)


class LightFuture(Future[T]):
    """A future that takes a third of the memory of others, unless a thread waits for its result.

    All of them share one condition as their lock. To wait for one, a thread uses an event of its own, so that the end
    of another one does not wake it.
    """

    def __init__(self) -> None:
        """Not done yet."""
        # Not by the base class, whose condition would be most of the memory. To make it would also take the stack of
        # each monitor's thread to a third page.
        self._condition = _CONDITION
        self._state = "PENDING"
        self._result: Any = None
        self._exception: Any = None
        self._waiters: list[Any] = []
        self._done_callbacks: list[Any] = []

    def result(self, timeout: float | None = None) -> T:
        """The result, waited for at most `timeout` seconds."""
        self._wait(timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """The exception, waited for at most `timeout` seconds; None if there is none."""
        self._wait(timeout)
        return super().exception(0)

    def _wait(self, timeout: float | None) -> None:
        if self.done():
            return
        done = threading.Event()

        def wake(_: Future[T]) -> None:
            done.set()

        self.add_done_callback(wake)
        if not done.wait(timeout):
            with self._condition, contextlib.suppress(ValueError):
                self._done_callbacks.remove(wake)
