"""The columns of the table: their width, importance and sort key."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from rich.cells import cell_len

from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.event_text import event_text
from wandb_tui.text.run_labels import run_name, version_label
from wandb_tui.ui.table import cells
from wandb_tui.ui.table.cells import Cell, Moment

PADDING_CELLS = 1
"""Cells on each side of a column."""

TREND = "trend"
"""The column with small curves of a metric, which is there while a metric is chosen."""

Draw = Callable[[WatchedRun, Moment, int], Cell]
Rank = tuple[float | str, ...]
"""A sort key; those of one column are comparable."""

_BY_URGENCY = (
    State.FAILED,
    State.TIMED_OUT,
    State.SIGNING_IN,
    State.VISITING,
    State.WAITING,
    State.QUEUED,
    State.AVAILABLE,
    State.CANCELLED,
)
"""The states in order of urgency."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        key: Its id.
        label: Its heading.
        width: The least width in cells, without padding; the heading and an arrow fit into it.
        importance: Its importance: the least important columns go first if there is no room.
        draw: Draws a cell.
        rank: Its sort key; rows with None come last either way.
        share: Its share of the space left over.
        right: Whether its text is right-aligned.
        ticks: Whether its sort key changes with time.
        compact: Whether the compact table has it.
    """

    key: str
    label: str
    width: int
    importance: int
    draw: Draw
    rank: Callable[[WatchedRun, float], Rank | None]
    share: int = 0
    right: bool = False
    ticks: bool = False
    compact: bool = False

    def cell(self, row: WatchedRun, moment: Moment, width: int) -> Cell:
        """The cell of this row, `width` cells wide."""
        cell = self.draw(row, moment, width)
        if moment.dimmed:
            cell = replace(cell, colour="quiet")
        return replace(cell, text=cell.text.rjust(width)) if self.right else cell


def natural(text: str) -> Rank:
    """A sort key that puts `run-9` before `run-10`, and ignores case."""
    parts = re.split(r"([0-9]+)", text[:100].casefold())
    return tuple(float(part) if number % 2 else part for number, part in enumerate(parts))


def _number(value: float | None) -> Rank | None:
    return None if value is None else (value,)


COLUMNS = (
    Column("state", "  State", 14, 14, cells.state, lambda row, _: (_BY_URGENCY.index(row.state),), compact=True),
    Column("run", "Run", 21, 13, cells.run, lambda row, _: natural(run_name(row)), share=3, compact=True),
    Column("project", "Project", 12, 5, cells.project, lambda row, _: natural(row.run.project_path), share=2),
    Column("goal", "Goal", 9, 8, cells.goal, lambda row, _: natural(str(row.goal)), compact=True),
    Column(
        "artifact", "Artifact", 9, 9, cells.artifact,
        lambda row, _: natural(version_label(row)) if row.artifact else None, compact=True,
    ),
    Column(
        "run_state", "Run is", 8, 6, cells.run_state,
        lambda row, _: (row.run_info.state,) if row.run_info and row.run_info.state else None,
    ),
    Column(
        "step", "Step", 9, 2, cells.step, lambda row, _: _number(row.run_info.last_step if row.run_info else None),
        right=True,
    ),
    Column(
        "time", "Time", 7, 11, cells.elapsed, lambda row, now: (row.elapsed(now),), right=True, ticks=True,
        compact=True,
    ),
    Column("waited", "Waited", 7, 4, cells.waited, lambda row, now: _number(cells.waited_share(row, now)), ticks=True),
    Column(
        "next", "Next", 6, 10, cells.next_probe, lambda row, now: _number(row.until_probe(now) if row.active else None),
        right=True, ticks=True, compact=True,
    ),
    Column(
        "age", "Age", 5, 3, cells.age, lambda row, now: _number(row.age(now) if row.active else None), right=True,
        ticks=True,
    ),
    Column("attempt", "Try", 4, 1, cells.attempt, lambda row, _: (row.attempt,), right=True),
    # Its heading is the metric, and the table knows how to sort by it. The user has asked for it, unlike the others.
    Column(TREND, "Metric", 20, 12, cells.trend, lambda *_: None, share=2, compact=True),
    Column(
        "message", "Message", 30, 7, cells.message, lambda row, _: natural(event_text(row.notice, countdown=False)),
        share=6, compact=True,
    ),
)  # fmt: skip
"""All columns, from left to right."""

BY_KEY = {column.key: column for column in COLUMNS}

_USUAL_MESSAGE, _LONGEST_MESSAGE = 50, 80
"""Cells for a message where it is not known how many are needed, and the most for which other columns make room."""

_MINOR_IMPORTANCE, _MAJOR_IMPORTANCE = 5, 7
"""Columns below these importances make room for messages: always, and if that is enough to show them whole."""

ALWAYS_SHOWN = frozenset({"state", "run"})
"""The columns that cannot be hidden: they identify the row."""


class ColumnLayout:
    """The columns that fit, with widths for what the rows say.

    Attributes:
        fitted: The visible columns, from left to right, with their widths.
        keys: Their keys.
    """

    def __init__(self) -> None:
        self.fitted: list[tuple[Column, int]] = []
        self.keys: frozenset[str] = frozenset()
        self._widest: dict[str, int] = {}
        self._measured: set[RunAddress] = set()

    @property
    def columns(self) -> list[Column]:
        """The visible columns, from left to right."""
        return [column for column, _ in self.fitted]

    def has_measured(self, run: RunAddress) -> bool:
        """Whether a run's texts have been measured."""
        return run in self._measured

    def forget_measured(self) -> None:
        """Let all runs be measured again, as their names have changed; no column shrinks."""
        self._measured.clear()

    def measure(self, run: RunAddress, name: str, message: str) -> bool:
        """Learn how wide a run's texts are; whether one is wider than all before. None shrinks under one's eyes."""
        self._measured.add(run)
        wider = False
        for key, text in (("run", name), ("project", run.project_path), ("message", message)):
            width = cell_len(text)
            if width > self._widest.get(key, -1):
                self._widest[key], wider = width, True
        return wider

    def fit(self, width: int, hidden: Collection[str], *, compact: bool, dull: Collection[str]) -> bool:
        """Choose the columns; whether they or their widths have changed.

        Args:
            width: The available cells.
            hidden: As for `fitting_columns`.
            compact: As for `fitting_columns`.
            dull: As for `fitting_columns`.
        """
        fitted = fitting_columns(width, hidden, compact=compact, dull=dull, widest=self._widest)
        if fitted == self.fitted:
            return False
        self.fitted, self.keys = fitted, frozenset(column.key for column, _ in fitted)
        return True

    def column_at(self, x: int) -> Column | None:
        """The column at a distance in cells from the left edge."""
        right = 0
        for column, width in self.fitted:
            right += width + 2 * PADDING_CELLS
            if x < right:
                return column
        return None


def fitting_columns(
    width: int,
    hidden: Collection[str] = (TREND,),
    *,
    compact: bool = False,
    dull: Collection[str] = (),
    widest: Mapping[str, int] | None = None,
) -> list[tuple[Column, int]]:
    """The columns to show in `width` cells, with their widths; those with a share get the space left over.

    Args:
        width: The available cells.
        hidden: The keys of hidden columns; by default there are no small curves.
        compact: Whether only the main columns are shown.
        dull: The keys of columns that are equal in all rows: they go before all others.
        widest: The widest texts of columns that need no more cells than that, by their keys.
    """
    widest = widest or {}
    columns = [column for column in COLUMNS if column.key not in hidden and (column.compact or not compact)]
    while len(columns) > 1 and _needed(columns) > width:
        columns.remove(min(columns, key=lambda column: (column.key not in dull, column.importance)))
    # A message that is cut tells less than the columns of least importance.
    while _missing(columns, width, widest) and (least := _least(columns, _MINOR_IMPORTANCE)) is not None:
        columns.remove(least)
    # The next ones go only if that makes it whole.
    fewer = list(columns)
    while _missing(fewer, width, widest) and (least := _least(fewer, _MAJOR_IMPORTANCE)) is not None:
        fewer.remove(least)
    if not _missing(fewer, width, widest):
        columns = fewer
    return list(zip(columns, _widths(columns, width, widest), strict=True))


def _least(columns: list[Column], importance: int) -> Column | None:
    """The least important column below this importance."""
    minor = [column for column in columns if column.importance < importance]
    return min(minor, key=lambda column: column.importance, default=None)


def _missing(columns: list[Column], width: int, widest: Mapping[str, int]) -> bool:
    """Whether the messages are shown, but cut."""
    wanted = min(widest.get("message", _USUAL_MESSAGE), _LONGEST_MESSAGE)
    widths = dict(zip((column.key for column in columns), _widths(columns, width, widest), strict=True))
    return widths.get("message", wanted) < wanted


def _widths(columns: list[Column], width: int, widest: Mapping[str, int]) -> list[int]:
    """The width of each column; one that could not use all of its share leaves the rest to the others."""
    widths = {column: column.width for column in columns}
    spare = max(0, width - _needed(columns))
    sharing = [column for column in columns if column.share]
    while sharing:
        shares = sum(column.share for column in sharing)
        wanted = {column: column.width + spare * column.share // shares for column in sharing}
        content = [column for column in sharing if widest.get(column.key, width) < wanted[column]]
        if not content:
            widths |= wanted
            break
        for column in content:
            widths[column] = max(column.width, widest[column.key])
            spare -= widths[column] - column.width
            sharing.remove(column)
    return list(widths.values())


def _needed(columns: list[Column]) -> int:
    return sum(column.width + 2 * PADDING_CELLS for column in columns)
