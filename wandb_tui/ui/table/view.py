"""Which runs the table shows and in what order: the filter, the sorting, the columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.table.columns import ALWAYS, BY_KEY, Column, Rank
from wandb_tui.ui.table.filter import Filter

_CALM = 5.0
"""Seconds between two orders by a column that ticks: rows that change places all the time cannot be read."""


@dataclass(frozen=True, slots=True)
class SortOrder:
    """By what the rows are sorted.

    Attributes:
        column: The key of a column; empty for the order in which the runs were added.
        reverse: The last first.
    """

    column: str = ""
    reverse: bool = False

    def chosen(self, key: str) -> SortOrder:
        """After this column has been chosen: by it, then the other way round, then as they were added."""
        if self.column != key:
            return SortOrder(key)
        return SortOrder(key, reverse=True) if not self.reverse else SortOrder()

    def next(self, keys: list[str]) -> SortOrder:
        """By the next of these columns; after the last one, as they were added."""
        after = keys.index(self.column) + 1 if self.column in keys else 0
        return SortOrder(keys[after]) if after < len(keys) else SortOrder()

    @property
    def turned(self) -> SortOrder:
        """The other way round."""
        return SortOrder(self.column, not self.reverse)


class TableView:
    """What the user has chosen to see of the watch list."""

    def __init__(self) -> None:
        self.order = SortOrder()
        self.hidden: frozenset[str] = frozenset()
        self.compact = False
        self._filter = self._typed = Filter("")
        self._filtered_by = ""
        self._shown: dict[RunAddress, Rank | None] = {}
        self._ordered_at = 0.0

    @property
    def filter(self) -> Filter:
        """The runs that are wanted."""
        return self._filter

    @property
    def wrong(self) -> str:
        """What is wrong with the filter as it was typed, in one sentence."""
        return self._typed.wrong

    def filter_by(self, text: str) -> None:
        """Take a new filter. If something is wrong with it, the last good one stays until it is mended."""
        self._typed = Filter(text)
        if not self._typed.wrong:
            self._filter = self._typed

    def rows(self, rows: Iterable[WatchedRun], now: float, cursor: RunAddress | None = None) -> list[WatchedRun]:
        """The runs to show, in order.

        Args:
            rows: The watch list.
            now: The time on its clock.
            cursor: The run under the cursor. It stays even where it does not fit any more, until the filter is
                another one: what is done with it, such as a restart, must not put another run under the user's hand.
        """
        stays = cursor if self._filter.text == self._filtered_by else None
        self._filtered_by = self._filter.text
        rows = list(rows)
        picked = {row.run for row in self._filter.pick(rows)}
        found = [row for row in rows if row.run == stays or row.run in picked]
        column = BY_KEY.get(self.order.column)
        self._ordered_at = now
        self._shown = {row.run: _rank(column, row, now) for row in found}
        if column is None:
            return found[::-1] if self.order.reverse else found
        ranked = [(rank, row) for row in found if (rank := self._shown[row.run]) is not None]
        ranked.sort(key=lambda pair: pair[0], reverse=self.order.reverse)
        return [row for _, row in ranked] + [row for row in found if self._shown[row.run] is None]

    def unsettled(self, changed: Iterable[WatchedRun], now: float, cursor: RunAddress | None = None) -> bool:
        """Whether these runs, which have changed, may belong elsewhere now; the one under the cursor stays."""
        if not self.order.column and not self._filter.text:
            return False
        column = BY_KEY.get(self.order.column)
        calm = column is not None and column.ticks and now - self._ordered_at < _CALM
        changed, wrong = list(changed), self._filter.wrong
        picked = {row.run for row in self._filter.pick(changed)}
        if self._filter.wrong != wrong:
            return True
        for row in changed:
            shown = row.run in self._shown
            if (row.run in picked) != shown and not (shown and row.run == cursor):
                return True
            if not calm and shown and self._shown[row.run] != _rank(column, row, now):
                return True
        return False

    # What is remembered

    def saved(self) -> dict[str, Any]:
        """All that the next start should know again."""
        return {
            "filter": self._filter.text,
            "sort": self.order.column,
            "reverse": self.order.reverse,
            "hidden": sorted(self.hidden),
            "compact": self.compact,
        }

    def restore(self, kept: object) -> None:
        """Take back what was remembered, as far as it still makes sense."""
        if not isinstance(kept, dict):
            return
        self.filter_by(str(kept.get("filter") or ""))
        self._typed = self._filter
        if str(kept.get("sort")) in BY_KEY:
            self.order = SortOrder(str(kept["sort"]), kept.get("reverse") is True)
        hidden = kept.get("hidden")
        known = BY_KEY.keys() - ALWAYS
        self.hidden = frozenset(key for key in known if isinstance(hidden, list) and key in hidden)
        self.compact = kept.get("compact") is True


def _rank(column: Column | None, row: WatchedRun, now: float) -> Rank | None:
    return column.rank(row, now) if column else None
