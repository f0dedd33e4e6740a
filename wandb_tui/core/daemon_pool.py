"""Daemon threads for calls that may hang: nothing waits for them, not even the interpreter at its exit."""

from __future__ import annotations

import _thread
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from wandb_tui.core.light_future import LightFuture

if TYPE_CHECKING:
    import asyncio

P = ParamSpec("P")
T = TypeVar("T")


class _Job(Generic[T]):
    """A call and the future of its result."""

    __slots__ = ("_args", "_function", "_future", "_keywords")

    def __init__(
        self, future: Future[T], function: Callable[..., T], args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> None:
        self._future = future
        self._function = function
        self._args = args
        self._keywords = keywords

    def run(self) -> None:
        """Make the call, unless it was cancelled."""
        if not self._future.set_running_or_notify_cancel():
            return
        try:
            result = self._function(*self._args, **self._keywords)
        except BaseException as error:  # noqa: BLE001 - it belongs to the caller that awaits the future
            self._future.set_exception(error)
        else:
            self._future.set_result(result)


class _LoopJob(Generic[T]):
    """The same, with a future of an event loop."""

    # A monitor's job lasts as long as the monitor: of ten thousand, closures would take three times the memory.
    __slots__ = ("_args", "_function", "_future")

    def __init__(self, future: asyncio.Future[T], function: Callable[..., T], args: tuple[Any, ...]) -> None:
        self._future = future
        self._function = function
        self._args = args

    def run(self) -> None:
        """Make the call, unless it was cancelled."""
        if self._future.cancelled():
            return
        try:
            settle = partial(self._future.set_result, self._function(*self._args))
        except BaseException as error:  # noqa: BLE001 - it belongs to the caller that awaits the future
            settle = partial(self._future.set_exception, error)
        # The loop may be closed by now: then nothing awaits the result.
        with contextlib.suppress(RuntimeError):
            self._future.get_loop().call_soon_threadsafe(self._settle, settle)

    def _settle(self, settle: Callable[[], None]) -> None:
        if not self._future.done():
            settle()


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
        self._queue: deque[_Job[Any]] = deque()
        self._threads_running = 0
        self._reserved = 0
        self._for_reserved: SimpleQueue[_LoopJob[Any]] = SimpleQueue()

    def reserve(self) -> None:
        """Start a thread now, for the next job that an event loop submits.

        A Textual worker asks for its thread later, in the event loop, where nothing could handle an error. It is a bare
        thread, daemonic by nature: of ten thousand, the objects of `threading` would take 20 MB.

        Raises:
            RuntimeError: The system has no thread left.
        """
        _thread.start_new_thread(self._run_reserved, ())
        with self._lock:
            self._reserved += 1

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a job as soon as a thread is free.

        Raises:
            RuntimeError: The system has no thread left, and no thread of this pool could take the job over.
        """
        if self._reserved and not kwargs and (future_of_loop := self._submit_to_reserved(fn, args)) is not None:
            return future_of_loop
        future: Future[T] = LightFuture()
        job = _Job(future, fn, args, kwargs)
        if self._max_threads is not None:
            self._enqueue(job, self._max_threads)
        else:
            start_daemon(job.run, self._name)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do not wait: the threads are daemons, and have been asked to end by then."""

    def _submit_to_reserved(self, function: Callable[..., T], args: tuple[Any, ...]) -> Future[T] | None:
        """Give the job of an event loop to a reserved thread; None if there is no such thread or loop."""
        # Only the dashboard has one; the commands would import asyncio for nothing.
        import asyncio

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return None
        with self._lock:
            if not self._reserved:
                return None
            self._reserved -= 1
        # The loop takes a future of its own as it is. It would chain another one to that, for two kilobytes a monitor.
        future: asyncio.Future[T] = loop.create_future()
        self._for_reserved.put(_LoopJob(future, function, args))
        return cast("Future[T]", future)

    def _run_reserved(self) -> None:
        self._for_reserved.get().run()

    def _enqueue(self, job: _Job[Any], max_threads: int) -> None:
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
            job.run()


def start_daemon(target: Callable[[], Any], name: str) -> threading.Thread:
    """Start a daemon thread.

    Raises:
        RuntimeError: The system has no thread left.
    """
    thread = threading.Thread(target=target, daemon=True, name=name)
    thread.start()
    return thread
