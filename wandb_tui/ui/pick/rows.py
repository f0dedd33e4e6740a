"""The layout of the pick lists: columns, headings and lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rich.cells import cell_len
from textual.content import Content

from wandb_tui.core.catalogue import ListedRun
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.durations import format_age
from wandb_tui.text.glyphs import STATE_COLOURS, Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.table.cells import RUN_STATE_COLOURS

_NAME = "name"
_MIN_NAME_CELLS = 18
"""The minimum width of a name before columns are dropped, in cells."""

_WIDE_CELLS, _WIDE_LABEL_CELLS = 90, 14
"""From this width on, groups and sweeps get more cells."""

Cells = Mapping[str, tuple[str, str]]
"""The text and style of each column."""


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of a pick list."""

    key: str
    label: str
    width: int
    right: bool = False


_SELECTED = ListColumn("mark", "", 1)
_STATE, _CREATED = ListColumn("state", "State", 9), ListColumn("created", "Created", 7, right=True)
_GROUP, _SWEEP = ListColumn("group", "Group", 9), ListColumn("sweep", "Sweep", 9)
_WATCHED = ListColumn("watched", "Watched", 12)
_COUNT = ListColumn("watched", "Watched", 7, right=True)


def run_columns(width: int, runs: Iterable[ListedRun], *, watched: bool) -> list[ListColumn]:
    """The columns of a list of runs for a width in cells, without empty ones."""
    runs = list(runs)
    labels = [(_GROUP, any(run.group for run in runs)), (_SWEEP, any(run.sweep for run in runs))]
    cells = _WIDE_LABEL_CELLS if width >= _WIDE_CELLS else _GROUP.width
    rest = [_STATE, _CREATED, *(replace(column, width=cells) for column, used in labels if used)]
    rest += [_WATCHED] if watched else []
    for goes in (_SWEEP, _GROUP, _CREATED):
        if _left(width, [_SELECTED, *rest]) < _MIN_NAME_CELLS:
            rest = [column for column in rest if column.key != goes.key]
    return [_SELECTED, ListColumn(_NAME, "Run", _left(width, [_SELECTED, *rest])), *rest]


def name_columns(width: int, label: str, *, watched: bool) -> list[ListColumn]:
    """The columns of a list of names."""
    rest = [_COUNT] if watched else []
    return [ListColumn(_NAME, label, _left(width, rest)), *rest]


def _left(width: int, rest: list[ListColumn]) -> int:
    return max(1, width - sum(column.width + 1 for column in rest))


def headings(columns: Iterable[ListColumn], glyphs: Glyphs) -> Content:
    """The headings."""
    return _line(columns, {column.key: (column.label, "$quiet") for column in columns}, glyphs)


def name_line(name: str, watched: int, columns: Iterable[ListColumn], glyphs: Glyphs) -> Content:
    """An entity or a project, and how many of its runs are watched."""
    count = f"{watched:,}" if watched else ""
    return _line(columns, {_NAME: (clean(name), "$foreground"), "watched": (count, "$primary")}, glyphs)


def run_line(
    run: ListedRun,
    columns: Iterable[ListColumn],
    glyphs: Glyphs,
    *,
    selected: bool = False,
    row: WatchedRun | None = None,
) -> Content:
    """A run; `row` is its row on the watch list."""
    name, run_id, state = clean(run.name, 200), clean(run.run_id), clean(run.state, 40)
    whole = f"{name} {run_id}" if name.strip() and name != run_id else run_id
    if run.address is None:
        whole = f"{run_id}: {clean(run.problem)}"
    cells = {
        _SELECTED.key: ("●" if selected else "", "$selected"),
        _NAME: (whole, "$quiet" if row is not None and not selected else "$foreground"),
        "state": (state, f"${RUN_STATE_COLOURS.get(state, 'foreground')}"),
        "created": (_age(run), "$quiet"),
        "group": (clean(run.group, 80), "$secondary"),
        "sweep": (clean(run.sweep, 80), "$secondary"),
    }
    if row is not None:
        cells["watched"] = (f"{glyphs.icon(row.state)} {row.state}", f"${STATE_COLOURS[row.state]}")
    return _line(columns, cells, glyphs)


def _line(columns: Iterable[ListColumn], cells: Cells, glyphs: Glyphs) -> Content:
    parts: list[tuple[str, str]] = []
    for column in columns:
        text, style = cells.get(column.key, ("", "$quiet"))
        shown = glyphs.fit(text, column.width)
        pad = " " * (column.width - cell_len(shown))
        parts.append((f"{' ' if parts else ''}{pad + shown if column.right else shown + pad}", style))
    return Content.assemble(*parts)


def _age(run: ListedRun) -> str:
    if run.created is None:
        return ""
    return format_age(max(0.0, (datetime.now(UTC) - run.created).total_seconds()))
