"""A log as rows of the screen, without widgets: filled line by line, and searchable.

`take_in` looks at new lines only, since an active run calls it many times a second.
"""

from __future__ import annotations

from collections.abc import Reversible
from itertools import chain, takewhile

from rich.cells import cell_len

from wandb_tui.core.log import MAX_CONSOLE_LINES, LogLine
from wandb_tui.ui.logs.rendering import LogLayout, Piece, RenderedLine, rendered
from wandb_tui.ui.logs.search import found, marked, marked_count

_MAX_ROWS = 4 * MAX_CONSOLE_LINES
"""The log itself is bounded; wrapped, it may have a few times as many rows."""


class LogBuffer:
    """The rows of a log, and the matches of the search."""

    def __init__(self) -> None:
        self.rows: list[RenderedLine] = []
        self.widest = 0
        self.needle = ""
        self.hits: list[int] = []
        self.hit: int | None = None
        self.wrapped_around = ""
        """The place at which the search has wrapped around, "from the top" or "from the end"; else empty."""
        self._last: LogLine | None = None
        self._folded = False

    def clear(self) -> None:
        """Drop all rows; the search stays."""
        self.rows, self.widest, self.hits, self.hit, self._last = [], 0, [], None, None

    def take_in(self, log: Reversible[LogLine], page: LogLayout) -> int | None:
        """Add the new lines of the log; returns the first row that is new or changed, or None."""
        new = _after(self._last, log)
        if not new:
            return None
        self._folded = page.view.fold
        messages = self._reopen(new[0])
        first, attempt = len(self.rows), self._attempt
        added = list(rendered(new, page, attempt, messages))
        self._last = new[-1]
        if not added:
            return None
        self.rows += added
        if not page.view.wrap:
            self.widest = max(self.widest, *(cell_len(row.text) for row in added))
        if self.needle:
            self.hits += [first + index for index in found(added, self.needle)]
        return first

    def rewind(self, line: LogLine | None) -> None:
        """Drop the rows after those of a line: the lines after it have changed. With None, drop all."""
        if line is self._last:
            return
        while self.rows and (line is None or self.rows[-1].of is not line):
            self.rows.pop()
        self.hits = [hit for hit in self.hits if hit < len(self.rows)]
        self.hit = self.hit if self.hit in self.hits else None
        self._last = line if self.rows else None

    def _reopen(self, line: LogLine) -> tuple[str, ...]:
        """Drop the rows of the newest line if this one is to be folded into it; returns the messages it stood for."""
        last, rows = self._last, self.rows
        if not (
            self._folded
            and last is not None
            and rows
            and rows[-1].of is last
            and line.nth > 1
            and line.folds_with(last)
        ):
            return ()
        messages = rows[-1].messages
        while rows and rows[-1].of is last:
            rows.pop()
        if self.hits and self.hits[-1] == len(rows):
            self.hits.pop()
        return messages

    @property
    def _attempt(self) -> int | None:
        """The attempt of the last row."""
        return self.rows[-1].of.attempt if self.rows and self.rows[-1].of else None

    def trim(self) -> int:
        """Drop the oldest rows if there are too many; returns how many."""
        count = max(0, len(self.rows) - _MAX_ROWS)
        if count:
            del self.rows[:count]
            self.hits = [hit - count for hit in self.hits if hit >= count]
            self.hit = self.hit - count if self.hit is not None and self.hit >= count else None
        return count

    # Positions

    def line_at(self, row: int) -> LogLine | None:
        """The line of the log on that row, or on the next one that has any."""
        return next((rendered.of for rendered in self.rows[row:] if rendered.of is not None), None)

    def row_of(self, line: LogLine, *, folded: bool) -> int:
        """The row of a line, else of the line after it.

        Args:
            line: A line of the log.
            folded: Whether it stood for all its repetitions: then the first of them counts.
        """
        folded = folded or self._folded
        lines = [(index, row.of) for index, row in enumerate(self.rows) if row.of is not None]
        same = (index for index, of in lines if of is line or (folded and of.folds_with(line)))
        later = (index for index, of in lines if of.time > line.time)
        return next(chain(same, later), max(0, len(self.rows) - 1))

    # Search

    def find(self, needle: str) -> None:
        """Search for another text."""
        self.needle, self.hit, self.wrapped_around = needle, None, ""
        self.hits = found(self.rows, needle) if needle else []

    def nearest(self, row: int) -> int | None:
        """The first match from that row on, else the last one before it."""
        self.wrapped_around = ""
        return next((hit for hit in self.hits if hit >= row), self.hits[-1] if self.hits else None)

    def next_hit(self, step: int) -> int:
        """The next match, or with -1 the previous one; wraps around."""
        at = self.hits.index(self.hit) if self.hit in self.hits else (-1 if step > 0 else 0)
        self.wrapped_around = "" if 0 <= at + step < len(self.hits) else "from the top" if step > 0 else "from the end"
        return self.hits[(at + step) % len(self.hits)]

    @property
    def at(self) -> str:
        """The position among the matches and their number; empty without a match."""
        at = f"{self.hits.index(self.hit) + 1} of " if self.hit in self.hits else ""
        return f"{at}{len(self.hits)}" if self.hits else ""

    @property
    def status(self) -> str:
        """The same, for the pane's border."""
        if not self.needle:
            return ""
        return f"{self.at} found" if self.hits else "not found"

    def pieces(self, index: int) -> tuple[Piece, ...]:
        """The styled pieces of a row, with matches highlighted."""
        row = self.rows[index]
        if not self.needle:
            return row.pieces
        style = "here" if self.hit is not None and row.of is self.rows[self.hit].of else "match"
        return marked_count(row, self.needle, style) or marked(row.pieces, self.needle, style)


def _after(last: LogLine | None, log: Reversible[LogLine]) -> list[LogLine]:
    """The lines of a log after `last`, oldest first; all of them if it is no longer there."""
    new = list(takewhile(lambda line: line is not last, reversed(log)))
    new.reverse()
    return new
