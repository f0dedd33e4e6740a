"""Daemon threads, and the futures of what they do."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures import wait

import pytest

from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.light_future import LightFuture


def test_a_waiting_thread_hears_of_its_own_future_only() -> None:
    future: LightFuture[str] = LightFuture()
    heard: list[str] = []
    waiting = threading.Event()
    future.add_done_callback(lambda _: waiting.set())
    thread = threading.Thread(target=lambda: heard.append(future.result(60)))
    thread.start()
    other: LightFuture[str] = LightFuture()
    other.set_result("other")
    with pytest.raises(FutureTimeoutError):
        future.result(0.01)
    assert heard == []
    assert wait([other, future], return_when="FIRST_COMPLETED").done == {other}
    future.set_result("own")
    thread.join(60)
    assert heard == ["own"]
    assert waiting.is_set()


def test_a_reserved_thread_does_the_next_job_of_the_event_loop() -> None:
    pool = DaemonPool("test")

    def name() -> str:
        return threading.current_thread().name

    def fail() -> None:
        raise ValueError("its own error")

    async def work() -> list[str]:
        loop = asyncio.get_running_loop()
        pool.reserve()
        pool.reserve()
        names = [await loop.run_in_executor(pool, name)]
        with pytest.raises(ValueError, match="its own error"):
            await loop.run_in_executor(pool, fail)
        # There is no reserved thread left.
        return [*names, await loop.run_in_executor(pool, name)]

    names = asyncio.run(work())
    assert names[0] != "test"
    assert names[1] == "test"
    pool.reserve()
    assert pool.submit(name).result(60) == "test"


def test_a_job_cancelled_in_time_is_not_done() -> None:
    pool = DaemonPool("test", 1)
    go, done = threading.Event(), []
    first = pool.submit(go.wait, 60)
    second = pool.submit(done.append, 2)
    third = pool.submit(done.append, 3)
    assert second.cancel()
    go.set()
    assert first.result(60)
    assert third.result(60) is None
    assert done == [3]
