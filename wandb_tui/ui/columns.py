"""The columns of the table: which of them fit, how wide they are, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wandb_tui.core.state import State
from wandb_tui.core.watch import Watched
from wandb_tui.ui.look import STATE_COLOURS, Look, clean, minutes, run_name, short_name, version

PADDING = 1
"""Cells on each side of a column."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, by value, so that unchanged ones are told from changed ones.

    Attributes:
        text: The text, cut to fit.
        colour: The name of a theme's variable.
        quiet_tail: How many characters at the end are less important.
    """

    text: str
    colour: str = "foreground"
    quiet_tail: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """What a cell may depend on besides its row."""

    now: float
    look: Look
    marked: bool = False


Draw = Callable[[Watched, Moment, int], Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        key: Its name.
        label: Its heading.
        width: The least width in cells, without padding.
        worth: Columns of the least worth go first where it is narrow.
        draw: What stands in it.
        share: Its share of the space that is left over.
        right: Whether its text stands at the right edge.
    """

    key: str
    label: str
    width: int
    worth: int
    draw: Draw
    share: int = 0
    right: bool = False

    def cell(self, row: Watched, moment: Moment, width: int) -> Cell:
        """What stands in the column for this row, in `width` cells."""
        cell = self.draw(row, moment, width)
        return replace(cell, text=cell.text.rjust(width)) if self.right else cell


def _state(row: Watched, moment: Moment, width: int) -> Cell:
    mark = moment.look.text("●") if moment.marked else " "
    return Cell(
        moment.look.fit(f"{mark} {moment.look.icon(row.state)} {row.state}", width),
        "marked" if moment.marked else STATE_COLOURS[row.state],
    )


def _run(row: Watched, moment: Moment, width: int) -> Cell:
    name, run_id = short_name(row), clean(row.run.run_id)
    whole = run_name(row)
    shown = moment.look.fit(whole, width)
    tail = len(run_id) if shown == whole and name != run_id else 0
    return Cell(shown, quiet_tail=tail)


def _project(row: Watched, moment: Moment, width: int) -> Cell:
    return Cell(moment.look.fit(clean(row.run.project_path), width), "quiet")


def _goal(row: Watched, moment: Moment, width: int) -> Cell:
    return Cell(moment.look.fit(str(row.goal), width))


def _artifact(row: Watched, moment: Moment, width: int) -> Cell:
    shown = version(row)
    colour = "success" if row.state is State.AVAILABLE else "foreground"
    return Cell(moment.look.fit(shown, width), colour) if shown else Cell(moment.look.text("–"), "quiet")


def _time(row: Watched, moment: Moment, width: int) -> Cell:
    return Cell(moment.look.fit(minutes(row.elapsed(moment.now)), width), "foreground" if row.active else "quiet")


def _next(row: Watched, moment: Moment, width: int) -> Cell:
    if row.state is State.SIGNING_IN and row.clock_stopped:
        return Cell("you", "warning")
    seconds = row.until_probe(moment.now) if row.active else None
    if seconds is None:
        return Cell(moment.look.text("–"), "quiet")
    return Cell(moment.look.fit("now" if seconds < 0.5 else f"{seconds:.0f} s", width))  # noqa: PLR2004 - as rounded


def _attempt(row: Watched, _moment: Moment, _width: int) -> Cell:
    return Cell(str(max(row.attempt, 1)), "foreground" if row.attempt > 1 else "quiet")


COLUMNS = (
    Column("state", "  State", 14, 8, _state),
    Column("run", "Run", 22, 7, _run, share=3),
    Column("project", "Project", 14, 2, _project, share=2),
    Column("goal", "Goal", 9, 3, _goal),
    Column("artifact", "Artifact", 8, 4, _artifact),
    Column("time", "Time", 7, 6, _time, right=True),
    Column("next", "Next", 6, 5, _next, right=True),
    Column("attempt", "Attempt", 7, 1, _attempt, right=True),
)
"""All columns, from left to right."""


def chosen(width: int) -> list[tuple[Column, int]]:
    """The columns that fit into `width` cells, with their widths; those with a share divide what is left."""
    columns = list(COLUMNS)
    while len(columns) > 1 and _needed(columns) > width:
        columns.remove(min(columns, key=lambda column: column.worth))
    spare = max(0, width - _needed(columns))
    shares = sum(column.share for column in columns)
    widths = [column.width + (spare * column.share // shares if shares else 0) for column in columns]
    return list(zip(columns, widths, strict=True))


def _needed(columns: list[Column]) -> int:
    return sum(column.width + 2 * PADDING for column in columns)
