"""Work in threads that nobody has to wait for, not even the interpreter at its end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_daemon(work: Callable[[], T], name: str) -> Future[T]:
    """Do `work` in a daemon thread of its own; its end or its error comes through the future.

    The pools of the standard library are joined when the interpreter ends, so one call that hangs (a locked keyring
    waiting for a prompt nobody sees) would keep the whole program from ending.
    """
    future: Future[T] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits for the result
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


class DaemonPool:
    """A few daemon threads that do what they are given, and go when nothing is left."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._lock = threading.Lock()
        self._jobs: deque[Callable[[], None]] = deque()
        self._threads = 0

    def do(self, job: Callable[[], None]) -> None:
        """Have a job done as soon as a thread is free. It must not raise."""
        with self._lock:
            self._jobs.append(job)
            if self._threads == self._size:
                return
            self._threads += 1
        try:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        except RuntimeError:
            # No thread is left on this system: better late than never.
            self._work()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._threads -= 1
                    return
                job = self._jobs.popleft()
            job()
