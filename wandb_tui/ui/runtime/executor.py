"""Threads for monitors: one a job, none in a queue, and nobody waits for them at the end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Job = Callable[[], None]


class DaemonThreadExecutor(ThreadPoolExecutor):
    """An executor that starts one daemon thread for each job and whose shutdown waits for nothing.

    asyncio takes nothing but a `ThreadPoolExecutor` as its default executor, and joins the threads of a real one when
    the loop ends; a pool would also make the monitors queue behind one another. The pool of the base class is never
    used, so none of its threads exists and the interpreter joins none at exit.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self._reserved: deque[SimpleQueue[Job]] = deque()

    def reserve(self) -> None:
        """Start a thread now that takes the next job submitted.

        A Textual worker asks for its thread later, in the loop, where a refusal would be nobody's. Who reserves one
        first hears of it at once.

        Raises:
            RuntimeError: The system has no thread left.
        """
        self._reserved.append(_start())

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a job in a thread of its own.

        Raises:
            RuntimeError: The system has no thread left.
        """
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - whatever it is belongs to whoever awaits the future
                future.set_exception(error)
            else:
                future.set_result(result)

        try:
            jobs = self._reserved.popleft()
        except IndexError:
            jobs = _start()
        jobs.put(job)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for nothing: the threads are daemons and have been told to end by then."""


def _start() -> SimpleQueue[Job]:
    jobs: SimpleQueue[Job] = SimpleQueue()

    def work() -> None:
        jobs.get()()

    start_daemon(work, "wandb-tui")
    return jobs


def start_daemon(target: Callable[[], Any], name: str) -> threading.Thread:
    """Start a daemon thread.

    Raises:
        RuntimeError: The system has no thread left.
    """
    thread = threading.Thread(target=target, daemon=True, name=name)
    thread.start()
    return thread
