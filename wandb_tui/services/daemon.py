"""Work in threads that nobody has to wait for, not even the interpreter at its end."""

from __future__ import annotations

import threading
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
