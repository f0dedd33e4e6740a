"""Draws the lines of the table: column headings, runs, and the headings of queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.widget import Widget

from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.links import written
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.table.cells import Cell
from wandb_tui.ui.table.columns import PADDING_CELLS, TREND, Column

if TYPE_CHECKING:
    from wandb_tui.ui.table.view import SortOrder

PART = "run-table--"
"""The prefix of the component classes of the table's parts."""

_LINKED_COLUMN = "run"
"""The column whose text links to the run's page."""

_MIN_QUERY_CELLS = 20
"""Cells that a query gets on its heading, however narrow the table is."""

_PAD = " " * PADDING_CELLS

Cells = tuple[Cell, ...]
Fitted = Sequence[tuple[Column, int]]
"""The visible columns with their widths."""


class RowPainter:
    """Draws lines in the styles of the table, which it looks up once."""

    def __init__(self, table: Widget, glyphs: Glyphs) -> None:
        """Draw nothing yet.

        Args:
            table: The widget with the component classes.
            glyphs: The glyphs to draw with.
        """
        self._table = table
        self._glyphs = glyphs
        self._styles_by_name: dict[str, Style] = {}

    def forget_styles(self) -> None:
        """Look the styles up again: the theme or the focus has changed."""
        self._styles_by_name.clear()

    def style(self, part: str = "") -> Style:
        """The style of a part of the table; without a name, that of the table."""
        style = self._styles_by_name.get(part)
        if style is None:
            own = self._table.get_component_rich_style(f"{PART}{part}", partial=True) if part else Style.null()
            style = self._styles_by_name[part] = self._table.rich_style + own
        return style

    def _colour(self, name: str) -> Style:
        """A colour of the theme."""
        style = self._styles_by_name.get(f"${name}")
        if style is None:
            colour = self._table.app.theme_variables.get(name)
            style = Style(color=Color.parse(colour).rich_color) if colour else Style.null()
            self._styles_by_name[f"${name}"] = style
        return style

    def remark(self, text: str, width: int) -> Iterator[Segment]:
        """A line in place of rows."""
        yield Segment(self._glyphs.fit(_PAD + text, width), self.style() + self._colour("quiet"))

    def column_headings(self, fitted: Fitted, order: SortOrder, metric: str) -> Iterator[Segment]:
        """The headings of the columns, with an arrow at the one that the rows are sorted by."""
        plain, sorted_by = self.style("heading"), self.style("sorted")
        arrow = self._glyphs.text("▼" if order.reverse else "▲")
        for column, width in fitted:
            here = column.key == order.column
            # An ASCII arrow is a letter and would read like part of the heading.
            gap = " " if self._glyphs.ascii and len(column.label) + 1 < width else ""
            # The heading of small curves is their metric.
            is_trend, room = column.key == TREND, width - len(gap + arrow)
            label = self._glyphs.fit_end(clean(metric), room) if is_trend else column.label
            label = label + gap + arrow if here else label
            label = label.rjust(width) if column.right else label.ljust(width)
            yield Segment(_PAD + label + _PAD, sorted_by if here else plain)

    def query_heading(self, parts: tuple[str, str, str], base: Style, width: int, *, folded: bool) -> Iterator[Segment]:
        """The heading of a query: its mark, the query, its goal and its runs, and a problem."""
        name, told, problem = (self._glyphs.text(part) for part in parts)
        mark = ("+" if folded else "-") if self._glyphs.ascii else ("▸" if folded else "▾")
        rest = f"{_PAD} {told}" + self._glyphs.text(f" · {problem}" if problem else "")
        room = width - cell_len(_PAD + mark + " ") - cell_len(rest)
        shown = self._glyphs.fit(name, max(_MIN_QUERY_CELLS, room))
        bold = base + Style(bold=True)
        yield Segment(f"{_PAD}{mark} {shown}", bold if base.reverse else bold + self._colour("primary"))
        quiet = base if base.reverse else base + self._colour("warning" if problem else "quiet")
        yield Segment(rest, quiet)

    def run(self, cells: Cells, fitted: Fitted, base: Style, page: str) -> Iterator[Segment]:
        """The cells of a run, one of which links to its page if that has an address."""
        for cell, (column, width) in zip(cells, fitted, strict=True):
            rest = " " * (width - cell_len(cell.text)) + _PAD
            main = len(cell.text) - cell.quiet_tail
            text, tail = cell.text[:main], cell.text[main:]
            # Reversed colours would make the row patchy.
            style = base if base.reverse else base + self._colour(cell.colour)
            quiet = base + self._colour("quiet") if tail and not base.reverse else style
            if page and column.key == _LINKED_COLUMN:
                linked = Style(link=written(page))
                yield from (Segment(_PAD, base), Segment(text, style + linked))
                yield from (Segment(tail, quiet + linked), Segment(rest, base))
            elif tail:
                yield from (Segment(_PAD + text, style), Segment(tail + rest, quiet))
            else:
                yield Segment(_PAD + text + rest, style)
