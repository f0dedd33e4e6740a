"""The legend of a plot: each run's sign, colour and name, and its value at the cursor or its last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.plots.axis import AxisKind, power_of_ten, shown
from wandb_tui.ui.plots.curve import Curve
from wandb_tui.ui.plots.palette import SIGNS, colour_name
from wandb_tui.ui.plots.plot import PlotAxes

_SIGN_CELLS = 3
_MAX_VALUE_SHARE = 2


@dataclass(frozen=True, slots=True)
class LegendLine:
    """A run in the legend.

    Attributes:
        row: The run.
        place: Its place in the palette.
        curve: Its curve; None while it is unknown.
        note: A remark about it; may be empty.
        hidden: Whether the plot leaves it out.
    """

    row: WatchedRun
    place: int
    curve: Curve | None
    note: str = ""
    hidden: bool = False


class Legend(Widget):
    """One line or two for each run."""

    DEFAULT_CSS = "Legend { width: 1fr; height: auto; }"

    class Toggled(Message):
        """A run was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, glyphs: Glyphs, *, lines_each: int = 1) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._lines: Sequence[LegendLine] = ()
        self._axes = PlotAxes()
        self._cursor: float | None = None
        self._drawn = Content()
        self.lines_each = lines_each

    def show(self, lines: Sequence[LegendLine], axes: PlotAxes, cursor: float | None) -> None:
        """Show these runs.

        Args:
            lines: The runs.
            axes: The meaning of the axes.
            cursor: The place that is pointed at; None for the last values.
        """
        layout = len(lines) != len(self._lines)
        self._lines, self._axes, self._cursor = lines, axes, cursor
        if layout or self._content() != self._drawn:
            self.refresh(layout=layout)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """As many lines as there are runs, or twice as many."""
        return len(self._lines) * self.lines_each

    def render(self) -> Content:
        """The lines."""
        self._drawn = self._content()
        return self._drawn

    def _content(self) -> Content:
        width = self.content_size.width
        return Content("\n").join(part for line in self._lines for part in self._lines_of(line, width))

    def _lines_of(self, line: LegendLine, width: int) -> list[Content]:
        colour = "$quiet" if line.hidden else f"${colour_name(line.place)}"
        dash = "-" if self._glyphs.ascii else "━"
        sign = Content.styled(f"{SIGNS[line.place]}{' ' if line.hidden else dash} ", f"bold {colour}")
        value = self._value(line)
        name_style = "$quiet" if line.hidden else "$foreground"
        if self.lines_each > 1:
            name = self._glyphs.fit_name(line.row, max(1, width - _SIGN_CELLS))
            below = self._glyphs.fit(" " * _SIGN_CELLS + " · ".join(part for part in (value, line.note) if part), width)
            return [Content.assemble(sign, (name, name_style)), Content.styled(below, "$quiet")]
        value = self._glyphs.fit(" · ".join(part for part in (value, line.note) if part), width // _MAX_VALUE_SHARE)
        room = max(1, width - _SIGN_CELLS - cell_len(value) - 1)
        name = self._glyphs.fit_name(line.row, room)
        gap = " " * (room - cell_len(name) + 1)
        return [Content.assemble(sign, (name, name_style), gap, (value, "$quiet"))]

    def _value(self, line: LegendLine) -> str:
        return value_at(line.curve, self._axes, self._cursor) if line.curve is not None else ""

    def on_click(self, event: events.Click) -> None:
        """Show or hide a run."""
        number = event.y // self.lines_each
        if number < len(self._lines):
            self.post_message(self.Toggled(self._lines[number].place))


def value_at(curve: Curve, axes: PlotAxes, cursor: float | None) -> str:
    """The value of a curve at a place, else its last one, and where it stands; empty if it has none."""
    if not len(curve):
        return ""
    x, y = (curve.nearest(cursor) if cursor is not None else None) or (curve.xs[-1], curve.ys[-1])
    x = power_of_ten(x) if axes.log_across else x
    y = power_of_ten(y) if axes.log_up else y
    where = f"step {shown(x, axes.across)}" if axes.across is AxisKind.STEP else shown(x, axes.across)
    return f"{shown(y, AxisKind.VALUE)} at {where}"
