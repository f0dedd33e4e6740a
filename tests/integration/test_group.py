"""A group of monitors in one process: many threads, `asyncio`, a live summary, and nothing left behind."""

import asyncio
import random
import threading

import pytest

from tests.integration.browser_support import browsers, eventually
from tests.integration.scripts import export_run
from wandb_tui import AsyncMonitorGroup, MonitorGroup, RunNotFoundError, UsageError, WandBCredentials
from wandb_tui.core.state import State
from wandb_tui.sandbox import Sandbox, SandboxConfig


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        for i in range(6):
            export_run(sandbox, f"ready{i}")
            export_run(sandbox, f"fresh{i}", exported=False)
        yield sandbox


@pytest.fixture
def account(sandbox, tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    return {
        "credentials": WandBCredentials(sandbox.username, sandbox.password),
        "api_key": sandbox.api_key,
        "host": sandbox.base_url,
        "check_interval": 0.5,
        "max_wait_time": 60.0,
    }


@pytest.fixture
def ours():
    """The threads that a group has started in this test and that are still there."""
    before = set(threading.enumerate())

    def now():
        started = set(threading.enumerate()) - before
        return {thread for thread in started if "wandb-tui" in thread.name or thread.name == "browser"}

    return now


def test_threads_add_cancel_and_restart_as_they_like(account, ours):
    with MonitorGroup(**account) as group:
        problems = []

        def meddle(seed):
            choose = random.Random(seed)  # noqa: S311 - the same meddling each time
            try:
                for _ in range(25):
                    run = f"lab/forks/ready{choose.randrange(6)}"
                    choose.choice([group.add, group.cancel, group.restart, group.thread, group.wait])(run)
                    assert sum(group.summary().counts.values()) == len(group.summary().runs)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test fails with it
                problems.append(error)

        for i in range(6):
            group.add(f"lab/forks/ready{i}")
        threads = [threading.Thread(target=meddle, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
        assert problems == []
        for i in range(6):
            group.add(f"lab/forks/ready{i}")
            group.restart(f"lab/forks/ready{i}")
        results = group.wait_all(60)
        assert {result.state for result in results.values()} == {State.AVAILABLE}
        assert len(results) == 6
    assert eventually(lambda: not ours()), ours()


def test_nothing_is_left_after_visits_and_a_close_in_the_middle(account, ours):
    group = MonitorGroup(**account)
    group.add("lab/forks/fresh0")
    assert group.wait("lab/forks/fresh0", timeout=60).success
    group.add("lab/forks/fresh1", "v9")
    assert browsers()
    group.close()
    assert group.results
    assert eventually(lambda: not ours() and not browsers()), (ours(), browsers())
    group.close()


def test_the_summary_is_live_and_typed(account):
    with MonitorGroup(**account, visit=False) as group:
        group.add("lab/forks/ready0")
        never = group.add("lab/forks/fresh5", "step:7", max_wait_time=0)
        group.wait("lab/forks/ready0", 30)
        assert eventually(lambda: group.summary().counts.get(State.WAITING) == 1)
        summary = group.summary()
        assert dict(summary.counts) == {State.AVAILABLE: 1, State.WAITING: 1}
        assert summary.active == 1
        ready, waiting = summary.runs
        assert ready.artifact == "lab/forks/run-ready0-history:v0"
        assert (waiting.run, str(waiting.goal), waiting.attempt) == (never, "step:7", 1)
        assert eventually(lambda: group.summary().runs[1].next_check is not None)
        assert eventually(lambda: group.summary().runs[1].elapsed > waiting.elapsed)
        group.cancel(never)
        assert group.wait(never, 5).state is State.CANCELLED
        with pytest.raises(RunNotFoundError, match="not watched"):
            group.cancel("lab/forks/nobody")
        with pytest.raises(UsageError):
            group.add("lab/forks/ready0", "soon")


async def test_waiting_is_awaited_and_spends_no_thread(account, ours):
    async with MonitorGroup(**account) as group:
        assert isinstance(group, AsyncMonitorGroup)
        await group.add("lab/forks/ready1")
        never = await group.add("lab/forks/fresh4", "v9")
        results = await group.wait_any(30)
        assert [result.success for result in results.values()] == [True]
        assert group.results == results
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        before = threading.active_count()
        waiting = [asyncio.create_task(group.wait_all()) for _ in range(20)]
        await asyncio.sleep(0.3)
        assert threading.active_count() <= before + 3, "twenty waits, no twenty threads"
        assert ticks > 5, "the loop goes on"
        assert not any(task.done() for task in waiting)
        waiting[0].cancel()
        await group.cancel(never)
        for result in await asyncio.gather(*waiting[1:]):
            assert result[never].state is State.CANCELLED
        assert len(await group.wait_all(0.1)) == 2
        await group.restart(never)
        assert not (await group.wait(never, 0.2)).state.final
        assert group.summary().runs[1].attempt == 2
        ticking.cancel()
    assert eventually(lambda: not ours()), ours()
