"""The plot of a curve. Imported only to draw one, since nothing else needs the plotting library."""

from __future__ import annotations

from rich.text import Text
from textual.color import Color
from textual_plotext import PlotextPlot

from wandb_tui.core.details import MetricSeries
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.details.plot_data import shown_step, shown_value, spans, stretches

_LINES_PER_LABEL, _CELLS_PER_LABEL = 4, 16


class MetricPlot(PlotextPlot):
    """Draws a curve as large as the widget."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._curve: MetricSeries | None = None
        # No colours of the library: it then uses those of the widget.
        self.theme = "clear"

    def show(self, curve: MetricSeries) -> None:
        """Draw another curve."""
        self._curve = curve
        self.refresh()

    def notify_style_update(self) -> None:
        """Draw in the new theme."""
        super().notify_style_update()
        self.refresh()

    def render(self) -> Text:
        """The curve and its axes."""
        self._draw()
        picture = super().render()
        return picture if isinstance(picture, Text) else Text()

    def _draw(self) -> None:
        plt = self.plt
        plt.clear_figure()
        plt.xlim(0, 1)
        plt.ylim(0, 1)
        plt.xaxes(True, False)
        plt.yaxes(True, False)
        reach = spans(self._curve) if self._curve else None
        if self._curve is None or reach is None:
            return
        across, up = reach
        colour = Color.parse(self.app.theme_variables["primary"]).rgb
        marker = "*" if self._glyphs.ascii else "braille"
        for x, y in stretches(self._curve, across, up):
            plt.plot(x, y, marker=marker, color=colour)
        plt.xlabel("step")
        plt.xticks(*across.ticks(max(2, self.size.width // _CELLS_PER_LABEL), shown_step, whole=True))
        plt.yticks(*up.ticks(max(2, self.size.height // _LINES_PER_LABEL), shown_value))
