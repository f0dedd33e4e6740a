"""How a run, its attempts and its log stand in the tables of the watch list's file, and how they are read again."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError
from wandb_tui.core.events import Failure, Level, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt, LogLine
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import Times
from wandb_tui.core.state import State

log = logging.getLogger(__name__)

E = TypeVar("E", bound=StrEnum)

_LONGEST_MESSAGE = 5000
_MOST_STEPS = 2**63
"""SQLite's numbers end there."""


def storable(text: str) -> str:
    """A text of sensible length without what UTF-8 cannot hold."""
    text = text[:_LONGEST_MESSAGE]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def moment(seconds: float) -> datetime:
    """A moment that was written as seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def word(kind: type[E], value: str | None) -> E | None:
    """One of the words of a kind; None where it is none, as a later version may have written."""
    try:
        return kind(value) if value else None
    except ValueError:
        return None


def told(info: RunInfo | None) -> tuple[str | None, str | None, int | None]:
    """What is kept of the run itself: its name, its state, its last step."""
    if info is None:
        return None, None, None
    step = info.last_step if info.last_step is not None and abs(info.last_step) < _MOST_STEPS else None
    return storable(info.name) or None, storable(info.state) or None, step


def kept_run(row: tuple[Any, ...], attempts: tuple[Attempt, ...]) -> StoredRun | None:
    """A row of the list; None where it cannot be read."""
    _, entity, project, run_id, goal, attempt, state, message, artifact, elapsed, baseline, *more = row
    name, run_state, last_step, failure, check_interval, max_wait_time = more
    try:
        return StoredRun(
            RunAddress(entity, project, run_id),
            *(Goal.parse(goal), attempt, State(state), message, artifact, elapsed, baseline, attempts),
            run_info=None if more[:3] == [None] * 3 else RunInfo(name or "", run_state or "", last_step),
            failure=word(Failure, failure),
            times=None if None in {check_interval, max_wait_time} else Times(check_interval, max_wait_time),
        )
    except (UsageError, ValueError):
        log.warning("A row of the watch list cannot be read and is left alone: %s/%s/%s", entity, project, run_id)
        return None


def log_line(row: tuple[Any, ...]) -> LogLine | None:
    """A line of a log; None where it cannot be read."""
    attempt, at, message, status, level, state = row
    try:
        known = MonitorStatus(status) if status else None
        return LogLine(moment(at), attempt, message, known, Level(level), State(state))
    except ValueError:
        log.warning("A line of a log cannot be read and is left out")
        return None
