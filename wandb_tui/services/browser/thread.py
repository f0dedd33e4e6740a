"""The thread that runs Playwright, with its own event loop.

Playwright's driver would inherit our standard error; it is started without, so that it prints nothing on the terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from wandb_tui.services.browser.driver import driver_environment
from wandb_tui.services.browser.orphans import OrphanReaper, adopts_orphans

log = logging.getLogger(__name__)

T = TypeVar("T")

_REAP_INTERVAL_S = 2.0

if sys.platform == "win32":
    _BaseLoop = asyncio.ProactorEventLoop
else:
    _BaseLoop = asyncio.SelectorEventLoop

_loops: weakref.WeakSet[QuietLoop] = weakref.WeakSet()


class QuietLoop(_BaseLoop):
    """An event loop whose child processes cannot use the terminal and get no secrets in their environment."""

    def __init__(self) -> None:
        super().__init__()
        self.children: list[asyncio.SubprocessTransport] = []
        self._reaper = OrphanReaper() if adopts_orphans() else None
        _loops.add(self)

    async def subprocess_exec(self, protocol_factory: Callable[[], Any], *args: Any, **options: Any) -> Any:
        """Start a child process; see `asyncio.loop.subprocess_exec`."""
        options["stderr"] = asyncio.subprocess.DEVNULL
        options["env"] = driver_environment(options.get("env") or os.environ)
        if sys.platform != "win32":
            # Keep Ctrl-C in the terminal from the browser, which is closed in order.
            options["start_new_session"] = True
            # Chromium cannot work with a profile that the user's mask makes unreadable to itself.
            options["umask"] = 0o077
        start = self.create_task(super().subprocess_exec(protocol_factory, *args, **options))
        try:
            transport, protocol = await asyncio.shield(start)
        except asyncio.CancelledError:
            # The process is there, and is closed with the others: of a cancelled start, nothing would wait for its end.
            with contextlib.suppress(OSError):
                transport, _ = await start
                self.children.append(transport)
            raise
        self.children.append(transport)
        if self._reaper is not None and len(self.children) == 1:
            self._keep_reaping()
        return transport, protocol

    def reap_orphans(self) -> None:
        """Reap the browser's dead processes that have become our children."""
        if self._reaper is not None:
            self._reaper.reap([child.get_pid() for child in self.children])

    def _keep_reaping(self) -> None:
        self.reap_orphans()
        self.call_later(_REAP_INTERVAL_S, self._keep_reaping)

    def pipes(self) -> list[int]:
        """The descriptors of the pipes to the children."""
        found = []
        for child in self.children:
            for number in (0, 1):
                pipe = child.get_pipe_transport(number)
                file = pipe.get_extra_info("pipe") if pipe else None
                with contextlib.suppress(OSError, ValueError):
                    found += [file.fileno()] if file else []
        return found


def _release_pipes_in_child() -> None:
    """Release the driver's pipes in a forked child: else the browser would survive when this program is killed."""
    for loop in list(_loops):
        for descriptor in loop.pipes():
            # Redirected rather than closed: the descriptor still belongs to an object that may close it later.
            with contextlib.suppress(OSError):
                null_device = os.open(os.devnull, os.O_RDWR)
                os.dup2(null_device, descriptor, inheritable=False)
                os.close(null_device)
    _loops.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_pipes_in_child)


class BrowserThread:
    """A daemon thread with an event loop, started with the first job."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: QuietLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._jobs: set[asyncio.Task[Any]] = set()

    @property
    def started(self) -> bool:
        """Whether there was a first job."""
        return self._loop is not None

    @property
    def children(self) -> list[asyncio.SubprocessTransport]:
        """The processes started so far."""
        return self._loop.children if self._loop else []

    def submit(self, job: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run a job in the thread; cancelling the future cancels the job.

        Raises:
            RuntimeError: The thread has been stopped, or the system does not start it.
        """

        async def tracked() -> T:
            task = asyncio.current_task()
            if task is not None:
                self._jobs.add(task)
                task.add_done_callback(self._jobs.discard)
            return await job()

        loop = self._ensure_loop()
        return asyncio.run_coroutine_threadsafe(tracked(), loop)

    def stop(self, last_job: Callable[[], Coroutine[Any, Any, None]], timeout: float) -> None:
        """Cancel all jobs, run a last one, and end the thread; give up on it after `timeout` seconds."""
        with self._lock:
            already_stopped, self._stopped = self._stopped, True
            loop, thread = self._loop, self._thread
        if already_stopped or loop is None or thread is None:
            return
        future = asyncio.run_coroutine_threadsafe(self._end(last_job), loop)
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            future.result(timeout)
        loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join(timeout)

    async def _end(self, last_job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await _cancel(self._jobs)
        await last_job()
        # asyncio would report the remaining tasks as destroyed while pending.
        await _cancel(asyncio.all_tasks() - {asyncio.current_task()})

    def _ensure_loop(self) -> QuietLoop:
        with self._lock:
            if self._stopped:
                raise RuntimeError("The browser's thread has been stopped.")
            if self._loop is None:
                loop = QuietLoop()
                thread = threading.Thread(target=self._run, args=(loop,), name="browser", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    loop.close()
                    raise
                self._loop, self._thread = loop, thread
            return self._loop

    @staticmethod
    def _run(loop: QuietLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(_log_unhandled)
        try:
            loop.run_forever()
        finally:
            for child in loop.children:
                child.close()
            # A last job that overran its time would go on to cancel the waiting as well.
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(_wait_for_exit(loop.children))
            loop.reap_orphans()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            asyncio.set_event_loop(None)


async def _wait_for_exit(children: Sequence[asyncio.SubprocessTransport]) -> None:
    """Wait until the killed children have exited: Python warns of those that outlive the loop, however shortly.

    On a busy machine that takes seconds; only this thread waits for it.
    """
    await asyncio.sleep(0)
    # Transports have no event for that.
    while any(child.get_returncode() is None for child in children):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def _cancel(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    pending = [task for task in tasks if task is not None and not task.done()]
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=0.3)


def _log_unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an unhandled exception, such as a reply that arrives after its page has closed."""
    log.debug("In the browser's thread: %s (%s)", context.get("message"), type(context.get("exception")).__name__)
