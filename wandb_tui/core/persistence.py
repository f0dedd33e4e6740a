"""The watch list as it is stored on disk, and the changes to write there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Failure
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt, LogLine
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import Times
from wandb_tui.core.state import State

if TYPE_CHECKING:
    # The first frame shows no query.
    from wandb_tui.core.project_query import ProjectQuery

Json = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""A value that the view can store under a key."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One row of the watch list, as stored on disk.

    Attributes:
        notice: The newest event.
        baseline: The newest version when the attempt began, -1 for none; None while it is unknown.
        elapsed: Seconds the clock of the current attempt has run.
        attempts: All stored attempts, oldest first.
        run_info: The run itself, as last reported by the server.
        failure: The kind of failure, if it failed.
        times: Its own times; None where it uses those of the settings.
        updated: When the newest line of its log was written; None if it has none, or for a row that is to be written.
    """

    run: RunAddress
    goal: Goal
    attempt: int = 0
    state: State = State.QUEUED
    notice: Notice | None = None
    artifact: str | None = None
    elapsed: float = 0.0
    baseline: int | None = None
    attempts: tuple[Attempt, ...] = ()
    run_info: RunInfo | None = None
    failure: Failure | None = None
    times: Times | None = None
    updated: datetime | None = field(default=None, compare=False)

    @property
    def undone(self) -> bool:
        """Whether its attempt was undone, so that the state is the one before it."""
        return self.notice is not None and self.notice.kind is EventKind.ATTEMPT_UNDONE

    def restarts(self, goal: Goal) -> bool:
        """Whether waiting for this goal would begin the next attempt."""
        return self.state.final and (goal != self.goal or self.state is not State.AVAILABLE)


@dataclass(frozen=True, slots=True)
class RowChange:
    """A change to one run on disk.

    Attributes:
        run: Which run.
        row: The row as it is now; None: it was removed from the list.
        added: Whether the row may be new on the list. If not, a row removed by another dashboard stays removed.
        replace: Whether the stored row is deleted first, so that the new one goes to the end of the list.
        restore_position: Whether a removal is undone, so that the row returns to its old position.
        notify: Whether other dashboards should reload the list; not if only the clock and the newest line changed.
        settings_changed: Whether the goal or the times were changed here. If not, the stored ones stay, since another
            dashboard may have changed them.
        lines: The lines added to its log.
    """

    run: RunAddress
    row: StoredRun | None
    added: bool = False
    replace: bool = False
    restore_position: bool = False
    notify: bool = True
    settings_changed: bool = False
    lines: tuple[LogLine, ...] = ()

    def then(self, later: RowChange, most_lines: int) -> RowChange:
        """This change and a later one as one change, with the newest `most_lines` lines."""
        if later.row is None:
            return later
        return RowChange(
            later.run,
            later.row,
            added=self.added or later.added,
            replace=self.replace or self.row is None or later.replace,
            restore_position=later.restore_position or (self.restore_position and not later.replace),
            notify=self.notify or later.notify,
            settings_changed=self.settings_changed or later.settings_changed,
            lines=(self.lines + later.lines)[-most_lines:],
        )


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """A followed query, as stored on disk.

    Attributes:
        query: The query.
        goal: The goal of each run that joins.
        times: The times of these runs; None where they are those of the settings.
        run_ids: The runs that have joined.
    """

    query: ProjectQuery
    goal: Goal
    times: Times | None = None
    run_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryChange:
    """A change to one followed query on disk.

    Attributes:
        query: Which query.
        row: The query as it is now; None: it is not followed any more. Of its runs, only those in `joined` are written.
        added: Whether it may be new. If not, a query removed by another dashboard stays removed.
        replace: Whether the stored one is deleted first, with its runs.
        settings_changed: Whether the goal or the times were changed here.
        joined: The ids of the runs that have joined.
    """

    query: ProjectQuery
    row: StoredQuery | None
    added: bool = False
    replace: bool = False
    settings_changed: bool = False
    joined: tuple[str, ...] = ()

    def then(self, later: QueryChange) -> QueryChange:
        """This change and a later one as one change."""
        if later.row is None:
            return later
        return QueryChange(
            later.query,
            later.row,
            added=self.added or later.added,
            replace=self.replace or self.row is None or later.replace,
            settings_changed=self.settings_changed or later.settings_changed,
            joined=self.joined + later.joined,
        )


@dataclass(frozen=True, slots=True)
class StoreSnapshot:
    """The list as another dashboard wrote it.

    Attributes:
        rows: All rows, in order.
        replaced: Whether the file itself was replaced: then rows missing from it were not removed by a user.
        queries: All followed queries, in order.
    """

    rows: tuple[StoredRun, ...]
    replaced: bool = False
    queries: tuple[StoredQuery, ...] = ()
