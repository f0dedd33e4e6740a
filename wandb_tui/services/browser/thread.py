"""The thread that all of Playwright lives in, with an event loop of its own.

Nothing of it reaches the terminal: Playwright's driver, which inherits our standard error, is started with none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from wandb_tui.services.credentials.redaction import without_secrets

log = logging.getLogger(__name__)

T = TypeVar("T")

# Debugging switches of Playwright that write what is typed, or stop for a window.
_UNWANTED = ("DEBUG", "DEBUG_FILE", "PWDEBUG", "DEBUGP")

_DEAD_WITHIN = 2.0

if sys.platform == "win32":
    _BaseLoop = asyncio.ProactorEventLoop
else:
    _BaseLoop = asyncio.SelectorEventLoop

_loops: weakref.WeakSet[QuietLoop] = weakref.WeakSet()


class QuietLoop(_BaseLoop):
    """A loop whose child processes say nothing on the terminal, hear nothing from it, and get no secrets to know."""

    def __init__(self) -> None:
        super().__init__()
        self.children: list[asyncio.SubprocessTransport] = []
        _loops.add(self)

    async def subprocess_exec(self, protocol_factory: Callable[[], Any], *args: Any, **options: Any) -> Any:
        """Start a child; see `asyncio.loop.subprocess_exec`."""
        options["stderr"] = asyncio.subprocess.DEVNULL
        environ = without_secrets(options.get("env") or os.environ)
        options["env"] = {name: value for name, value in environ.items() if name not in _UNWANTED}
        if sys.platform != "win32":
            # Ctrl-C in the terminal is for us; we end the browser in order.
            options["start_new_session"] = True
        transport, protocol = await super().subprocess_exec(protocol_factory, *args, **options)
        self.children.append(transport)
        return transport, protocol

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


def _let_go_in_child() -> None:
    """A forked child must not hold the driver's pipes: the browser would outlive the program that was killed."""
    for loop in list(_loops):
        for descriptor in loop.pipes():
            # Not closed but pointed elsewhere: the number still belongs to an object that may close it later.
            with contextlib.suppress(OSError):
                nothing = os.open(os.devnull, os.O_RDWR)
                os.dup2(nothing, descriptor, inheritable=False)
                os.close(nothing)
    _loops.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)


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
        """Do a job in the thread; its end comes through the future, whose cancelling cancels the job.

        Raises:
            RuntimeError: The thread has been stopped.
        """

        async def noted() -> T:
            task = asyncio.current_task()
            if task is not None:
                self._jobs.add(task)
                task.add_done_callback(self._jobs.discard)
            return await job()

        loop = self._running()
        return asyncio.run_coroutine_threadsafe(noted(), loop)

    def stop(self, farewell: Callable[[], Coroutine[Any, Any, None]], timeout: float) -> None:
        """Cancel all jobs, do a last one, and end the thread; after `timeout` seconds it is left alone."""
        with self._lock:
            already, self._stopped = self._stopped, True
            loop, thread = self._loop, self._thread
        if already or loop is None or thread is None:
            return
        future = asyncio.run_coroutine_threadsafe(self._end(farewell), loop)
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            future.result(timeout)
        loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join(timeout)

    async def _end(self, farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await _cancel(self._jobs)
        await farewell()
        # What is left over would be reported as destroyed while pending.
        await _cancel(asyncio.all_tasks() - {asyncio.current_task()})

    def _running(self) -> QuietLoop:
        with self._lock:
            if self._stopped:
                raise RuntimeError("The browser's thread has been stopped.")
            if self._loop is None:
                self._loop = QuietLoop()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name="browser", daemon=True)
                self._thread.start()
            return self._loop

    @staticmethod
    def _run(loop: QuietLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(_note)
        try:
            loop.run_forever()
        finally:
            for child in loop.children:
                child.close()
            loop.run_until_complete(_ended(loop.children))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            asyncio.set_event_loop(None)


async def _ended(children: Sequence[asyncio.SubprocessTransport]) -> None:
    """Wait until killed children are known to be dead; a loop closed before would complain of them on the terminal."""
    until = time.monotonic() + _DEAD_WITHIN
    await asyncio.sleep(0)
    # Transports offer no event for it.
    while any(child.get_returncode() is None for child in children) and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def _cancel(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    pending = [task for task in tasks if task is not None and not task.done()]
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=0.3)


def _note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Nobody waits for these: an answer that comes after its page has closed, for instance."""
    log.debug("In the browser's thread: %s (%s)", context.get("message"), type(context.get("exception")).__name__)
