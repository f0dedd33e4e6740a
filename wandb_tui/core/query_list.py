"""The followed queries, each with its goal and the runs that have joined it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, WaitTimeoutError, WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.core.schedule import PollPolicy

if TYPE_CHECKING:
    # The first frame shows nothing of these.
    from wandb_tui.core.live_query import QueryNews
    from wandb_tui.core.ports import Queries
    from wandb_tui.core.project_query import ProjectQuery

_FINAL_ERRORS = (ApiKeyError, RunNotFoundError, WaitTimeoutError)
"""Without a user who could fix them, these do not pass by themselves."""


@dataclass(slots=True, eq=False)
class FollowedQuery:
    """A query whose runs are watched as they come.

    Attributes:
        query: The query.
        goal: The goal of each run that joins.
        poll_policy: How often to look and to probe, and how long to wait for each run.
        forever: Whether it goes on after its last run.
        run_ids: The runs that have joined, in that order; those that do not match any more stay.
        looked: Whether the server has listed all matching runs since the start.
        ended: Whether no matching run is running any more.
        error: Why the server does not tell which runs match, or what is wrong with these; None if nothing is.
        joined_at: When the last run joined, or else when it was first followed.
    """

    query: ProjectQuery
    goal: Goal
    poll_policy: PollPolicy
    forever: bool = True
    run_ids: dict[str, None] = field(default_factory=dict)
    looked: bool = False
    ended: bool = False
    error: WandbTuiError | None = None
    joined_at: float = 0.0

    @property
    def runs(self) -> list[RunAddress]:
        """The runs that have joined, in that order."""
        return [RunAddress(self.query.entity, self.query.project, run_id) for run_id in self.run_ids]

    def __contains__(self, run: RunAddress) -> bool:
        """Whether a run has joined."""
        return run.run_id in self.run_ids and (run.entity, run.project) == (self.query.entity, self.query.project)

    @property
    def failed(self) -> bool:
        """Whether no further run is waited for because of its error."""
        return isinstance(self.error, _FINAL_ERRORS)


class QueryList:
    """All followed queries, in the order in which they were added. Not locked: its owner sees to that."""

    def __init__(self, queries: Queries | None, report: Callable[[QueryNews], object]) -> None:
        """Follow nothing.

        Args:
            queries: Looks at the server; None never looks.
            report: Receives the news, from any thread; they are to be passed to `apply`.
        """
        self._queries = queries
        self._report = report
        self._rows: dict[ProjectQuery, FollowedQuery] = {}

    def __iter__(self) -> Iterator[FollowedQuery]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, query: object) -> bool:
        return query in self._rows

    def get(self, query: ProjectQuery) -> FollowedQuery | None:
        """The query's row, if it is followed."""
        return self._rows.get(query)

    def follow(
        self,
        query: ProjectQuery,
        goal: Goal,
        poll_policy: PollPolicy,
        *,
        forever: bool = True,
        known: Iterable[str] = (),
        now: float,
    ) -> FollowedQuery:
        """Follow a query from now on; one that is followed gets the goal and the times for the runs to come.

        Args:
            query: The query.
            goal: The goal of each run that joins.
            poll_policy: How often to look and to probe, and how long to wait for each run.
            forever: Whether it goes on after its last run.
            known: The ids of runs that have joined in an earlier session.
            now: The time.
        """
        row = self._rows.get(query)
        if row is None:
            row = self._rows[query] = FollowedQuery(
                query, goal, poll_policy, forever, dict.fromkeys(known), joined_at=now
            )
        row.goal, row.poll_policy, row.forever = goal, poll_policy, forever
        if self._queries is not None:
            interval = poll_policy.check_interval
            self._queries.follow_query(
                query, tuple(row.run_ids), interval=interval, until_ended=not forever, report=self._report
            )
        return row

    def unfollow(self, query: ProjectQuery) -> FollowedQuery | None:
        """Stop following a query; its row, or None if it was not followed."""
        if self._queries is not None:
            self._queries.unfollow_query(query)
        return self._rows.pop(query, None)

    def apply(self, news: QueryNews, now: float) -> list[RunAddress]:
        """Take in news; the runs that join now. None do of a query that is not followed any more."""
        row = self._rows.get(news.query)
        if row is None:
            return []
        joined = [run for run in news.joined if run.run_id not in row.run_ids]
        row.run_ids |= dict.fromkeys(run.run_id for run in joined)
        row.joined_at = now if joined else row.joined_at
        row.error, row.ended, row.looked = news.error, news.ended, row.looked or news.whole
        conditions = row.query.conditions
        if row.looked and not (row.run_ids or row.forever or conditions.sweep or conditions.group):
            row.error = RunNotFoundError(f"No run matches {row.query}.")
        return joined

    def all_over(self, now: float) -> bool:
        """Whether no further run of any query is waited for: each has ended or failed, or its time is over."""
        return all(self._is_over(row, now) for row in self)

    @staticmethod
    def _is_over(row: FollowedQuery, now: float) -> bool:
        if row.failed or row.forever:
            return row.failed
        seconds = row.poll_policy.max_wait_time
        if not row.ended and seconds and now - row.joined_at >= seconds:
            what = "is still running" if row.run_ids else "has no run yet"
            late = WaitTimeoutError(f"{row.query} {what} after {seconds:g} s.")
            late.__cause__, row.error = row.error, late
        return row.ended or row.failed
