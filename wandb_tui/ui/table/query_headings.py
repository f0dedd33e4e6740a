"""The headings of followed queries in the table: each stands above the runs that have joined it, and folds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.query_list import FollowedQuery
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.plain_text import clean

if TYPE_CHECKING:
    from wandb_tui.core.project_query import ProjectQuery


@dataclass(frozen=True, slots=True, eq=False)
class QueryHeading:
    """The row of a query.

    Attributes:
        followed: The query.
        rows: The watched runs that have joined it.
        folded: Whether they are hidden.
        elsewhere: How many of them are shown below an earlier heading.
    """

    followed: FollowedQuery
    rows: Sequence[WatchedRun]
    folded: bool
    elsewhere: int = 0

    @property
    def query(self) -> ProjectQuery:
        """The query."""
        return self.followed.query

    @property
    def name(self) -> str:
        """The query as text."""
        return clean(str(self.query), 300)

    def parts(self) -> tuple[str, str, str]:
        """The texts of the row, which may be cut or left out: the query, its goal and its runs, and a problem."""
        counts = Counter(_group(row.state) for row in self.rows)
        told = ", ".join(f"{counts[state]:,} {state}" for state in _ORDER if counts[state])
        number = "1 run" if len(self.rows) == 1 else f"{len(self.rows):,} runs"
        runs = f"{number}: {told}" if told else "no run yet" if self.followed.looked else "looking for runs…"
        above = f" · {self.elsewhere:,} shown above" if self.elsewhere else ""
        error = self.followed.error
        return self.name, f"{self.followed.goal} · {runs}{above}", clean(error.message if error else "", 300)


GridRow = WatchedRun | QueryHeading
RowKey = RunAddress | FollowedQuery
"""The key that identifies a row: its run, or its query."""

_ORDER = ("ready", "waiting", "failed", "cancelled")


def key_of(row: GridRow) -> RowKey:
    """The key that identifies a row."""
    return row.run if isinstance(row, WatchedRun) else row.followed


def _group(state: State) -> str:
    """The state in one of the words of the header."""
    if state is State.AVAILABLE:
        return "ready"
    if state is State.CANCELLED:
        return "cancelled"
    return "failed" if state.final else "waiting"


class Sections:
    """Tells below which heading a run belongs: that of the first query that it has joined."""

    def __init__(self, queries: Sequence[FollowedQuery]) -> None:
        self._by_project: dict[tuple[str, str], dict[str, FollowedQuery]] = {}
        for followed in reversed(queries):
            project = self._by_project.setdefault((followed.query.entity, followed.query.project), {})
            project.update(dict.fromkeys(followed.run_ids, followed))

    def of(self, run: RunAddress) -> FollowedQuery | None:
        """The query; None for a run that has joined none."""
        project = self._by_project.get((run.entity, run.project))
        return None if project is None else project.get(run.run_id)


def with_headings(
    queries: Sequence[FollowedQuery],
    sections: Sections,
    rows: Sequence[WatchedRun],
    shown: Sequence[WatchedRun],
    folded: Collection[str],
    *,
    empty: bool,
) -> list[GridRow]:
    """The rows below the headings of their queries; first those of no query.

    Args:
        queries: The queries.
        sections: Their runs.
        rows: All watched runs.
        shown: The runs to show, in order.
        folded: The folded queries, as text.
        empty: Whether to show headings without any run as well.
    """
    by_project: dict[tuple[str, str], dict[str, WatchedRun]] = {}
    for row in rows:
        by_project.setdefault((row.run.entity, row.run.project), {})[row.run.run_id] = row
    below: dict[FollowedQuery | None, list[WatchedRun]] = {None: [], **{followed: [] for followed in queries}}
    for row in shown:
        below[sections.of(row.run)].append(row)
    found: list[GridRow] = [*below[None]]
    for followed in queries:
        if empty or below[followed]:
            is_folded = str(followed.query) in folded
            watched = by_project.get((followed.query.entity, followed.query.project), {})
            joined = [watched[run_id] for run_id in followed.run_ids if run_id in watched]
            elsewhere = sum(sections.of(row.run) is not followed for row in joined)
            found.append(QueryHeading(followed, joined, is_folded, elsewhere))
            found += [] if is_folded else below[followed]
    return found
