"""The box with the plot of a metric, or a message in its place."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.plots.axis import shown_step, shown_value
from wandb_tui.ui.plots.curve import Curve
from wandb_tui.ui.plots.feed import RunCurve
from wandb_tui.ui.plots.plot import CurvePlot, PlotAxes, PlottedCurve

_MAX_TITLE_CELLS = 200


class MetricPanel(Vertical):
    """Shows one curve at a time.

    Attributes:
        showing: The metric that is plotted, or empty.
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="curve")
        self._glyphs = glyphs
        self._plot = CurvePlot(glyphs, zoomable=False)
        self._plot.display = False
        self._curve: Curve | None = None
        self._notes: list[str] = []
        self._title_text = ""
        self.showing = ""
        self._message = Static(id="curve-message", markup=False)
        self.border_title = Content("Plot")

    def compose(self) -> ComposeResult:
        """The message and the plot, one of which is shown."""
        yield self._message
        yield self._plot

    def show_message(self, text: str, metric: str = "", place: str = "") -> None:
        """Show a message in place of a plot."""
        self.showing = ""
        self._title(metric, place)
        self._message.update(Content(self._glyphs.text(clean(text, 400))))
        self._message.display = True
        self._plot.display = False

    def show(self, metric: str, shown: RunCurve, place: str) -> None:
        """Show a curve, with a note on values that cannot be drawn.

        Args:
            metric: Its metric.
            shown: The curve.
            place: Its position, such as "2 of 5".
        """
        curve, left_out = shown.curve, shown.curve.not_finite
        if not len(curve) and not left_out:
            self.show_message("This metric has no values to plot.", metric, place)
        elif not len(curve):
            values = "The only value is" if left_out == 1 else f"All {left_out:,} values are"
            self.show_message(f"{values} NaN or infinite.", metric, place)
        else:
            self._notes = [f"{left_out:,} NaN or infinite"] if left_out else []
            if shown.rows.branch_steps:
                self._notes.append(f"forked at step {shown.rows.branch_steps[-1]:,}")
            self._notes += [place] if place else []
            self._title(metric, " · ".join(self._notes))
            self._message.display, self._plot.display = False, True
            self.showing, self._curve = metric, curve
            self._plot.show([PlottedCurve(0, curve)], PlotAxes())

    @on(CurvePlot.Moved)
    def _pointed_at(self) -> None:
        """Tell the value under the mouse."""
        point = None if self._curve is None or self._plot.cursor is None else self._curve.nearest(self._plot.cursor)
        value = [f"{shown_value(point[1])} at step {shown_step(point[0])}"] if point is not None else []
        self.border_subtitle = Content(self._glyphs.text(" · ".join([*value, *self._notes]))) or None

    def _title(self, metric: str, note: str) -> None:
        self._title_text = clean(metric, _MAX_TITLE_CELLS)
        self.border_subtitle = Content(self._glyphs.text(note)) if note else None
        self.on_resize()

    def on_resize(self) -> None:
        """Fit the title to the new width."""
        self.border_title = Content(self._glyphs.fit(self._title_text or "Plot", max(4, self.size.width - 4)))
