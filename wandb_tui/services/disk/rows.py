"""Converts runs, attempts and log lines to and from the rows of the watch list's file."""

from __future__ import annotations

import logging
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError
from wandb_tui.core.events import Failure, Level, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt, LogLine
from wandb_tui.core.notice import Notice, text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import Times
from wandb_tui.core.state import State
from wandb_tui.services.disk.notices import add_to_encoded, decode_notice, encode_notice, storable
from wandb_tui.text.event_text import event_text, with_countdown

log = logging.getLogger(__name__)

E = TypeVar("E", bound=StrEnum)

_STEP_LIMIT = 2**63
"""The limit of SQLite's integers."""


def stored_notice(notice: Notice | None) -> tuple[str, str | None]:
    """A notice as stored: its text, and its JSON.

    The lines of a run that waits differ in nothing but the time until the next check, and there are many of them, so
    all else is put together once.
    """
    if notice is None:
        return "", None
    text, encoded = _without_countdown(_LASTING(notice))
    if notice.next_check is None:
        return text, encoded
    return with_countdown(text, notice.next_check), add_to_encoded(encoded, "next_check", notice.next_check)


@lru_cache(maxsize=256)
def _without_countdown(values: tuple[Any, ...]) -> tuple[str, str]:
    notice = Notice(**dict(zip(_LASTING_NAMES, values, strict=True)))
    return storable(event_text(notice)), encode_notice(notice)


_LASTING_NAMES = tuple(field.name for field in fields(Notice) if field.name != "next_check")
_LASTING = attrgetter(*_LASTING_NAMES)
"""The values of a notice that its lines have in common while a run waits."""


def to_datetime(seconds: float) -> datetime:
    """The time for stored seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def enum_member(kind: type[E], value: str | None) -> E | None:
    """The enum member for a stored value; None if it is unknown, as from a later version."""
    try:
        return kind(value) if value else None
    except ValueError:
        return None


def run_values(info: RunInfo | None) -> tuple[str | None, str | None, int | None]:
    """The stored values of a run's information: its name, its state, its last step."""
    if info is None:
        return None, None, None
    step = info.last_step if info.last_step is not None and abs(info.last_step) < _STEP_LIMIT else None
    return storable(info.name) or None, storable(info.state) or None, step


def stored_run(row: tuple[Any, ...], attempts: tuple[Attempt, ...]) -> StoredRun | None:
    """The run stored in a row of the list; None if it cannot be read."""
    _, entity, project, run_id, goal, attempt, state, message, artifact, elapsed, baseline, *more = row
    name, run_state, last_step, failure, check_interval, max_wait_time, notice, updated = more
    try:
        return StoredRun(
            RunAddress(entity, project, run_id),
            Goal.parse(goal),
            attempt,
            State(state),
            decode_notice(notice, message),
            artifact,
            elapsed,
            baseline,
            attempts,
            run_info=None if more[:3] == [None] * 3 else RunInfo(name or "", run_state or "", last_step),
            failure=enum_member(Failure, failure),
            times=None if None in {check_interval, max_wait_time} else Times(check_interval, max_wait_time),
            updated=None if updated is None else to_datetime(updated),
        )
    except (UsageError, ValueError):
        log.warning("A row of the watch list cannot be read and is skipped: %s/%s/%s", entity, project, run_id)
        return None


def log_line(row: tuple[Any, ...]) -> LogLine | None:
    """The log line stored in a row; None if it cannot be read."""
    attempt, at, message, status, level, state, notice = row
    try:
        known = MonitorStatus(status) if status else None
        happened = decode_notice(notice, message) or text_notice("")
        return LogLine(to_datetime(at), attempt, happened, known, Level(level), State(state))
    except ValueError:
        log.warning("A log line cannot be read and is skipped")
        return None
