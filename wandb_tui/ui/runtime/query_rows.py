"""The dashboard's followed queries: kept on disk, shared with other dashboards, and joined by runs in small batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.persistence import QueryChange, StoredQuery, StoreSnapshot
from wandb_tui.core.ports import Queries
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.query_list import FollowedQuery, QueryList
from wandb_tui.core.schedule import Clock, PollPolicy
from wandb_tui.ui.runtime.store_writer import StoreWriter

if TYPE_CHECKING:
    # The first frame shows no query.
    from wandb_tui.core.live_query import QueryNews
    from wandb_tui.core.project_query import ProjectQuery
    from wandb_tui.ui.runtime.add_effect import AddOptions, FollowEffect


class QueryAnswered(Message):
    """The server has answered about a followed query, or has failed to."""

    def __init__(self, news: QueryNews) -> None:
        super().__init__()
        self.news = news


class QueryRows:
    """The followed queries. Belongs to the UI thread."""

    def __init__(
        self,
        queries: Queries | None,
        store_writer: StoreWriter,
        poll_policy: PollPolicy,
        post: Callable[[Message], object],
        clock: Clock,
    ) -> None:
        """Start with no query.

        Args:
            queries: Looks at the server.
            store_writer: Writes changes to disk.
            poll_policy: The times of runs that have none of their own.
            post: Receives `QueryAnswered`, from any thread.
            clock: The session's clock.
        """
        self._list = QueryList(queries, lambda news: post(QueryAnswered(news)))
        self._store_writer = store_writer
        self._poll_policy = poll_policy
        self._clock = clock
        self._saved: dict[ProjectQuery, StoredQuery] = {}
        self._joining: deque[tuple[FollowedQuery, RunAddress, RunInfo | None]] = deque()

    def __iter__(self) -> Iterator[FollowedQuery]:
        return iter(self._list)

    def __len__(self) -> int:
        return len(self._list)

    def __contains__(self, query: object) -> bool:
        return query in self._list

    def get(self, query: ProjectQuery) -> FollowedQuery | None:
        """The query's row, if it is followed."""
        return self._list.get(query)

    def follow(self, query: ProjectQuery, goal: Goal, poll_policy: PollPolicy | None = None) -> None:
        """Follow a query; one that is followed gets the goal and the times for the runs to come."""
        listed = self._list.get(query)
        times = poll_policy or (listed.poll_policy if listed else self._poll_policy)
        row = self._list.follow(query, goal, times, now=self._clock())
        stored = self._stored(row)
        if stored != self._saved.get(query):
            self._saved[query] = stored
            self._store_writer.save_query(QueryChange(query, stored, added=listed is None, settings_changed=True))

    def preview(self, query: ProjectQuery, options: AddOptions, typed_goal: Goal | None = None) -> FollowEffect:
        """The effect of following a query; `typed_goal` is the goal entered for it alone, if any."""
        from wandb_tui.ui.runtime.add_effect import follow_effect

        return follow_effect(query, self._list.get(query), options, typed_goal)

    def unfollow(self, query: ProjectQuery) -> None:
        """Stop following a query; its runs stay."""
        if self._forget(query):
            self._store_writer.save_query(QueryChange(query, None))

    def _forget(self, query: ProjectQuery) -> bool:
        self._joining = deque(one for one in self._joining if one[0].query != query)
        self._saved.pop(query, None)
        return self._list.unfollow(query) is not None

    def restore(self, stored: Iterable[StoredQuery]) -> None:
        """Follow what was followed when the last session ended."""
        for one in stored:
            self._saved[one.query] = StoredQuery(one.query, one.goal, one.times)
            policy = self._poll_policy.at(one.times)
            self._list.follow(one.query, one.goal, policy, known=one.run_ids, now=self._clock())

    def merge(self, found: StoreSnapshot, as_of: int) -> bool:
        """Apply the changes of another dashboard or of a command; whether there are any.

        Changes made here since the list was read win.
        """
        there = {one.query: one for one in found.queries}
        changed = False
        for query in (*there, *(row.query for row in self._list if row.query not in there)):
            row, one = self._list.get(query), there.get(query)
            if self._store_writer.changed_since(query, as_of):
                self._store_writer.read_again()
            elif row is not None and one is None and found.replaced:
                joined = tuple(row.run_ids)
                self._store_writer.save_query(
                    QueryChange(query, self._stored(row), added=True, settings_changed=True, joined=joined)
                )
            elif one is None:
                changed = self._forget(query) or changed
            elif row is None:
                self.restore([one])
                changed = True
            else:
                row.run_ids |= dict.fromkeys(one.run_ids)
                changed = self._merge_settings(one) or changed
        return changed

    def _merge_settings(self, one: StoredQuery) -> bool:
        stored = StoredQuery(one.query, one.goal, one.times)
        if stored == self._saved.get(one.query):
            return False
        self._saved[one.query] = stored
        self._list.follow(one.query, one.goal, self._poll_policy.at(one.times), now=self._clock())
        return True

    def apply(self, news: QueryNews) -> bool:
        """Take in an answer; whether the query looks different now. `next_joined` gives the runs that join."""
        row = self._list.get(news.query)
        before = None if row is None else (row.looked, str(row.error))
        joined = self._list.apply(news, self._clock())
        self._joining.extend((row, run, news.run_infos.get(run)) for run in joined if row is not None)
        return row is not None and (row.looked, str(row.error)) != before

    @property
    def joining(self) -> int:
        """The number of runs that have joined and are not on the list yet."""
        return len(self._joining)

    def next_joined(self, count: int) -> list[tuple[FollowedQuery, RunAddress, RunInfo | None]]:
        """Up to `count` of the runs that have joined, with what is known of them; to be added, and then saved."""
        return [self._joining.popleft() for _ in range(min(count, len(self._joining)))]

    def save_joined(self, joined: Iterable[tuple[FollowedQuery, RunAddress]]) -> None:
        """Remember that these runs have joined, so that they do not again; they are on the list, and saved before."""
        by_query: dict[ProjectQuery, list[str]] = {}
        for row, run in joined:
            by_query.setdefault(row.query, []).append(run.run_id)
        for query, run_ids in by_query.items():
            if (row_now := self._list.get(query)) is not None:
                self._store_writer.save_query(QueryChange(query, self._stored(row_now), joined=tuple(run_ids)))

    def _stored(self, row: FollowedQuery) -> StoredQuery:
        times = None if row.poll_policy.times == self._poll_policy.times else row.poll_policy.times
        return StoredQuery(row.query, row.goal, times)
