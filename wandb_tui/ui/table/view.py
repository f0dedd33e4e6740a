"""The table's view: filter, sort order, columns."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError
from wandb_tui.core.query_list import FollowedQuery
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.table.columns import ALWAYS_SHOWN, BY_KEY, TREND, Column, Rank
from wandb_tui.ui.table.filter import Filter
from wandb_tui.ui.table.filter_values import KnownFacts
from wandb_tui.ui.table.query_headings import GridRow, Sections, with_headings
from wandb_tui.ui.table.run_forest import RunForest, ancestors, arrange

_MIN_SORT_INTERVAL_S = 5.0
"""Seconds between two sorts by a column that ticks: rows that move all the time are unreadable."""
_MAX_FOLDED = 1000
"""The maximum number of folded runs that are stored."""


@dataclass(frozen=True, slots=True)
class SortOrder:
    """A sort order.

    Attributes:
        column: The key of a column; empty for the order in which the runs were added.
        reverse: Whether it is reversed.
    """

    column: str = ""
    reverse: bool = False

    def chosen(self, key: str) -> SortOrder:
        """The order after a column was chosen: by it, then in reverse, then the order added."""
        if self.column != key:
            return SortOrder(key)
        return SortOrder(key, reverse=True) if not self.reverse else SortOrder()

    def next(self, keys: list[str]) -> SortOrder:
        """The order by the next of these columns; after the last one, the order added."""
        after = keys.index(self.column) + 1 if self.column in keys else 0
        return SortOrder(keys[after]) if after < len(keys) else SortOrder()

    @property
    def reversed_order(self) -> SortOrder:
        """The reverse order."""
        return SortOrder(self.column, not self.reverse)


class TableView:
    """The user's choice of which runs and columns to show."""

    def __init__(
        self,
        facts: KnownFacts | None = None,
        metric_of: Callable[[RunAddress], float | None] = lambda _: None,
        queries: Callable[[], Sequence[FollowedQuery]] = lambda: (),
    ) -> None:
        """Show everything in the order in which it was added.

        Args:
            facts: The known facts about the runs beyond the watch list, for the filter.
            metric_of: Returns the last value of the chosen metric in a run; None if it is unknown.
            queries: The followed queries, below whose headings their runs are shown.
        """
        self._facts = facts
        self._metric_of = metric_of
        self._queries = queries
        self.metric = ""
        """The metric of the column with small curves; empty for no such column."""
        self.folded_queries: set[str] = set()
        """The queries whose runs are hidden, as text."""
        self.order = SortOrder()
        self.hidden: frozenset[str] = frozenset()
        self.compact = False
        self.tree = False
        self.folded: set[RunAddress] = set()
        self.forest = RunForest()
        self.links: dict[RunAddress, RunAddress] = {}
        """The parents in the tree; empty where the table is none."""
        self.lines: dict[RunAddress, str] = {}
        """The strokes drawn before each run shown, where the table is a tree."""
        self.dimmed: frozenset[RunAddress] = frozenset()
        """The runs that are shown for their forks only."""
        self.matched = 0
        """The number of runs that match the filter, folded ones included."""
        self._filter = self._typed = Filter("")
        self._filtered_by = ""
        self._shown: dict[RunAddress, Rank | None] = {}
        self._ordered_at = 0.0

    @property
    def filter(self) -> Filter:
        """The filter."""
        return self._filter

    @property
    def typed(self) -> Filter:
        """The filter as typed, which may have an error."""
        return self._typed

    def filter_by(self, text: str) -> None:
        """Set the filter. If it is not valid, the last valid one stays in use."""
        self._typed = Filter(text, self._facts)
        if not self._typed.error:
            self._filter = self._typed

    def rows(
        self, rows: Iterable[WatchedRun], now: float, cursor: RunAddress | None = None, *, ascii_look: bool = False
    ) -> list[GridRow]:
        """The rows to show, in order.

        Args:
            rows: The watch list.
            now: The time on its clock.
            cursor: The run under the cursor. It stays even if it no longer matches, until the filter is changed: an
                action such as a restart must not put another run under the cursor.
            ascii_look: Whether a tree is drawn in plain ASCII.
        """
        stays = cursor if self._filter.text == self._filtered_by else None
        self._filtered_by = self._filter.text
        rows = list(rows)
        picked = {row.run for row in self._filter.pick(rows, now)}
        found = [row for row in rows if row.run == stays or row.run in picked]
        self.matched = len(found)
        self._ordered_at = now
        column = BY_KEY.get(self.order.column)
        self._shown = {row.run: self._rank(column, row, now) for row in found}
        queries = self._queries()
        sections = Sections(queries)
        shown = self._trees(rows, found, sections, now, ascii_look=ascii_look) if self.tree else self._list(found, now)
        if not queries:
            return [*shown]
        return with_headings(queries, sections, rows, shown, self.folded_queries, empty=not self._filter.text)

    def _list(self, found: Sequence[WatchedRun], now: float) -> list[WatchedRun]:
        self.links, self.lines, self.dimmed = {}, {}, frozenset()
        return self._ordered(found, now)

    def _trees(
        self,
        rows: Sequence[WatchedRun],
        found: Sequence[WatchedRun],
        sections: Sections,
        now: float,
        *,
        ascii_look: bool,
    ) -> list[WatchedRun]:
        """The rows found, and their ancestors, as trees; a tree ends where a heading begins."""
        links = self.forest.links(dict.fromkeys(row.run for row in rows))
        self.links = {run: parent for run, parent in links.items() if sections.of(run) is sections.of(parent)}
        above: set[RunAddress] = set()
        for row in found:
            for run in ancestors(row.run, self.links):
                if run in above:
                    break
                above.add(run)
        self.dimmed = frozenset(above - self._shown.keys())
        in_order = self._ordered([row for row in rows if row.run in self._shown or row.run in above], now)
        arranged = arrange(in_order, self.links, self.folded, ascii_look=ascii_look)
        self.lines = {row.run: lines for row, lines in arranged}
        return [row for row, _ in arranged]

    def _ordered(self, rows: Sequence[WatchedRun], now: float) -> list[WatchedRun]:
        column = BY_KEY.get(self.order.column)
        if column is None:
            return list(reversed(rows)) if self.order.reverse else list(rows)
        ranks = {row.run: self._rank(column, row, now) for row in rows}
        ranked = [(rank, row) for row in rows if (rank := ranks[row.run]) is not None]
        ranked.sort(key=lambda pair: pair[0], reverse=self.order.reverse)
        return [row for _, row in ranked] + [row for row in rows if ranks[row.run] is None]

    def _rank(self, column: Column | None, row: WatchedRun, now: float) -> Rank | None:
        if column is not None and column.key == TREND:
            value = self._metric_of(row.run)
            return None if value is None else (value,)
        return column.rank(row, now) if column else None

    @property
    def hidden_columns(self) -> frozenset[str]:
        """The columns that are not shown: those that the user has hidden, and that of a metric while none is chosen."""
        return self.hidden if self.metric else self.hidden | {TREND}

    @property
    def ticks(self) -> bool:
        """Whether time alone decides which runs match."""
        return self._filter.ticks

    def due(self, now: float) -> bool:
        """Whether time may have changed which runs match."""
        return self.ticks and now - self._ordered_at >= _MIN_SORT_INTERVAL_S

    def may_move(self, changed: Iterable[WatchedRun], now: float, cursor: RunAddress | None = None) -> bool:
        """Whether changed rows may belong elsewhere now; the one under the cursor stays."""
        if not self.order.column and not self._filter.text:
            return False
        column = BY_KEY.get(self.order.column)
        calm = column is not None and column.ticks and now - self._ordered_at < _MIN_SORT_INTERVAL_S
        changed, wrong = list(changed), self._filter.error
        picked = {row.run for row in self._filter.pick(changed, now)}
        if self._filter.error != wrong:
            return True
        for row in changed:
            shown = row.run in self._shown
            if (row.run in picked) != shown and not (shown and row.run == cursor):
                return True
            if not calm and shown and self._shown[row.run] != self._rank(column, row, now):
                return True
        return False

    # Storage

    def saved(self) -> dict[str, Any]:
        """The view to store for the next start."""
        return {
            "filter": self._filter.text,
            "sort": self.order.column,
            "reverse": self.order.reverse,
            "hidden": sorted(self.hidden),
            "compact": self.compact,
            "tree": self.tree,
            "metric": self.metric,
            "folded": sorted(map(str, self.folded))[:_MAX_FOLDED],
            "folded_queries": sorted(self.folded_queries)[:_MAX_FOLDED],
        }

    def restore(self, saved: object) -> None:
        """Restore a stored view; ignores invalid values."""
        if not isinstance(saved, dict):
            return
        self.filter_by(str(saved.get("filter") or ""))
        self._typed = self._filter
        column = str(saved.get("sort"))
        self.order = SortOrder(column if column in BY_KEY else "", saved.get("reverse") is True)
        hidden = saved.get("hidden")
        known = BY_KEY.keys() - ALWAYS_SHOWN
        self.hidden = frozenset(key for key in known if isinstance(hidden, list) and key in hidden)
        self.compact = saved.get("compact") is True
        self.tree = saved.get("tree") is True
        metric = saved.get("metric")
        self.metric = metric if isinstance(metric, str) else self.metric
        folded = saved.get("folded")
        self.folded = set(_addresses(folded if isinstance(folded, list) else ()))
        queries = saved.get("folded_queries")
        self.folded_queries = {str(query) for query in queries} if isinstance(queries, list) else set()


def _addresses(texts: Iterable[object]) -> Iterator[RunAddress]:
    for text in texts:
        with contextlib.suppress(UsageError, TypeError):
            yield RunAddress(*str(text).split("/", 2))
