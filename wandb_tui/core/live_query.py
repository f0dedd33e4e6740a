"""Looks at a followed query again and again: which page to ask for next, and which runs have joined.

Pure: the caller sends the requests and passes in the time.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.probe import GOING_ON_STATES, RunInfo

if TYPE_CHECKING:
    # The first frame shows nothing of these.
    from wandb_tui.core.catalogue import ListedRun, ResultPage
    from wandb_tui.core.project_query import ProjectQuery

FIRST_PAGE = 50
"""Runs on the newest page, which each look asks for."""

_NEXT_PAGE = 200
"""Runs on further pages, which are there only if much has changed."""

_WALK_INTERVAL_S = 60.0
"""The interval, for each page that it takes, at which all matching runs are listed: an older run may have got a tag."""

_SWEEP_PAUSE_S = 30.0
"""Seconds without a running run after which a sweep has ended: its agents pause between two runs."""


@dataclass(frozen=True, slots=True)
class QueryPart:
    """A page to ask for.

    Attributes:
        query: The query.
        cursor: Where the page begins; empty for the newest.
        size: How many runs it may list.
        going_on: Whether to ask as well if any of the runs is still running.
    """

    query: ProjectQuery
    cursor: str
    size: int
    going_on: bool


@dataclass(frozen=True, slots=True)
class QueryNews:
    """The news about a followed query from a page, or from the failure to get one.

    Attributes:
        query: The query.
        joined: The runs that match and did not so far, the oldest first.
        run_infos: The names and states of these runs, as the server lists them.
        whole: Whether a look has been completed, so that no run is missing.
        ended: Whether no matching run has been running for a while; asked for only if the query is to end.
        error: Why the server does not tell; None if it does.
    """

    query: ProjectQuery
    joined: tuple[RunAddress, ...] = ()
    run_infos: Mapping[RunAddress, RunInfo] = field(default_factory=dict)
    whole: bool = False
    ended: bool = False
    error: WandbTuiError | None = None


class LiveQuery:
    """One followed query. Each look reads the newest page, and goes on as far as runs are new.

    New runs are created last, so they are on top. Runs that match only since they were changed may be anywhere: they
    are found as soon as the number of matching runs tells, or when all are listed.

    Attributes:
        next_at: When the next page is to be asked for.
        interval: Seconds between two looks.
    """

    def __init__(self, query: ProjectQuery, known: Collection[str], *, interval: float, until_ended: bool) -> None:
        """Begin with a list of all matching runs.

        Args:
            query: The query.
            known: The ids of the runs that have joined before.
            interval: Seconds between two looks.
            until_ended: Whether to find out when no matching run is running any more.
        """
        self.next_at = -math.inf
        self.interval = interval
        self._query = query
        self._known = set(known)
        self._until_ended = until_ended
        conditions = query.conditions
        # A run never leaves or joins its sweep or its project.
        self._may_change = bool(conditions.state or conditions.tag or conditions.group or conditions.search)
        self._cursor = ""
        self._walks = True
        self._walked_at = -math.inf
        self._walk_interval = _WALK_INTERVAL_S
        self._pages = 0
        self._new = 0
        self._total: int | None = None
        self._idle_since: float | None = None

    def part(self) -> QueryPart:
        """The page to ask for."""
        size = FIRST_PAGE if not self._cursor else _NEXT_PAGE
        return QueryPart(self._query, self._cursor, size, self._until_ended and not self._cursor)

    def read(self, page: ResultPage[ListedRun], going_on: bool | None, now: float) -> QueryNews:
        """Take in the page that was asked for.

        Args:
            page: The page.
            going_on: Whether any matching run is running; None if that was not asked.
            now: The time.
        """
        new = [run for run in page.items if run.run_id not in self._known]
        self._known.update(run.run_id for run in new)
        self._new += len(new)
        self._pages += 1
        if going_on is not None:
            self._idle_since = None if going_on else now if self._idle_since is None else self._idle_since
        goes_on = bool(page.items and page.after) and page.after != self._cursor
        goes_on = goes_on and (self._walks or page.items[-1] in new)
        if goes_on:
            self._cursor, self.next_at = page.after, now
        else:
            self._end_look(page.total, now)
        joined = {
            address: RunInfo(run.name, run.state) for run in reversed(new) if (address := run.address) is not None
        }
        ended = not goes_on and self._has_ended(now)
        return QueryNews(self._query, tuple(joined), joined, whole=not goes_on, ended=ended)

    def failed(self, error: WandbTuiError, now: float) -> QueryNews:
        """Note that a page could not be had; the look starts over at its next turn."""
        self._cursor, self._pages, self._new = "", 0, 0
        self.next_at = self._next_turn(now)
        return QueryNews(self._query, error=error)

    def _next_turn(self, now: float) -> float:
        """The next multiple of the interval, so that all queries are due together."""
        return (math.floor(now / self.interval) + 1) * self.interval

    def _end_look(self, total: int | None, now: float) -> None:
        walk_again = False
        if self._walks:
            self._walked_at, self._walk_interval = now, _WALK_INTERVAL_S * self._pages
        elif total is not None and self._total is not None:
            # More runs match than those that are new: an older one has joined.
            walk_again = total > self._total + self._new
        self._walks = walk_again or (self._may_change and now - self._walked_at >= self._walk_interval)
        self._total, self._cursor, self._pages, self._new = total, "", 0, 0
        self.next_at = now if walk_again else self._next_turn(now)

    def _has_ended(self, now: float) -> bool:
        conditions = self._query.conditions
        pause = max(self.interval, _SWEEP_PAUSE_S) if conditions.sweep else self.interval
        if conditions.state and conditions.state not in GOING_ON_STATES:
            # No running run can match.
            pause = 0.0
        return bool(self._known) and self._idle_since is not None and now - self._idle_since >= pause
