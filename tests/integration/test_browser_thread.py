"""The end of the browser's thread."""

import asyncio
import signal
import threading

from wandb_tui.services.browser.thread import BrowserThread

WAITED_BEFORE_S = 2.0
"""Seconds after which it once gave up on a killed process, too few on a busy machine."""


def test_a_killed_child_is_waited_for_however_late_it_is_reaped(monkeypatch):
    reaped = threading.Event()

    async def start():
        await asyncio.create_subprocess_exec("sleep", "3600")

    async def last_job():
        pass

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
