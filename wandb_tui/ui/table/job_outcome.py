"""The outcome of a download, a fork or a rewind."""

from __future__ import annotations

from dataclasses import dataclass

from wandb_tui.core.notice import Notice
from wandb_tui.core.watch_list import WatchedRun


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The end of a job, shown in the run's row until something newer happens to the run.

    Attributes:
        message: How it has ended.
        colour: The name of a theme variable.
        notice: The newest notice of the run when the job ended.
    """

    message: str
    colour: str
    notice: Notice | None

    def describe(self, row: WatchedRun) -> tuple[str, str]:
        """The message and its colour; empty once it is outdated."""
        return (self.message, self.colour) if self.notice is row.notice else ("", "")
