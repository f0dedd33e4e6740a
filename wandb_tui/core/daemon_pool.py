"""Daemon threads for calls that may hang: nothing waits for them, not even the interpreter at its exit."""

from __future__ import annotations

import _thread
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Job = Callable[[], None]


class DaemonPool(ThreadPoolExecutor):
    """An executor of daemon threads, whose shutdown waits for nothing.

    The pools of the standard library are joined at the interpreter's exit, so one call that hangs (a locked keyring
    behind an invisible prompt) would keep the program from ending. asyncio accepts nothing but a `ThreadPoolExecutor`
    as its default executor and joins the threads of a real one when the loop ends. The base class's own threads are
    never started, so nothing is joined.
    """

    def __init__(self, name: str, max_threads: int | None = None) -> None:
        """Start no thread yet.

        Args:
            name: The name of each thread.
            max_threads: How many jobs run at a time; the others queue. None: each job gets a thread of its own.
        """
        super().__init__(max_workers=1)
        self._name = name
        self._max_threads = max_threads
        self._lock = threading.Lock()
        self._queue: deque[Job] = deque()
        self._threads_running = 0
        self._reserved: deque[SimpleQueue[Job]] = deque()

    def reserve(self) -> None:
        """Start a thread now, for the next job submitted.

        It is a bare thread, daemonic by nature: of ten thousand, the objects of `threading` would take 20 MB.

        A Textual worker asks for its thread later, in the event loop, where nothing could handle an error.

        Raises:
            RuntimeError: The system has no thread left.
        """
        jobs: SimpleQueue[Job] = SimpleQueue()

        def run_next() -> None:
            jobs.get()()

        _thread.start_new_thread(run_next, ())
        self._reserved.append(jobs)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a job as soon as a thread is free.

        Raises:
            RuntimeError: The system has no thread left, and no thread of this pool could take the job over.
        """
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller that awaits the future
                future.set_exception(error)
            else:
                future.set_result(result)

        if self._max_threads is not None:
            self._enqueue(job, self._max_threads)
        elif (jobs := self._take_reserved()) is not None:
            jobs.put(job)
        else:
            start_daemon(job, self._name)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do not wait: the threads are daemons, and have been asked to end by then."""

    def _take_reserved(self) -> SimpleQueue[Job] | None:
        try:
            return self._reserved.popleft()
        except IndexError:
            return None

    def _enqueue(self, job: Job, max_threads: int) -> None:
        with self._lock:
            self._queue.append(job)
            if self._threads_running == max_threads:
                return
            self._threads_running += 1
        try:
            start_daemon(self._work, self._name)
        except RuntimeError:
            with self._lock:
                self._threads_running -= 1
                if self._threads_running or job not in self._queue:
                    return
                self._queue.remove(job)
            raise

    def _work(self) -> None:
        """Run queued jobs until none is left."""
        while True:
            with self._lock:
                if not self._queue:
                    self._threads_running -= 1
                    return
                job = self._queue.popleft()
            job()


def start_daemon(target: Callable[[], Any], name: str) -> threading.Thread:
    """Start a daemon thread.

    Raises:
        RuntimeError: The system has no thread left.
    """
    thread = threading.Thread(target=target, daemon=True, name=name)
    thread.start()
    return thread
