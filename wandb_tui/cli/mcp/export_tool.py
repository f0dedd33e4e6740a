"""The tool that waits for an export."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from wandb_tui.cli.mcp.arguments import Run, checked_run
from wandb_tui.cli.mcp.results import ExportWait
from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.goal import Goal, GoalKind
from wandb_tui.core.state import State
from wandb_tui.library.group import AsyncMonitorGroup, MonitorGroup
from wandb_tui.library.results import MonitorResult
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.wiring import Wiring

_DEFAULT_TIMEOUT_S = 45.0
"""Many clients give a call up after a minute."""
_MAX_TIMEOUT_S = 3600.0
_PROGRESS_INTERVAL_S = 1.0

_DESCRIPTION = (
    "Wait until a run's history export meets a goal, and return the state reached. A time-out is not an error: "
    "call it again to go on waiting."
)
_GOALS = "; ".join(f"{kind.rule.example}: {kind.rule.meaning}" for kind in GoalKind)
_VISITING = "It opens the run's page in a headless browser, signed in as the user, which starts the export."
_POLLING = "It only polls: an export starts when the user opens the run's page, whose address is in the answer."


class ExportTool:
    """Waits for exports, one browser and one poller for all calls."""

    def __init__(self, wiring: Wiring, *, visit: bool) -> None:
        """Prepare.

        Args:
            wiring: The services.
            visit: Whether to visit pages.
        """
        self._wiring = wiring
        self._visit = visit

    @property
    def description(self) -> str:
        """The description of the tool for the agent."""
        return f"{_DESCRIPTION} {_VISITING if self._visit else _POLLING}"

    async def wait_for_export(
        self,
        run: Run,
        ctx: Context,
        goal: Annotated[str, Field(description=_GOALS)] = "exists",
        timeout: Annotated[  # noqa: ASYNC109 - the agent's, not asyncio's
            float, Field(gt=0, le=_MAX_TIMEOUT_S, description="Seconds to wait")
        ] = _DEFAULT_TIMEOUT_S,
    ) -> ExportWait:
        """Wait until a run's export meets a goal."""
        wanted = Goal.parse(goal)
        address = await asyncio.to_thread(checked_run, run, self._wiring)
        group = await asyncio.to_thread(self._group, timeout)
        try:
            waiting = AsyncMonitorGroup(group)
            await waiting.add(address, wanted)
            result = await _wait(waiting, address, timeout, ctx)
        finally:
            # Not awaited, as this may be the end of a cancelled call.
            start_daemon(group.close, f"wandb-tui end of {address}")
        if not result.success and result.state is not State.TIMED_OUT:
            result.raise_if_not_met()
        return self._answer(address, wanted, result)

    def _group(self, timeout: float) -> MonitorGroup:
        return MonitorGroup(
            wiring=self._wiring,
            visit=self._visit,
            check_interval=self._wiring.settings.poll_policy.check_interval,
            max_wait_time=timeout,
        )

    def _answer(self, run: RunAddress, goal: Goal, result: MonitorResult) -> ExportWait:
        page = run.page(self._wiring.server.info.app_url)
        message = "The goal is met." if result.success else result.error_message or "The goal was not met."
        if not result.success and not self._visit and goal.needs_artifact:
            message = f"{message.rstrip('.')}. This server only polls: opening {page} signed in starts the export."
        return ExportWait(
            run=str(run),
            goal=str(goal),
            met=result.success,
            state=str(result.state),
            message=message,
            artifact=result.artifact_name,
            last_step=result.last_step,
            waited_s=round(result.wait_time, 3),
            page=page,
        )


async def _wait(group: AsyncMonitorGroup, run: RunAddress, timeout: float, ctx: Context) -> MonitorResult:  # noqa: ASYNC109
    """Wait for a run's end, and tell the client every second how it goes on."""
    start = time.monotonic()
    while True:
        message = redact(group.summary().runs[0].message)
        await ctx.report_progress(round(time.monotonic() - start, 1), timeout, message)
        result = await group.wait(run, _PROGRESS_INTERVAL_S)
        if result.state.final:
            return result
