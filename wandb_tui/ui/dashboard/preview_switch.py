"""Switches the lower part of the dashboard between logs, details and a plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from textual.widget import Widget

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.logs.log_area import LogArea
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.run_table import RunTable

if TYPE_CHECKING:
    # Imported when one is shown: the first frame shows logs.
    from wandb_tui.ui.dashboard.preview import Preview

_METRICS_OF = 20
"""Of how many runs at most the metrics are offered."""


class PreviewMode(StrEnum):
    """The content of the lower part of the dashboard."""

    LOGS = "logs"
    DETAILS = "details"
    PLOT = "plot"

    @property
    def next(self) -> PreviewMode:
        """The mode that a key press leads to."""
        modes = list(PreviewMode)
        return modes[(modes.index(self) + 1) % len(modes)]


class PreviewSwitch:
    """Shows one of the modes in the log area, and lets it follow the table's cursor. The choice is remembered."""

    def __init__(self, session: Session, glyphs: Glyphs, table: RunTable, logs: LogArea) -> None:
        self._session = session
        self._glyphs = glyphs
        self._table = table
        self._logs = logs
        self._made: dict[PreviewMode, Preview] = {}
        self.mode = PreviewMode.LOGS

    def restore(self) -> None:
        """Show what was shown at the end of the last session."""
        saved = self._session.view.get("preview")
        if isinstance(saved, str) and saved in {*PreviewMode} and saved != self.mode:
            self._set(PreviewMode(saved))
            self.follow()

    def cycle(self) -> None:
        """Show the next one."""
        self.show(self.mode.next)

    def show(self, mode: PreviewMode) -> None:
        """Show this one."""
        if mode is not self.mode:
            self._session.remember("preview", str(mode))
            self._set(mode)
            self.follow()

    @property
    def current(self) -> Preview | None:
        """The one that is shown; None for the logs."""
        return self._made.get(self.mode)

    @property
    def shown(self) -> Widget:
        """The widget that is shown."""
        return self.current or self._logs.panes

    def follow(self) -> None:
        """Show the run under the cursor, or, in a plot, the selected ones."""
        if (preview := self.current) is None:
            self._logs.show(self._table.from_cursor)
        elif self.mode is PreviewMode.PLOT and len(self._table.selection):
            places = self._table.plot()
            preview.follow(self._rows(places), places)
        else:
            preview.follow(self._rows([self._table.run] if self._table.run is not None else []), {})
        if self.mode is not PreviewMode.PLOT or not len(self._table.selection):
            self._table.end_plot()

    def choose_metric(self) -> None:
        """Let the user choose the metric of the plot, and of the table's small curves."""
        from wandb_tui.ui.plots.feed import PlotFeed
        from wandb_tui.ui.plots.metric_dialog import MetricDialog
        from wandb_tui.ui.plots.settings import PlotSettings

        table, feed = self._table, PlotFeed(self._session)
        runs = list(dict.fromkeys([*table.targets(), *table.shown]))[:_METRICS_OF]

        def chosen(metric: str | None) -> None:
            if metric is None:
                return
            table.show_trend(metric)
            if metric:
                settings = replace(PlotSettings.of(self._session.view.get("plot")), metric=metric)
                self._session.remember("plot", settings.saved)
                self.reload()

        title, none = "Metric of the table and the preview", [("", "no column")]
        dialog = MetricDialog(title, table.view.metric, lambda: feed.metrics(runs), self._glyphs, none)
        table.app.push_screen(dialog, chosen)

    def reload(self) -> None:
        """Ask for what is shown again."""
        if (preview := self.current) is not None:
            preview.reload()

    def repaint(self) -> None:
        """Show changes of the runs' monitors."""
        if (preview := self.current) is not None:
            preview.update()

    def tick(self) -> None:
        """Update what changes with time."""
        if (preview := self.current) is not None:
            preview.tick()

    def _rows(self, runs: Iterable[RunAddress]) -> list[WatchedRun]:
        return [row for run in runs if (row := self._session.watch_list.get(run)) is not None]

    def _set(self, mode: PreviewMode) -> None:
        had_focus = self._logs.has_focus_within
        self.mode = mode
        if mode is not PreviewMode.LOGS and mode not in self._made:
            self._made[mode] = preview = _MAKERS[mode](self._session, self._glyphs)
            self._logs.mount(preview, after=self._logs.panes)
        self._logs.panes.display = mode is PreviewMode.LOGS
        for made, preview in self._made.items():
            preview.display = made is mode
        if had_focus:
            self._table.focus()


def _details(session: Session, glyphs: Glyphs) -> Preview:
    from wandb_tui.ui.dashboard.preview import DetailsPreview

    return DetailsPreview(session, glyphs)


def _plot(session: Session, glyphs: Glyphs) -> Preview:
    from wandb_tui.ui.dashboard.preview import PlotPreview

    return PlotPreview(session, glyphs)


_MAKERS: dict[PreviewMode, Callable[[Session, Glyphs], Preview]] = {
    PreviewMode.DETAILS: _details,
    PreviewMode.PLOT: _plot,
}
