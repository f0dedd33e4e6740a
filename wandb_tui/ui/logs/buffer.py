"""A log as rows of the screen, without a screen: taken in bit by bit, and searched.

What must stay cheap, since with a talking run it happens many times a second: `take_in` looks at new lines only.
"""

from __future__ import annotations

from collections.abc import Reversible
from itertools import chain, takewhile

from rich.cells import cell_len

from wandb_tui.core.log import LogLine
from wandb_tui.core.watch_list import LOG_LINES
from wandb_tui.ui.logs.rendering import LogLayout, Piece, RenderedLine, rendered
from wandb_tui.ui.logs.search import found, marked, marked_count

_MOST = 4 * LOG_LINES
"""The log itself is bounded; what is wrapped here may be a few times as many rows."""


class LogBuffer:
    """The rows, and where in them stands what is looked for."""

    def __init__(self) -> None:
        self.rows: list[RenderedLine] = []
        self.widest = 0
        self.needle = ""
        self.hits: list[int] = []
        self.hit: int | None = None
        self.again = ""
        """Where one has begun anew at the other end: which end that was."""
        self._last: LogLine | None = None
        self._folded = False

    def clear(self) -> None:
        """Begin anew; what is looked for stays."""
        self.rows, self.widest, self.hits, self.hit, self._last = [], 0, [], None, None

    def take_in(self, log: Reversible[LogLine], page: LogLayout) -> int | None:
        """Take in what the log has got since; the first row that is new or another one, None where nothing is."""
        new = _after(self._last, log)
        if not new:
            return None
        self._folded = page.view.fold
        said = self._reopen(new[0])
        first, attempt = len(self.rows), self._attempt
        added = list(rendered(new, page, attempt, said))
        self._last = new[-1]
        if not added:
            return None
        self.rows += added
        if not page.view.wrap:
            self.widest = max(self.widest, *(cell_len(row.text) for row in added))
        if self.needle:
            self.hits += [first + index for index in found(added, self.needle)]
        return first

    def _reopen(self, line: LogLine) -> tuple[str, ...]:
        """Take back the rows of the newest line if this one is to be folded into it; what had been said there."""
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
        said = rows[-1].said
        while rows and rows[-1].of is last:
            rows.pop()
        if self.hits and self.hits[-1] == len(rows):
            self.hits.pop()
        return said

    @property
    def _attempt(self) -> int | None:
        """The attempt of the last row."""
        return self.rows[-1].of.attempt if self.rows and self.rows[-1].of else None

    def trim(self) -> int:
        """Let go of the oldest rows where there are too many; of how many."""
        count = max(0, len(self.rows) - _MOST)
        if count:
            del self.rows[:count]
            self.hits = [hit - count for hit in self.hits if hit >= count]
            self.hit = self.hit - count if self.hit is not None and self.hit >= count else None
        return count

    # What stands where

    def line_at(self, row: int) -> LogLine | None:
        """The line of the log on that row, or on the next one that has any."""
        return next((rendered.of for rendered in self.rows[row:] if rendered.of is not None), None)

    def row_of(self, line: LogLine, *, folded: bool) -> int:
        """Where a line stands, else where the one after it does.

        Args:
            line: A line of the log.
            folded: Whether it stood for all that say the same: then it is the first of them.
        """
        folded = folded or self._folded
        lines = [(index, row.of) for index, row in enumerate(self.rows) if row.of is not None]
        same = (index for index, of in lines if of is line or (folded and of.folds_with(line)))
        later = (index for index, of in lines if of.time > line.time)
        return next(chain(same, later), max(0, len(self.rows) - 1))

    # Finding

    def find(self, needle: str) -> None:
        """Look for another text."""
        self.needle, self.hit, self.again = needle, None, ""
        self.hits = found(self.rows, needle) if needle else []

    def nearest(self, row: int) -> int | None:
        """The first place from that row on; without any, the last one above it."""
        self.again = ""
        return next((hit for hit in self.hits if hit >= row), self.hits[-1] if self.hits else None)

    def next_hit(self, step: int) -> int:
        """The place after the one where one is, or with -1 the one before; round and round."""
        at = self.hits.index(self.hit) if self.hit in self.hits else (-1 if step > 0 else 0)
        self.again = "" if 0 <= at + step < len(self.hits) else "from the top" if step > 0 else "from the end"
        return self.hits[(at + step) % len(self.hits)]

    @property
    def at(self) -> str:
        """How many places there are, and at which of them one is; empty where there is none."""
        at = f"{self.hits.index(self.hit) + 1} of " if self.hit in self.hits else ""
        return f"{at}{len(self.hits)}" if self.hits else ""

    @property
    def told(self) -> str:
        """The same, as the pane says it."""
        if not self.needle:
            return ""
        return f"{self.at} found" if self.hits else "not found"

    def pieces(self, index: int) -> tuple[Piece, ...]:
        """What stands on a row, with what is looked for marked."""
        row = self.rows[index]
        if not self.needle:
            return row.pieces
        style = "here" if self.hit is not None and row.of is self.rows[self.hit].of else "match"
        return marked_count(row, self.needle, style) or marked(row.pieces, self.needle, style)


def _after(last: LogLine | None, log: Reversible[LogLine]) -> list[LogLine]:
    """The lines of a log after `last`, oldest first; all of them where it has gone already."""
    new = list(takewhile(lambda line: line is not last, reversed(log)))
    new.reverse()
    return new
