"""The table of runs: one row each, its cells redrawn only when what they say has changed."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.message import Message
from textual.widgets import DataTable

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch import Watched
from wandb_tui.ui.columns import PADDING, Cell, Column, Moment, chosen
from wandb_tui.ui.look import Look

_BAR = 1
"""The cells that are left free for the vertical scroll bar."""


class RunTable(DataTable[Text]):
    """Shows the runs it is given, in their order; the cursor stays on its run."""

    class Opened(Message):
        """Enter was pressed on a run."""

    def __init__(self, look: Look) -> None:
        super().__init__(cursor_type="row", cell_padding=PADDING, cursor_foreground_priority="renderable")
        self._look = look
        self._layout: list[tuple[Column, int]] = []
        self._runs: dict[str, RunAddress] = {}
        self._drawn: dict[str, list[Cell]] = {}
        self.marked: set[RunAddress] = set()

    @property
    def run(self) -> RunAddress | None:
        """The run under the cursor."""
        if not 0 <= self.cursor_row < self.row_count:
            return None
        key = self.ordered_rows[self.cursor_row].key.value
        return self._runs.get(key or "")

    @property
    def from_cursor(self) -> list[RunAddress]:
        """The run under the cursor and those below it."""
        return self.shown[max(0, self.cursor_row) :] if self.run is not None else []

    @property
    def shown(self) -> list[RunAddress]:
        """The runs in the table, from top to bottom."""
        return [self._runs[row.key.value or ""] for row in self.ordered_rows]

    def show(self, rows: Iterable[Watched], now: float) -> None:
        """Show just these runs, in this order."""
        wanted = {str(row.run): row for row in rows}
        known = list(self._drawn)
        kept = [key for key in known if key in wanted]
        if kept != list(wanted)[: len(kept)]:
            self._rebuild(wanted, now)
            return
        for key in known:
            if key not in wanted:
                self.remove_row(key)
                del self._drawn[key], self._runs[key]
        for key, row in wanted.items():
            if key in self._drawn:
                self.update(row, now)
            else:
                self._add(key, row, now)

    def update(self, row: Watched, now: float) -> None:
        """Redraw the cells of a row that have changed."""
        key = str(row.run)
        before = self._drawn.get(key)
        if before is None:
            return
        after = self._cells(row, now)
        for (column, _), old, new in zip(self._layout, before, after, strict=True):
            if old != new:
                self.update_cell(key, column.key, self._text(new))
        self._drawn[key] = after

    def relayout(self, rows: Iterable[Watched], now: float, *, force: bool = False) -> None:
        """Choose the columns anew, where the width or the colours have changed."""
        layout = chosen(self.app.size.width - _BAR)
        if layout != self._layout or force:
            self._layout = layout
            self._rebuild({str(row.run): row for row in rows}, now)

    def toggle(self, runs: Iterable[RunAddress]) -> None:
        """Mark these runs, or none of them where all are marked."""
        runs = set(runs)
        self.marked = self.marked - runs if runs <= self.marked else self.marked | runs

    def go_to(self, run: RunAddress) -> None:
        """Move the cursor to a run, if it is shown."""
        key = str(run)
        if key in self._drawn:
            self.move_cursor(row=self.get_row_index(key), animate=False)

    def action_select_cursor(self) -> None:
        """Enter opens the run; a click, which the base class takes for the same, only moves the cursor."""
        if self.run is not None:
            self.post_message(self.Opened())

    def _rebuild(self, rows: dict[str, Watched], now: float) -> None:
        run, top = self.run, self.scroll_y
        with self.app.batch_update(), self.prevent(DataTable.RowHighlighted):
            self.clear(columns=True)
            self._drawn.clear()
            self._runs.clear()
            for column, width in self._layout:
                heading = Text(column.label.rjust(width) if column.right else column.label, no_wrap=True)
                self.add_column(heading, key=column.key, width=width)
            for key, row in rows.items():
                self._add(key, row, now)
            if run is not None:
                self.go_to(run)
            self.scroll_to(y=top, animate=False)

    def _add(self, key: str, row: Watched, now: float) -> None:
        self._runs[key] = row.run
        self._drawn[key] = cells = self._cells(row, now)
        texts = (self._text(cell) for cell in cells)
        self.add_row(*texts, key=key)

    def _cells(self, row: Watched, now: float) -> list[Cell]:
        moment = Moment(now, self._look, row.run in self.marked)
        return [column.cell(row, moment, width) for column, width in self._layout]

    def _text(self, cell: Cell) -> Text:
        colours = self.app.theme_variables
        text = Text(
            cell.text,
            style=colours.get(cell.colour, ""),
            no_wrap=True,
            overflow="crop",
            end="",
        )
        if cell.quiet_tail:
            text.stylize(colours.get("quiet", ""), -cell.quiet_tail)
        return text
