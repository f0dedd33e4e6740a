"""Divides the dashboard's height between the table and the logs."""

from __future__ import annotations

from collections.abc import Callable

from textual.widget import Widget

from wandb_tui.ui.logs.panes import Panes

_MIN_TABLE_LINES, _MIN_LOG_LINES = 3, 4
_BAR_LINES = 2
"""The lines that the header and the key bar take."""


class Splitter:
    """Moves the border between the table and the logs. The shares are saved with the panes."""

    def __init__(self, table: Widget, panes: Panes, below: Callable[[], Widget]) -> None:
        """Divide the height.

        Args:
            table: The table.
            panes: Keeps the shares.
            below: Returns what stands below the table: the panes, or what is shown in their place.
        """
        self._table = table
        self._panes = panes
        self._below = below

    def apply(self) -> None:
        """Give the table its share."""
        self._table.styles.max_height = f"{self._panes.table_share:.3f}%"

    def move(self, lines: int) -> bool:
        """Move the border down by so many lines; whether there was room for it."""
        return self._resize_table(self._table.size.height + lines)

    def move_to(self, line: int) -> bool:
        """Move the border to a line of the screen; whether it moved."""
        return self.move(line - self._below().region.y)

    def _resize_table(self, lines: int) -> bool:
        """Give the table so many lines, if it has as many rows and the logs keep a few; whether that changes it."""
        current = self._table.size.height
        most = min(self._table.virtual_size.height, current + self._below().size.height - _MIN_LOG_LINES)
        lines = max(_MIN_TABLE_LINES, min(most, lines))
        if lines == current or self._panes.zoomed:
            return False
        # Heights in per cent refer to the screen without header, key bar and margin.
        total = self._table.screen.size.height - _BAR_LINES - self._table.styles.margin.height
        self._panes.leave_to_table(lines, of=total)
        self.apply()
        return True
