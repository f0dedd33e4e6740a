"""What ``wandb-tui wait`` was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal


@dataclass(frozen=True, slots=True)
class WaitOptions:
    """What ``wait`` was asked for.

    Attributes:
        runs: Which runs.
        goal: What to wait for.
        timeout: Seconds until giving up; 0 waits for ever.
        interval: Seconds between two probes of a run.
        any_run: Whether one run's goal is enough.
        as_json: Whether to print one JSON object a line.
        visit: Whether to visit pages.
        command: What to run for each run that got there, or empty.
    """

    runs: Sequence[RunAddress]
    goal: Goal
    timeout: float
    interval: float
    any_run: bool
    as_json: bool
    visit: bool
    command: str
