"""The tools that change the watch list; an open dashboard follows within about a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from wandb_tui.cli.mcp.arguments import Runs
from wandb_tui.cli.mcp.results import ChangedRun, ChangedRuns
from wandb_tui.cli.options import GOALS, runs_of
from wandb_tui.cli.watch_list.edits import (
    apply,
    apply_to_listed,
    effect_of_adding,
    effect_of_cancelling,
    effect_of_restarting,
)
from wandb_tui.core.goal import Goal
from wandb_tui.core.list_edits import added, cancelled, removed, restarted
from wandb_tui.core.persistence import RowChange, StoredRun
from wandb_tui.wiring import Wiring

_Listed = Annotated[str, Field(description="A run of the watch list, by its id or address, or a query")]


class ChangeTools:
    """Changes the user's watch list as the commands of the same names do."""

    def __init__(self, wiring: Wiring) -> None:
        """Prepare.

        Args:
            wiring: The services.
        """
        self._wiring = wiring

    def add(
        self,
        runs: Runs,
        goal: Annotated[str, Field(description=f"{GOALS}; by default exists, or as before")] = "",
    ) -> ChangedRuns:
        """Add runs to the user's watch list; an open dashboard starts waiting for them at once, else the next one."""
        wanted = Goal.parse(goal) if goal.strip() else None
        addresses = runs_of([runs], self._wiring)
        rows = apply(addresses, lambda run, listed: added(run, wanted, listed), self._wiring)
        return ChangedRuns([ChangedRun(str(row.run), effect_of_adding(before, row)) for before, row in rows if row])

    def cancel(self, runs: _Listed) -> ChangedRuns:
        """Stop monitoring runs; they stay on the watch list."""
        return self._change(runs, cancelled, effect_of_cancelling)

    def restart(self, runs: _Listed) -> ChangedRuns:
        """Stop any attempt of runs on the watch list, and start a new one."""
        return self._change(runs, restarted, effect_of_restarting)

    def remove(self, runs: _Listed) -> ChangedRuns:
        """Remove runs from the watch list, with their logs."""
        return self._change(runs, removed, lambda *_: "removed")

    def _change(
        self,
        runs: str,
        change: Callable[[StoredRun], RowChange | None],
        effect: Callable[[StoredRun, StoredRun | None], str],
    ) -> ChangedRuns:
        rows, missing = apply_to_listed([runs], change, self._wiring)
        return ChangedRuns([ChangedRun(str(before.run), effect(before, row)) for before, row in rows], missing)
