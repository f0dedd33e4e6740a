"""The box with the plot of a metric, or a message in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from wandb_tui.core.details import MetricSeries
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean

if TYPE_CHECKING:
    from wandb_tui.ui.details.metric_plot import MetricPlot

_MAX_TITLE_CELLS = 200


class MetricPanel(Vertical):
    """Shows one curve at a time. The plot widget is created with the first one.

    Attributes:
        showing: The metric that is plotted, or empty.
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="curve")
        self._glyphs = glyphs
        self._plot: MetricPlot | None = None
        self._title_text = ""
        self.showing = ""
        self._message = Static(id="curve-message", markup=False)
        self.border_title = Content("Plot")

    def compose(self) -> ComposeResult:
        """The message; the plot replaces it later."""
        yield self._message

    def show_message(self, text: str, metric: str = "", place: str = "") -> None:
        """Show a message in place of a plot."""
        self.showing = ""
        self._title(metric, place)
        self._message.update(Content(self._glyphs.text(clean(text, 400))))
        self._message.display = True
        if self._plot is not None:
            self._plot.display = False

    async def show(self, curve: MetricSeries, place: str) -> None:
        """Show a curve, with a note on values that cannot be drawn.

        Args:
            curve: The curve.
            place: Its position, such as "2 of 5".
        """
        left_out = len(curve.points) - len(curve.finite)
        if not curve.points:
            self.show_message("This metric has no values to plot.", curve.metric, place)
        elif not curve.finite:
            values = "The only value is" if left_out == 1 else f"All {left_out:,} values are"
            self.show_message(f"{values} NaN or infinite.", curve.metric, place)
        else:
            note = f"{left_out:,} NaN or infinite" if left_out else ""
            self._title(curve.metric, " · ".join(part for part in (note, place) if part))
            self._message.display = False
            plot = await self._plot_widget()
            plot.display = True
            self.showing = curve.metric
            plot.show(curve)

    async def _plot_widget(self) -> MetricPlot:
        if self._plot is None:
            from wandb_tui.ui.details.metric_plot import MetricPlot

            self._plot = MetricPlot(self._glyphs)
            await self.mount(self._plot)
        return self._plot

    def _title(self, metric: str, note: str) -> None:
        self._title_text = clean(metric, _MAX_TITLE_CELLS)
        self.border_subtitle = Content(self._glyphs.text(note)) if note else None
        self.on_resize()

    def on_resize(self) -> None:
        """Fit the title to the new width."""
        self.border_title = Content(self._glyphs.fit(self._title_text or "Plot", max(4, self.size.width - 4)))
