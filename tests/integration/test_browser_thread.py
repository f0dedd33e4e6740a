"""The end of the browser's thread."""

import asyncio
import signal
import threading
from asyncio.base_subprocess import BaseSubprocessTransport

from tests.stopwatch import HANG_S
from wandb_tui.services.browser.thread import BrowserThread

WAITED_BEFORE_S = 2.0
"""Seconds after which it once gave up on a killed process, too few on a busy machine."""


async def start():
    await asyncio.create_subprocess_exec("sleep", "3600")


async def last_job():
    """There is nothing else to end."""


def test_a_killed_child_is_waited_for_however_late_it_is_reaped(monkeypatch):
    reaped = threading.Event()
    thread = BrowserThread()
    thread.submit(start).result()
    [child] = thread.children
    status = child.get_returncode
    monkeypatch.setattr(child, "get_returncode", lambda: status() if reaped.is_set() else None)
    try:
        thread.stop(last_job, 0.01)
        thread._thread.join(WAITED_BEFORE_S + 1)
        assert thread._thread.is_alive()
    finally:
        reaped.set()
    thread._thread.join()
    assert status() == -signal.SIGKILL


def test_a_child_whose_start_is_cancelled_is_waited_for_as_well(monkeypatch):
    begun, reaped, processes = threading.Event(), threading.Event(), []
    connect, exited = BaseSubprocessTransport._connect_pipes, BaseSubprocessTransport._process_exited

    async def connected_late(transport, waiter):
        processes.append(transport.get_extra_info("subprocess"))
        begun.set()
        await asyncio.sleep(0.05)
        await connect(transport, waiter)

    def seen_late(transport, status):
        if reaped.is_set():
            exited(transport, status)
        else:
            transport._loop.call_later(0.01, transport._process_exited, status)

    monkeypatch.setattr(BaseSubprocessTransport, "_connect_pipes", connected_late)
    monkeypatch.setattr(BaseSubprocessTransport, "_process_exited", seen_late)

    thread = BrowserThread()
    thread.submit(start)
    assert begun.wait(HANG_S)
    try:
        thread.stop(last_job, 2)
        assert thread._thread.is_alive()
    finally:
        reaped.set()
    thread._thread.join(HANG_S)
    assert [process.returncode for process in processes] == [-signal.SIGKILL]
