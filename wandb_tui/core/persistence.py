"""What is kept of the watch list on disk, and what is to become of it there."""

from __future__ import annotations

from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Failure
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt, LogLine
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import Times
from wandb_tui.core.state import State

Json = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""What can be kept under a key of the view."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One row of the watch list, as kept on disk.

    Attributes:
        baseline: The version that was there when the waiting began, -1 for none; None while it is unknown.
        elapsed: Seconds the clock of the current attempt has run.
        attempts: All attempts that are remembered, oldest first.
        run_info: What was last known of the run itself.
        failure: Which kind of failure it was, if it failed.
        times: Its own times; None where it goes by those of the settings.
    """

    run: RunAddress
    goal: Goal
    attempt: int = 0
    state: State = State.QUEUED
    message: str = ""
    artifact: str | None = None
    elapsed: float = 0.0
    baseline: int | None = None
    attempts: tuple[Attempt, ...] = ()
    run_info: RunInfo | None = None
    failure: Failure | None = None
    times: Times | None = None


@dataclass(frozen=True, slots=True)
class RowChange:
    """What is to become of one run on disk.

    Attributes:
        run: Which run.
        row: How it stands now; None: it is off the list.
        added: Whether it may be new on the list. Else a row that another dashboard has removed stays removed.
        replace: Whether what is kept of it so far goes, so that it stands at the end of the list.
        back: Whether it comes back after it was removed here, so that it stands where it stood.
        news: Whether other dashboards should look: not where only its clock and its newest line have changed.
        wish: Whether its goal or its times were changed here; else those on disk stay: they may be of another one.
        lines: What has been added to its log.
    """

    run: RunAddress
    row: StoredRun | None
    added: bool = False
    replace: bool = False
    back: bool = False
    news: bool = True
    wish: bool = False
    lines: tuple[LogLine, ...] = ()

    def then(self, later: RowChange, most_lines: int) -> RowChange:
        """Both in one; of the lines the newest `most_lines` are left."""
        if later.row is None:
            return later
        return RowChange(
            later.run,
            later.row,
            added=self.added or later.added,
            replace=self.replace or self.row is None or later.replace,
            back=later.back or (self.back and not later.replace),
            news=self.news or later.news,
            wish=self.wish or later.wish,
            lines=(self.lines + later.lines)[-most_lines:],
        )


@dataclass(frozen=True, slots=True)
class StoreSnapshot:
    """The list as another dashboard has left it.

    Attributes:
        rows: All rows, in order.
        replaced: Whether it is another file than before: what is missing in it was not removed by anybody.
    """

    rows: tuple[StoredRun, ...]
    replaced: bool = False
