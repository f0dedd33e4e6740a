"""The options of ``wandb-tui download``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.library.history_folder import ExportOptions


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """The options of ``download``, read and checked.

    Attributes:
        runs: The runs to download.
        directory: The folder.
        export: The options for the files of each history.
        goal: The goal to wait for before a run is downloaded.
        jobs: How many files are fetched at a time.
        timeout: Seconds until waiting is given up; 0 waits for ever.
        visit: Whether to visit the runs' pages.
        as_json: Whether to print one JSON object per line.
    """

    runs: Sequence[RunAddress]
    directory: Path
    export: ExportOptions
    goal: Goal
    jobs: int
    timeout: float
    visit: bool
    as_json: bool
