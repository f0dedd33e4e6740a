"""The table widget: draws only the visible rows, so that a thousand runs cost as much as twenty.

`updating` and `tick` are called many times a second: they compare the cells of visible rows and repaint lines that have
changed, and never touch hidden rows or the layout. `show` may loop over all rows, but must not draw any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wandb_tui.core.address import RunAddress
from wandb_tui.core.query_list import FollowedQuery
from wandb_tui.core.schedule import Clock
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.table.branches import RunBranches
from wandb_tui.ui.table.cells import AS_IT_WAS, Cell
from wandb_tui.ui.table.columns import PADDING_CELLS, Column
from wandb_tui.ui.table.downloads import RunDownloads
from wandb_tui.ui.table.query_headings import GridRow, QueryHeading, RowKey, key_of
from wandb_tui.ui.table.row_cells import RowCells
from wandb_tui.ui.table.row_painter import PART, Cells, RowPainter
from wandb_tui.ui.table.selection import Selection
from wandb_tui.ui.table.trends import Trends
from wandb_tui.ui.table.view import TableView

_SCROLL_BAR_CELLS = 1
"""Cells reserved for the vertical scroll bar."""

_HEADING_LINES = 1
"""Lines at the top that do not scroll."""

_SELECT_CELLS = PADDING_CELLS + 1
"""Cells at the left edge in which a click selects the run."""

_MEASURED_PER_STEP, _COMPARED_PER_STEP = 50, 5
"""Rows whose texts are measured, and lines that are compared, at a time: at most a millisecond or two, for which a key
press has to wait."""

_ROWS_FROM_CURSOR = 8
"""The number of rows from the cursor on that `RunGrid.from_cursor` looks at."""


class RunGrid(ScrollView, can_focus=True):
    """Shows rows in the given order; the cursor stays on its run."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"{PART}{part}" for part in ("heading", "sorted", "cursor", "hover")}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", "Up", show=False),
        Binding("down", "cursor_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home,ctrl+home", "first", "First run", show=False),
        Binding("end,ctrl+end", "last", "Last run", show=False),
    ]

    class Opened(Message):
        """A run was double-clicked."""

    class SelectionChanged(Message):
        """The selection has changed."""

    class FoldWanted(Message):
        """The mark of the heading under the cursor was clicked."""

    class SortWanted(Message):
        """A column heading was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    class RowHighlighted(Message):
        """The cursor has moved to another run."""

    def __init__(
        self,
        glyphs: Glyphs,
        clock: Clock,
        view: TableView,
        downloads: RunDownloads,
        branches: RunBranches,
        *,
        trends: Trends,
    ) -> None:
        super().__init__()
        self._glyphs = glyphs
        self.view = view
        self.downloads = downloads
        self.branches = branches
        self.trends = trends
        self.selection = Selection()
        self.cells = RowCells(
            glyphs, clock, view, self.selection, downloads=downloads, branches=branches, trends=trends
        )
        self._painter = RowPainter(self, glyphs)
        self._rows: list[GridRow] = []
        self._positions: dict[RowKey, int] = {}
        self._painted: dict[RowKey, Cells | tuple[str, ...]] = {}
        self._cursor = 0
        self._hovered: int | None = None
        self.no_match_text = ""
        """The message if no run matches the filter."""
        self.app_url = ""
        """Base address of the server's pages; empty until it is known."""

    @property
    def run(self) -> RunAddress | None:
        """The run under the cursor; None on a heading."""
        row = self._cursor_row
        return row.run if isinstance(row, WatchedRun) else None

    @property
    def heading(self) -> QueryHeading | None:
        """The heading under the cursor."""
        row = self._cursor_row
        return row if isinstance(row, QueryHeading) else None

    @property
    def _cursor_row(self) -> GridRow | None:
        return self._rows[self._cursor] if self._rows else None

    @property
    def from_cursor(self) -> list[RunAddress]:
        """The run under the cursor and a few of those below it; on a folded heading, some of its own."""
        below: Sequence[GridRow] = self._rows[self._cursor : self._cursor + _ROWS_FROM_CURSOR]
        if self.heading is not None and self.heading.folded:
            below = self.heading.rows[:_ROWS_FROM_CURSOR]
        return [row.run for row in below if isinstance(row, WatchedRun)]

    @property
    def _runs(self) -> Iterator[WatchedRun]:
        return (row for row in self._rows if isinstance(row, WatchedRun))

    @property
    def shown(self) -> list[RunAddress]:
        """The runs in the table, from top to bottom."""
        return [row.run for row in self._runs]

    @property
    def in_sight(self) -> list[WatchedRun]:
        """The rows of runs that can be seen."""
        return [row for row in self._rows[self._visible.start : self._visible.stop] if isinstance(row, WatchedRun)]

    @property
    def cursor_row(self) -> int:
        """The index of the row under the cursor."""
        return self._cursor

    @property
    def columns(self) -> list[Column]:
        """The visible columns, from left to right."""
        return self.cells.layout.columns

    def __contains__(self, run: object) -> bool:
        """Whether a run is in the table."""
        return run in self._positions

    def cell(self, run: RunAddress, key: str) -> Cell:
        """The cell of a run in a column."""
        row = self._rows[self._positions[run]]
        cells = self.cells.of(row) if isinstance(row, WatchedRun) else ()
        return cells[[column.key for column in self.columns].index(key)]

    # Content

    def show(self, rows: Iterable[GridRow]) -> None:
        """Show these runs and headings, in this order."""
        key = None if (row := self._cursor_row) is None else key_of(row)
        before = len(self._rows)
        self._rows = list(rows)
        self._positions = {key_of(row): index for index, row in enumerate(self._rows)}
        self._painted.clear()
        self._cursor = self._positions.get(key, self._cursor) if key is not None else 0
        self._cursor = max(0, min(self._cursor, len(self._rows) - 1))
        if len(self._rows) != before:
            # This requests a layout, so it is skipped if the number of rows is the same.
            self.virtual_size = Size(self.size.width, _HEADING_LINES + len(self._rows))
        if not self.columns:
            # A message is measured as it reads beside the columns.
            self.relayout()
        self.cells.measure_new(self._runs)
        self.relayout()
        self._into_view()
        self.refresh()
        if (None if self._cursor_row is None else key_of(self._cursor_row)) != key:
            self.post_message(self.RowHighlighted())

    def updating(self, rows: Iterable[WatchedRun]) -> Iterator[None]:
        """Repaint those of these rows that are visible and have changed, after some steps that find out which.

        All are drawn at once: most of what Textual does for a line it does once for any number of them.
        """
        rows, wider = list(rows), False
        for start in range(0, len(rows), _MEASURED_PER_STEP):
            wider |= self.cells.measure(rows[start : start + _MEASURED_PER_STEP])
            yield
        if wider:
            self.relayout()
        indices = {self._positions.get(row.run, -1) for row in rows}
        # A heading counts its runs. Between two steps the user may have sorted or scrolled.
        visible = [
            key_of(self._rows[index])
            for index in self._visible
            if index in indices or isinstance(self._rows[index], QueryHeading)
        ]
        changed: list[RowKey] = []
        for start in range(0, len(visible), _COMPARED_PER_STEP):
            listed = [key for key in visible[start : start + _COMPARED_PER_STEP] if key in self._positions]
            changed += [key for key in listed if self._has_changed(self._positions[key])]
            yield
        self._refresh_lines({self._positions[key] for key in changed if key in self._positions})

    def tick(self) -> None:
        """Repaint visible rows that have changed with time."""
        self._repaint(self._visible)

    def relayout(self) -> None:
        """Choose the columns again if the width or the view has changed."""
        if self.cells.fit(self._runs, self.app.size.width - _SCROLL_BAR_CELLS):
            self._painted.clear()
            self.refresh()

    def go_to(self, run: RunAddress) -> None:
        """Move the cursor to a run, if it is shown."""
        if run in self._positions:
            self._move(self._positions[run])

    def go_to_query(self, followed: FollowedQuery) -> None:
        """Move the cursor to the heading of a query, if it is shown."""
        if followed in self._positions:
            self._move(self._positions[followed])

    def go_to_heading(self) -> None:
        """Move the cursor to the heading above the run under it, if there is one."""
        above = (index for index in range(self._cursor, -1, -1) if isinstance(self._rows[index], QueryHeading))
        if (index := next(above, None)) is not None:
            self._move(index)

    # Keys and mouse

    def action_cursor_up(self) -> None:
        """Move up."""
        self._move(self._cursor - 1)

    def action_cursor_down(self) -> None:
        """Move down."""
        self._move(self._cursor + 1)

    def action_page_up(self) -> None:
        """Move up a page."""
        self._move(self._cursor - self._page)

    def action_page_down(self) -> None:
        """Move down a page."""
        self._move(self._cursor + self._page)

    def action_first(self) -> None:
        """Move to the first run."""
        self._move(0)

    def action_last(self) -> None:
        """Move to the last run."""
        self._move(len(self._rows) - 1)

    def on_click(self, event: events.Click) -> None:
        """Move to a run; at the left edge or with a modifier, select it; open it on a double click. Headings sort."""
        index = self._index_at(event.y)
        if index is None:
            if event.y < _HEADING_LINES and (column := self.cells.layout.column_at(event.x)) is not None:
                self.post_message(self.SortWanted(column.key))
            return
        if event.shift and self.run is not None:
            self.selection.begin_range(self.run)
        if event.chain != 2:  # noqa: PLR2004 - the first click of two has gone there, and may have moved the rows
            self._move(index)
        row = self._rows[index]
        if isinstance(row, QueryHeading):
            if event.x < _SELECT_CELLS or event.chain == 2:  # noqa: PLR2004 - a double click
                self.post_message(self.FoldWanted())
        elif event.shift or event.ctrl or event.x < _SELECT_CELLS:
            self._select(row.run, up_to=event.shift)
        elif event.chain == 2:  # noqa: PLR2004 - a double click
            self.post_message(self.Opened())

    def _select(self, run: RunAddress, *, up_to: bool) -> None:
        if up_to:
            self.selection.extend(self.shown, run)
            self.selection.end_range()
        else:
            self.selection.toggle([run])
        self.tick()
        self.post_message(self.SelectionChanged())

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Highlight the run under the mouse; explain a value with a tilde."""
        index, column = self._index_at(event.y), self.cells.layout.column_at(event.x)
        self._hover(index)
        row = None if index is None else self._rows[index]
        cell = self.cell(row.run, column.key) if isinstance(row, WatchedRun) and column is not None else None
        tooltip = Content(f"{cell.text.strip()}: {AS_IT_WAS}") if cell is not None and cell.outdated else None
        if self.tooltip != tooltip:
            self.tooltip = tooltip

    def on_leave(self) -> None:
        """End the highlight."""
        self._hover(None)

    def on_resize(self) -> None:
        """Choose the columns for the new width, and keep the cursor in view."""
        self.relayout()
        self._into_view()

    def _move(self, index: int) -> None:
        index = max(0, min(index, len(self._rows) - 1))
        if index == self._cursor:
            return
        before, self._cursor = self._cursor, index
        self._refresh_lines({before, index})
        self._into_view()
        self.post_message(self.RowHighlighted())

    def _hover(self, index: int | None) -> None:
        if index != self._hovered:
            before, self._hovered = self._hovered, index
            self._refresh_lines({line for line in (before, index) if line is not None})

    def _index_at(self, line: int) -> int | None:
        index = line - _HEADING_LINES + self._top
        return index if line >= _HEADING_LINES and index < len(self._rows) else None

    # Scrolling

    @property
    def _top(self) -> int:
        """The first visible row."""
        return round(self.scroll_y)

    @property
    def _page(self) -> int:
        """The number of rows that fit."""
        return max(1, self.size.height - _HEADING_LINES)

    @property
    def _visible(self) -> range:
        return range(self._top, min(len(self._rows), self._top + self._page))

    def _into_view(self) -> None:
        lowest = self._cursor - self._page + 1
        if self.size.height and not lowest <= self._top <= self._cursor:
            self.scroll_to(y=max(lowest, min(self._top, self._cursor)), animate=False)

    # Drawing

    def notify_style_update(self) -> None:
        """Clear the cache: the theme or the focus has changed."""
        super().notify_style_update()
        self._painter.forget_styles()

    def render_line(self, y: int) -> Strip:
        """The headings, or one row."""
        width, paint = self.size.width, self._painter
        index = y - _HEADING_LINES + self._top
        if y < _HEADING_LINES:
            segments = paint.column_headings(self.cells.layout.fitted, self.view.order, self.view.metric)
        elif y == _HEADING_LINES and not self._rows and self.view.filter.text:
            segments = paint.remark(self.no_match_text, width)
        elif index >= len(self._rows):
            return Strip.blank(width, paint.style())
        else:
            return self._row(index, width)
        return Strip(segments).adjust_cell_length(width, paint.style())

    def _row(self, index: int, width: int) -> Strip:
        row = self._rows[index]
        base = self._painter.style("cursor" if index == self._cursor else "hover" if index == self._hovered else "")
        if isinstance(row, QueryHeading):
            self._painted[row.followed] = parts = row.parts()
            segments = self._painter.query_heading(parts, base, width, folded=row.folded)
        else:
            self._painted[row.run] = cells = self.cells.of(row)
            page = row.run.page(self.app_url) if self._glyphs.links and self.app_url else ""
            segments = self._painter.run(cells, self.cells.layout.fitted, base, page)
        return Strip(segments).adjust_cell_length(width, base)

    def _repaint(self, indices: Iterable[int]) -> None:
        self._refresh_lines({index for index in indices if self._has_changed(index)})

    def _has_changed(self, index: int) -> bool:
        """Whether a row is not as it was drawn."""
        row = self._rows[index]
        return self._painted.get(key_of(row)) != self._content(row)

    def _content(self, row: GridRow) -> Cells | tuple[str, ...]:
        """The content of a row as it is drawn."""
        return self.cells.of(row) if isinstance(row, WatchedRun) else row.parts()

    def _refresh_lines(self, indices: set[int]) -> None:
        visible, first = self._visible, _HEADING_LINES - self._top
        # Adjacent lines are drawn together, which takes a third of the time.
        lines = [index for index in visible if index in indices]
        starts = [index for index in lines if index - 1 not in indices or index == visible.start]
        ends = [index for index in lines if index + 1 not in indices or index == visible.stop - 1]
        regions = [
            Region(0, start + first, self.size.width, end - start + 1) for start, end in zip(starts, ends, strict=True)
        ]
        if regions:
            self.refresh(*regions)
