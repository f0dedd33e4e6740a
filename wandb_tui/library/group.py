"""Two ways to wait for the runs of a group: blocking, and awaited."""
# The second is a view of the first.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.query_list import FollowedQuery
from wandb_tui.library.base_group import QUERY_CHECK_INTERVAL_S, BaseMonitorGroup
from wandb_tui.library.results import GroupSummary, MonitorResult


class MonitorGroup(BaseMonitorGroup):
    """Watches many runs with one browser and one poller. Safe to use from several threads.

    With ``with`` it blocks; with ``async with`` it gives an `AsyncMonitorGroup`, whose waits are awaited.
    """

    def wait_any(self, timeout: float | None = None) -> dict[RunAddress, MonitorResult]:
        """Block until one run's goal is met, or all have ended, or `timeout` seconds are over; the results so far."""
        self._wait_until(self._any_met_or_all_ended, timeout)
        return self.results

    def wait_all(self, timeout: float | None = None) -> dict[RunAddress, MonitorResult]:
        """Block until all runs and queries have ended, or `timeout` seconds are over; the results so far."""
        self._wait_until(lambda: self.is_over, timeout)
        return self.results

    def wait(self, run: object, timeout: float | None = None) -> MonitorResult:
        """Block until one run has ended, or `timeout` seconds are over, and give its result or present state.

        Args:
            run: The run, given as to `add`.
            timeout: Seconds; None waits for ever.

        Raises:
            RunNotFoundError: This group does not watch that run.
        """
        row = self._row(run)
        self._watch_list.wait(lambda: not row.active, timeout)
        return self._result(row)

    def _wait_until(self, done: Callable[[], bool], timeout: float | None) -> None:
        end = math.inf if timeout is None else time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            # Time alone may end a query.
            if self._watch_list.wait(done, min(left, QUERY_CHECK_INTERVAL_S) if self.queries else timeout):
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> AsyncMonitorGroup:
        return AsyncMonitorGroup(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)


class AsyncMonitorGroup:
    """A `MonitorGroup` inside ``async with``: calls that take time are awaited, and no thread is spent on waiting."""

    def __init__(self, group: MonitorGroup) -> None:
        """Wrap a group; ``async with MonitorGroup(...)`` does that.

        Args:
            group: The group; its creator closes it.
        """
        self._group = group

    @property
    def results(self) -> dict[RunAddress, MonitorResult]:
        """The result of each run that has ended."""
        return self._group.results

    def summary(self) -> GroupSummary:
        """The state of every run at this moment, and the number of runs in each state."""
        return self._group.summary()

    async def add(
        self,
        run: object,
        until: str | Goal = "exists",
        *,
        check_interval: float | None = None,
        max_wait_time: float | None = None,
    ) -> RunAddress:
        """Start watching a run; see `MonitorGroup.add`.

        Args:
            run: An address, a run object of the SDK, or an `Api` run.
            until: The goal.
            check_interval: Seconds between two probes, if other than the group's.
            max_wait_time: Seconds until this monitor gives up, if other than the group's; 0 waits for ever.

        Raises:
            UsageError: The address, the goal or a time is not valid.
        """
        return await asyncio.to_thread(
            self._group.add, run, until, check_interval=check_interval, max_wait_time=max_wait_time
        )

    async def follow(
        self,
        query: object,
        until: str | Goal = "exists",
        *,
        forever: bool = False,
        check_interval: float | None = None,
        max_wait_time: float | None = None,
    ) -> FollowedQuery:
        """Watch all runs that match a query, now and later; see `MonitorGroup.follow`.

        Args:
            query: The query.
            until: The goal of each run.
            forever: Whether it never ends.
            check_interval: Seconds between two looks, and between two probes, if other than the group's.
            max_wait_time: Seconds until each monitor gives up, and until the query does, if other than the group's.

        Raises:
            UsageError: The query, the goal or a time is not valid.
        """
        return await asyncio.to_thread(
            self._group.follow,
            query,
            until,
            forever=forever,
            check_interval=check_interval,
            max_wait_time=max_wait_time,
        )

    async def unfollow(self, query: object) -> None:
        """Stop following a query; see `MonitorGroup.unfollow`.

        Args:
            query: The query, given as to `follow`.

        Raises:
            UsageError: The query is not valid.
        """
        await asyncio.to_thread(self._group.unfollow, query)

    async def cancel(self, run: object) -> None:
        """Cancel a run's current attempt; see `MonitorGroup.cancel`.

        Args:
            run: The run, given as to `add`.

        Raises:
            RunNotFoundError: This group does not watch that run.
        """
        await asyncio.to_thread(self._group.cancel, run)

    async def restart(self, run: object) -> None:
        """Stop a run's current attempt, if any, and start a new one; see `MonitorGroup.restart`.

        Args:
            run: The run, given as to `add`.

        Raises:
            RunNotFoundError: This group does not watch that run.
        """
        await asyncio.to_thread(self._group.restart, run)

    async def wait_any(self, timeout: float | None = None) -> dict[RunAddress, MonitorResult]:  # noqa: ASYNC109
        """Wait until one run's goal is met, or all have ended, or `timeout` seconds are over; the results so far."""
        await self._until(self._group._any_met_or_all_ended, timeout)
        return self.results

    async def wait_all(self, timeout: float | None = None) -> dict[RunAddress, MonitorResult]:  # noqa: ASYNC109
        """Wait until all runs and queries have ended, or `timeout` seconds are over; the results so far."""
        await self._until(lambda: self._group.is_over, timeout)
        return self.results

    async def wait(self, run: object, timeout: float | None = None) -> MonitorResult:  # noqa: ASYNC109
        """Wait until one run has ended, or `timeout` seconds are over, and give its result or present state.

        Args:
            run: The run, given as to `add`.
            timeout: Seconds; None waits for ever.

        Raises:
            RunNotFoundError: This group does not watch that run.
        """
        row = await asyncio.to_thread(self._group._row, run)
        await self._until(lambda: not row.active, timeout)
        return self._group._result(row)

    async def _until(self, done: Callable[[], bool], seconds: float | None) -> None:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            # The loop may close while a monitor still has something to report.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(changed.set)

        with self._group._listening(wake), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not done():
                    with contextlib.suppress(TimeoutError):
                        # Time alone may end a query.
                        async with asyncio.timeout(QUERY_CHECK_INTERVAL_S if self._group.queries else None):
                            await changed.wait()
                    changed.clear()
