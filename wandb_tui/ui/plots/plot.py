"""The widget that draws curves: axes, labels, a cursor; zooming and panning with the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.plots.axis import AxisKind, Range, Span, ticks
from wandb_tui.ui.plots.canvas import Canvas, dots_of
from wandb_tui.ui.plots.curve import Curve
from wandb_tui.ui.plots.palette import SIGNS, colour_name
from wandb_tui.ui.plots.view import PlotView

ZOOM, PAN = 0.8, 0.15
"""The share of an axis that a step of zooming leaves, and the share of it by which a step pans."""

_LINES_PER_LABEL, _CELLS_PER_LABEL = 4, 16
_LABEL_GAP = 2
_AXIS_LINES = 2
_MIN_WIDTH, _MIN_HEIGHT = 12, 3
_MARGIN = 0.04
"""The share of the height that is left free above and below the curves."""

_CURSOR = -2
"""In place of a curve's number: the line of the cursor."""


@dataclass(frozen=True, slots=True)
class PlottedCurve:
    """A curve in a plot.

    Attributes:
        place: Its place in the palette.
        curve: The curve.
    """

    place: int
    curve: Curve


@dataclass(frozen=True, slots=True)
class PlotAxes:
    """The meaning of a plot's axes.

    Attributes:
        across: The kind of the horizontal axis.
        name: Its name.
        log_across: Whether it is logarithmic.
        log_up: Whether the vertical axis is.
    """

    across: AxisKind = AxisKind.STEP
    name: str = "step"
    log_across: bool = False
    log_up: bool = False


@dataclass(slots=True)
class _Layout:
    """The layout of the last picture, in cells, and the ranges that it shows."""

    left: int = 0
    width: int = 1
    height: int = 1
    across: Span = field(default_factory=lambda: Span([0.0, 1.0]))
    up: Span = field(default_factory=lambda: Span([0.0, 1.0]))


class CurvePlot(Widget):
    """Draws curves as large as it is.

    Attributes:
        view: The part that is shown.
        cursor: The place on the horizontal axis that is pointed at; None for none.
    """

    DEFAULT_CSS = """
    CurvePlot { width: 1fr; height: 1fr; color: $foreground; background: $background; }
    """

    class Moved(Message):
        """Another part is shown, or another place is pointed at."""

        def __init__(self, *, view: bool) -> None:
            super().__init__()
            self.view = view

    def __init__(self, glyphs: Glyphs, *, zoomable: bool = True, id: str | None = None) -> None:  # noqa: A002
        """Create an empty plot.

        Args:
            glyphs: The glyphs to draw with.
            zoomable: Whether the mouse zooms and pans; otherwise its wheel scrolls what is around the plot.
            id: As for a widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._zoomable = zoomable
        self._curves: Sequence[PlottedCurve] = ()
        self._axes = PlotAxes()
        self._strips: list[Strip] | None = None
        self._ascii = glyphs.ascii
        self._base = Style.null()
        self._styles: dict[str, Style] = {}
        self._at = _Layout()
        self._dragged_from: tuple[int, int] | None = None
        self.view = PlotView()
        self.cursor: float | None = None

    # Content

    def show(self, curves: Sequence[PlottedCurve], axes: PlotAxes) -> None:
        """Draw these curves; the view stays unless the axes change."""
        if axes != self._axes:
            self.view, self.cursor = PlotView(), None
        elif list(curves) == list(self._curves):
            return
        self._curves, self._axes = curves, axes
        self._redraw()

    @property
    def bounds(self) -> Range | None:
        """The range of the horizontal axis of all curves; None if there is no point."""
        found = [across for one in self._curves if (across := one.curve.across) is not None]
        return (min(low for low, _ in found), max(high for _, high in found)) if found else None

    @property
    def shown_across(self) -> Range | None:
        """The range of the horizontal axis in sight; None if there is no point."""
        return self.view.across or self.bounds

    @property
    def columns(self) -> int:
        """The columns of dots."""
        return 2 * self._at.width

    def _bounds_up(self) -> Range:
        found = [up for one in self._curves if (up := one.curve.up) is not None]
        return _padded((min(low for low, _ in found), max(high for _, high in found))) if found else (0.0, 1.0)

    def _shown_up(self, across: Range) -> Range:
        """The range of the vertical axis: that of the values in sight, unless it was chosen."""
        if self.view.up is not None:
            return self.view.up
        found = [up for one in self._curves if (up := one.curve.up_within(*across)) is not None]
        # Without a point in sight, a line may still cross the view.
        return _padded((min(low for low, _ in found), max(high for _, high in found))) if found else self._bounds_up()

    # Zooming and panning

    def zoom_across(self, factor: float, at: float | None = None) -> None:
        """Zoom the horizontal axis, around the cursor if nothing else is given."""
        if (bounds := self.bounds) is not None:
            place = self._cursor_place if at is None else at
            self._change(self.view.zoomed_across(bounds, factor, place))

    def pan_across(self, share: float) -> None:
        """Move to the right by a share of what is shown."""
        if (bounds := self.bounds) is not None:
            self._change(self.view.panned_across(bounds, share))

    def zoom_up(self, factor: float, at: float = 0.5) -> None:
        """Zoom the vertical axis."""
        if (across := self.shown_across) is not None:
            self._change(self.view.zoomed_up(self._shown_up(across), self._bounds_up(), factor, at))

    def pan_up(self, share: float) -> None:
        """Move upwards by a share of what is shown."""
        if (across := self.shown_across) is not None:
            self._change(self.view.panned_up(self._shown_up(across), self._bounds_up(), share))

    def fit(self) -> None:
        """Show everything."""
        self._change(PlotView())

    def move_cursor(self, columns: int) -> None:
        """Point at another place; the first time at the middle."""
        across = self.shown_across
        if across is not None:
            place = self._cursor_place + (columns / self._at.width if self.cursor is not None else 0)
            self._point_at(Span(across).at(max(0.0, min(1.0, place))))

    @property
    def _cursor_place(self) -> float:
        across = self.shown_across
        if self.cursor is None or across is None:
            return 0.5
        return max(0.0, min(1.0, Span(across).place(self.cursor)))

    def _change(self, view: PlotView) -> None:
        if view != self.view:
            self.view = view
            self._redraw()
            self.post_message(self.Moved(view=True))

    def _point_at(self, cursor: float | None) -> None:
        if cursor != self.cursor:
            self.cursor = cursor
            self._redraw()
            self.post_message(self.Moved(view=False))

    def _redraw(self) -> None:
        self._strips = None
        self.refresh()

    # Mouse

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        self._wheel(event, ZOOM)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        self._wheel(event, 1 / ZOOM)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        if not self._zoomable:
            return
        event.stop()
        event.prevent_default()
        if event.shift or event.ctrl:
            self.zoom_up(factor, 1 - event.y / max(1, self._at.height - 1))
        else:
            self.zoom_across(factor, self._place_at(event.x))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        if self._zoomable:
            self._dragged_from = (event.screen_x, event.screen_y)
            self.capture_mouse()

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """End dragging."""
        if self._dragged_from is not None:
            self._dragged_from = None
            self.release_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the curves, or point at a place."""
        if self._dragged_from is None:
            across = self.shown_across
            inside = self._at.left <= event.x < self._at.left + self._at.width and event.y < self._at.height
            if across is not None:
                self._point_at(Span(across).at(self._place_at(event.x)) if inside else None)
            return
        x, y = self._dragged_from
        self._dragged_from = (event.screen_x, event.screen_y)
        self.pan_across((x - event.screen_x) / self._at.width)
        if self.view.up is not None:
            self.pan_up((event.screen_y - y) / self._at.height)

    def on_leave(self) -> None:
        """Point at nothing."""
        self._point_at(None)

    def on_click(self, event: events.Click) -> None:
        """Show everything on a double click."""
        if self._zoomable and event.chain == 2:  # noqa: PLR2004 - a double click
            self.fit()

    def _place_at(self, x: int) -> float:
        return max(0.0, min(1.0, (x - self._at.left + 0.5) / self._at.width))

    # Drawing

    def on_resize(self) -> None:
        """Draw in the new size."""
        self._redraw()

    def notify_style_update(self) -> None:
        """Draw in the new theme."""
        super().notify_style_update()
        self._redraw()

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        if self._strips is None or self._ascii != self._glyphs.ascii:
            self._ascii = self._glyphs.ascii
            # Textual works its style out again each time it is asked for.
            self._base, self._styles = self.rich_style, {}
            self._strips = self._picture()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self._base)

    def _picture(self) -> list[Strip]:
        across, height = self.shown_across, self.size.height - _AXIS_LINES
        if across is None or height < _MIN_HEIGHT:
            return []
        up = self._shown_up(across)
        labels = ticks(Span(up), max(2, height // _LINES_PER_LABEL), AxisKind.VALUE, log=self._axes.log_up)
        left = max(cell_len(text) for _, text in labels) + 1
        width = self.size.width - left - 1
        if width < _MIN_WIDTH:
            return []
        self._at = at = _Layout(left + 1, width, height, Span(across), Span(up))
        canvas = self._canvas(at)
        lines = [self._line(canvas, row, labels) for row in range(height)]
        return [*lines, *self._axis(at)]

    def _canvas(self, at: _Layout) -> Canvas:
        canvas = Canvas(at.width, at.height, ascii_look=self._glyphs.ascii)
        frame = canvas.frame(at.across, at.up)
        drawn = [(one.place, dots_of(one.curve, frame)) for one in self._curves]
        signs = len(drawn) > 1
        for place, dots in drawn:
            canvas.draw(dots, place, SIGNS[place] if signs else "")
        for number, (place, dots) in enumerate(drawn if signs else ()):
            canvas.sign(dots, place, SIGNS[place], number, len(drawn))
        if self.cursor is not None and 0 <= (at_cursor := at.across.place(self.cursor)) <= 1:
            column = min(at.width - 1, int(at_cursor * at.width))
            canvas.rule(column, _CURSOR, "|" if self._glyphs.ascii else "│")
        return canvas

    def _line(self, canvas: Canvas, row: int, labels: Sequence[tuple[float, str]]) -> Strip:
        at = self._at
        text = next((text for place, text in labels if round((1 - place) * (at.height - 1)) == row), "")
        mark = ("+" if text else "|") if self._glyphs.ascii else ("┤" if text else "│")
        segments = [Segment(text.rjust(at.left - 2) + " ", self._style("quiet")), Segment(mark, self._style("line"))]
        segments += [Segment(part, self._curve_style(owner)) for part, owner in canvas.row(row)]
        return Strip(segments, self.size.width)

    def _axis(self, at: _Layout) -> list[Strip]:
        """The horizontal axis and its labels, with its name at the right."""
        corner, dash, mark = ("+", "-", "+") if self._glyphs.ascii else ("└", "─", "┬")
        line, texts = [dash] * at.width, [" "] * (at.left + at.width)
        name = self._glyphs.fit(self._axes.name, max(4, at.width // 3))
        room = len(texts) - cell_len(name) - _LABEL_GAP
        count = max(2, at.width // _CELLS_PER_LABEL)
        free = 0
        for place, text in ticks(at.across, count, self._axes.across, log=self._axes.log_across):
            column = min(at.width - 1, int(place * at.width))
            line[column] = mark
            start = max(0, min(at.left + column - len(text) // 2, len(texts) - len(text)))
            if start >= free and start + len(text) <= room:
                texts[start : start + len(text)] = text
                free = start + len(text) + _LABEL_GAP
        shown = "".join(texts[:room]) + " " * _LABEL_GAP + name
        axis = Segment(" " * (at.left - 1) + corner + "".join(line), self._style("line"))
        return [Strip([axis]), Strip([Segment(shown, self._style("quiet"))])]

    def _curve_style(self, owner: int) -> Style:
        if owner == _CURSOR:
            return self._style("quiet")
        return self._style(colour_name(owner)) if owner >= 0 else self._base

    def _style(self, colour: str) -> Style:
        """A colour of the theme on the widget's background."""
        style = self._styles.get(colour)
        if style is None:
            own = Style(color=Color.parse(self.app.theme_variables[colour]).rich_color)
            style = self._styles[colour] = self._base + own
        return style


def _padded(up: Range) -> Range:
    """A range with a little room at both ends."""
    low, high = up
    by = (high / 2 - low / 2) * 2 * _MARGIN
    wider = low - by, high + by
    return wider if wider[0] > -float("inf") and wider[1] < float("inf") else up
