"""The table's filter: a text as typed, and which runs match it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from wandb_tui.core.watch_list import WatchedRun

if TYPE_CHECKING:
    # Imported for the first filter: the first frame of most starts shows none.
    from wandb_tui.ui.table.compiled_filter import CompiledFilter
    from wandb_tui.ui.table.filter_values import KnownFacts

_REGEX_TIME_S = 0.1
"""The seconds that the regular expressions may take with all runs together: keys wait for that long at most."""


class Filter:
    """A parsed filter."""

    def __init__(self, text: str, facts: KnownFacts | None = None) -> None:
        """Read a filter.

        Args:
            text: The filter as typed.
            facts: The known facts about the runs beyond the watch list.
        """
        self.text = text.strip()
        self._compiled: CompiledFilter | None = None
        if self.text:
            from wandb_tui.ui.table.compiled_filter import CompiledFilter

            self._compiled = CompiledFilter(text, facts)

    @property
    def error(self) -> str:
        """The error, in one sentence; empty if the filter is valid."""
        return self._compiled.error if self._compiled else ""

    @property
    def error_span(self) -> tuple[int, int] | None:
        """The part of the text that is wrong: its start and end."""
        return self._compiled.error_span if self._compiled else None

    @property
    def uses_facts(self) -> bool:
        """Whether it asks for more than the watch list knows."""
        return self._compiled is not None and self._compiled.uses_facts

    @property
    def ticks(self) -> bool:
        """Whether time alone changes which runs match."""
        return self._compiled is not None and self._compiled.ticks

    @property
    def suggestion(self) -> str:
        """A likely mistake, in a few words, in a valid filter."""
        return self._compiled.suggestion if self._compiled else ""

    def pick(self, rows: Iterable[WatchedRun], now: float = 0.0) -> list[WatchedRun]:
        """The runs that match; an empty filter matches all.

        Regular expressions that take too long are ignored from then on, until another filter is entered.

        Args:
            rows: The runs.
            now: The time on the watch list's clock.
        """
        rows = list(rows)
        if self._compiled is None or self._compiled.test is None:
            return rows
        found: list[WatchedRun] = []
        test, until = self._compiled.test, time.thread_time() + _REGEX_TIME_S
        for row in rows:
            if test(row, now):
                found.append(row)
            if self._compiled.expressions and time.thread_time() > until:
                self._compiled.ignore_expressions()
                return self.pick(rows, now)
        return found

    def matches(self, row: WatchedRun, now: float = 0.0) -> bool:
        """Whether a run matches."""
        return bool(self.pick([row], now))
