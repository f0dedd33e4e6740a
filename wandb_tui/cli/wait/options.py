"""The options of ``wandb-tui wait``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.project_query import ProjectQuery


@dataclass(frozen=True, slots=True)
class WaitOptions:
    """The options of ``wait``, read and checked.

    Attributes:
        runs: The runs to wait for.
        goal: The goal of each.
        timeout: Seconds until giving up; 0 waits for ever.
        interval: Seconds between two checks of a run.
        any_run: Whether one run's goal is enough.
        as_json: Whether to print one JSON object per line.
        quiet: Whether to print only how each run ended.
        visit: Whether to visit the runs' pages.
        queries: The queries whose runs are waited for as they come.
        follow: Whether the queries never end.
        command: The shell command to run for each run whose goal is met; empty for none.
        to_stderr: Whether to print to stderr, since stdout belongs to another command.
    """

    runs: Sequence[RunAddress]
    goal: Goal
    timeout: float
    interval: float
    any_run: bool
    as_json: bool
    quiet: bool
    visit: bool
    queries: Sequence[ProjectQuery] = ()
    follow: bool = False
    command: str = ""
    to_stderr: bool = False

    @property
    def several(self) -> bool:
        """Whether there may be more than one run."""
        return len(self.runs) > 1 or bool(self.queries)
