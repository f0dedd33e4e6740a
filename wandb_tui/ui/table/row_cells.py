"""The cells of the table's runs, and the columns that they stand in."""

from __future__ import annotations

from collections.abc import Iterable

from wandb_tui.core.address import RunAddress
from wandb_tui.core.schedule import Clock
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.event_text import row_text
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.run_labels import run_name
from wandb_tui.ui.table.branches import RunBranches
from wandb_tui.ui.table.cells import Moment
from wandb_tui.ui.table.columns import ColumnLayout
from wandb_tui.ui.table.downloads import RunDownloads
from wandb_tui.ui.table.row_painter import Cells
from wandb_tui.ui.table.selection import Selection
from wandb_tui.ui.table.trends import Trends
from wandb_tui.ui.table.view import TableView

_MIN_PROJECTS = 2
"""The number of projects from which on the column that names them is useful."""


class RowCells:
    """Makes the cells of a row from all that the table knows of its run.

    Attributes:
        layout: The visible columns.
        plotted: The runs in a plot together, each with its place in the palette.
    """

    def __init__(
        self,
        glyphs: Glyphs,
        clock: Clock,
        view: TableView,
        selection: Selection,
        *,
        downloads: RunDownloads,
        branches: RunBranches,
        trends: Trends,
    ) -> None:
        self._glyphs = glyphs
        self._clock = clock
        self._view = view
        self._selection = selection
        self._downloads = downloads
        self._branches = branches
        self._trends = trends
        self._lines: dict[RunAddress, str] = {}
        self.layout = ColumnLayout()
        self.plotted: dict[RunAddress, int] = {}

    def of(self, row: WatchedRun) -> Cells:
        """The cells of a row, from left to right."""
        moment = Moment(
            self._clock(),
            self._glyphs,
            row.run in self._selection,
            self.layout.keys,
            job=self._job(row),
            awaited=self._downloads.waits(row),
            lines=self._lines.get(row.run, ""),
            dimmed=row.run in self._view.dimmed,
            place=self.plotted.get(row.run),
            trend=self._trends.get(row.run),
        )
        return tuple(column.cell(row, moment, width) for column, width in self.layout.fitted)

    def _job(self, row: WatchedRun) -> tuple[str, str]:
        """The text about a run's fork or download, and the colour; else empty."""
        branching = self._branches.describe(row)
        return branching if branching[0] else self._downloads.describe(row)

    def measure(self, rows: Iterable[WatchedRun]) -> bool:
        """Learn how wide columns need to be; whether one needs more than before."""
        wider, now = False, self._clock()
        for row in rows:
            message = self._job(row)[0] or row_text(row, now, self.layout.keys)
            wider |= self.layout.measure(row.run, self._lines.get(row.run, "") + run_name(row), message)
        return wider

    def measure_new(self, rows: Iterable[WatchedRun]) -> None:
        """Measure the rows that have not been measured with the lines of the current tree."""
        if self._view.lines != self._lines:
            self._lines = self._view.lines
            self.layout.forget_measured()
        self.measure(row for row in rows if not self.layout.has_measured(row.run))

    def fit(self, rows: Iterable[WatchedRun], width: int) -> bool:
        """Choose the columns for these rows and a width in cells; whether they or their widths have changed."""
        projects = {row.run.project_path for row in rows}
        dull = {"project"} if len(projects) < _MIN_PROJECTS else set()
        return self.layout.fit(width, self._view.hidden_columns, compact=self._view.compact, dull=dull)
