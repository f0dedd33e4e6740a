"""Writes rows of the watch list: as a table, in full, as one line, as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from wandb_tui.cli.console import columns, say
from wandb_tui.cli.json_line import JsonObject, json_object
from wandb_tui.core.notice import EventKind
from wandb_tui.core.persistence import StoredRun
from wandb_tui.text.durations import format_age, format_elapsed
from wandb_tui.text.event_text import event_text
from wandb_tui.text.plain_text import clean, fit
from wandb_tui.text.times import date_and_time, time_of_day

REMOVED = "removed"
"""Takes the place of the state of a run that is no longer on the list."""

_GAP = "  "
_MIN_MESSAGE_CELLS = 24
_FIRST_TO_GO = ("UPDATED", "TIME", "ATTEMPT", "ARTIFACT")
"""The columns that a narrow terminal has no room for, the least important first."""

_LABEL_CELLS = 10
_STATE_IN_WORDS = frozenset({EventKind.QUEUED, EventKind.ATTEMPT_STARTED, EventKind.CANCELLED})
"""Notices that add nothing to the state and the attempt."""


def print_json(row: StoredRun, *, state: str = "", message: str = "") -> None:
    """Print a row as one JSON object, with another state and message where those are given."""
    click.echo(json.dumps(row_object(row, state=state, message=message), ensure_ascii=False))


def row_object(row: StoredRun, *, state: str = "", message: str = "") -> JsonObject:
    """A row as the fields of a JSON object, with another state and message where those are given."""
    info = row.run_info
    return json_object(
        row.updated or datetime.now(UTC),
        run=str(row.run),
        attempt=row.attempt,
        state=state or str(row.state),
        message=message or newest_message(row),
        artifact=row.artifact,
        elapsed=row.elapsed,
        goal=str(row.goal),
        name=info.name or None if info else None,
        run_state=info.state or None if info else None,
        last_step=info.last_step if info else None,
    )


def newest_message(row: StoredRun) -> str:
    """The row's newest message, without its countdown to the next check, which would be out of date."""
    return clean(event_text(row.notice, countdown=False))


def print_table(rows: Sequence[StoredRun]) -> None:
    """Print a line for each row; on a terminal only the columns that fit."""
    now = datetime.now(UTC)
    cells = {
        "RUN": [str(row.run) for row in rows],
        "STATE": [str(row.state) for row in rows],
        "GOAL": [str(row.goal) for row in rows],
        "ARTIFACT": [_version(row) or "–" for row in rows],
        "ATTEMPT": [str(row.attempt) for row in rows],
        "TIME": [format_elapsed(row.elapsed) for row in rows],
        "UPDATED": [_age(row, now) for row in rows],
    }
    width = columns(sys.stdout)
    if width is None:
        cells["MESSAGE"] = [newest_message(row) for row in rows]
    else:
        for title in _FIRST_TO_GO:
            if _width(cells) > width:
                del cells[title]
        room = width - _width(cells) - len(_GAP)
        if room >= _MIN_MESSAGE_CELLS:
            cells["MESSAGE"] = [fit(newest_message(row), room) for row in rows]
    widths = [max(map(len, [title, *column])) for title, column in cells.items()]
    for line in [tuple(cells), *zip(*cells.values(), strict=True)]:
        padded = (cell.ljust(size) for cell, size in zip(line, widths, strict=True))
        # Not wrapped: an address that is too long stays whole.
        click.echo(_GAP.join(padded).rstrip())


def _width(cells: dict[str, list[str]]) -> int:
    return sum(max(map(len, [title, *column])) for title, column in cells.items()) + len(_GAP) * (len(cells) - 1)


def print_details(row: StoredRun) -> None:
    """Print all that is known of a row."""
    info = row.run_info
    about = [info.name, info.state, f"step {info.last_step:,}" if info.last_step is not None else ""] if info else []
    attempt = f", attempt {row.attempt}, {format_elapsed(row.elapsed)}" if row.attempt else ""
    updated = f"{date_and_time(row.updated)} ({_age(row, datetime.now(UTC))})" if row.updated else ""
    lines = {
        "state": f"{row.state}{attempt}",
        "goal": str(row.goal),
        "artifact": row.artifact or "",
        "run": clean(", ".join(filter(None, about))),
        "updated": updated,
        "message": newest_message(row),
    }
    say(str(row.run))
    for label, text in lines.items():
        if text:
            say(f"  {label.ljust(_LABEL_CELLS)}{text}", hang=2 + _LABEL_CELLS)


def print_change(row: StoredRun, *, state: str = "") -> None:
    """Print a row that has changed as one line, with another state where one is given."""
    text = state or str(row.state)
    if not state and row.attempt:
        text += f", attempt {row.attempt}"
    if not state and row.notice and row.notice.kind not in _STATE_IN_WORDS:
        text += f": {newest_message(row)}"
    say(f"{time_of_day(datetime.now(UTC))}{_GAP}{row.run} ({row.goal}){_GAP}{text}")


def _version(row: StoredRun) -> str:
    return row.artifact.rpartition(":")[2] if row.artifact else ""


def _age(row: StoredRun, now: datetime) -> str:
    """The age of its newest message, which shows whether a dashboard is at work."""
    return f"{format_age(max(0.0, (now - row.updated).total_seconds()))} ago" if row.updated else "–"
