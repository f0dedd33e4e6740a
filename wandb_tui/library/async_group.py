"""The `asyncio` way into a group of monitors: waiting is awaited, and costs no thread."""
# The two classes are two views of one thing.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.results import GroupSummary, MonitorResult


class AsyncMonitorGroup:
    """A `MonitorGroup` inside ``async with``: what may take time is awaited, and no thread is spent on waiting."""

    def __init__(self, group: MonitorGroup) -> None:
        """Wrap a group; ``async with MonitorGroup(...)`` does that.

        Args:
            group: The group; it has to be closed by whoever made it.
        """
        self._group = group

    @property
    def results(self) -> dict[RunAddress, MonitorResult]:
        """How each run that has ended did."""
        return self._group.results

    def summary(self) -> GroupSummary:
        """How every run stands at this moment, and how many are in which state."""
        return self._group.summary()

    async def add(
        self,
        run: object,
        until: str | Goal = "exists",
        *,
        check_interval: float | None = None,
        max_wait_time: float | None = None,
    ) -> RunAddress:
        """Begin to watch a run; see `MonitorGroup.add`.

        Args:
            run: An address, a run object of the SDK, or an `Api` run.
            until: The goal.
            check_interval: Seconds between two probes, if other than the group's.
            max_wait_time: Seconds until this monitor gives up, if other than the group's; 0 waits for ever.

        Raises:
            UsageError: The address, the goal or a time is none.
        """
        return await asyncio.to_thread(
            self._group.add, run, until, check_interval=check_interval, max_wait_time=max_wait_time
        )

    async def cancel(self, run: object) -> None:
        """End the attempt under way for a run; see `MonitorGroup.cancel`.

        Args:
            run: The run, given as to `add`.

        Raises:
            RunNotFoundError: This group does not watch that run.
        """
        await asyncio.to_thread(self._group.cancel, run)

    async def restart(self, run: object) -> None:
        """Begin the next attempt for a run; see `MonitorGroup.restart`.

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
        """Wait until all runs have ended, or `timeout` seconds are over; the results so far."""
        await self._until(self._group._all_ended, timeout)
        return self.results

    async def wait(self, run: object, timeout: float | None = None) -> MonitorResult:  # noqa: ASYNC109
        """Wait until one run has ended, or `timeout` seconds are over, and tell how it did or stands.

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
            # The loop may close while a monitor still has something to say.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(changed.set)

        with self._group._listening(wake), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not done():
                    await changed.wait()
                    changed.clear()
