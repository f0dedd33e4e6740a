"""What is remembered of a run: the lines of its log, and how its attempts went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wandb_tui.core.events import Level, MonitorStatus
from wandb_tui.core.state import State


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log."""

    time: datetime
    attempt: int
    message: str
    status: MonitorStatus | None = None
    level: Level = Level.INFO
    state: State = State.QUEUED


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, from its beginning on.

    Attributes:
        number: Which one it is, from 1.
        started: When it began (UTC).
        ended: When it ended; None while it has not.
        state: How it ended, or how it stands.
        message: Its last line.
    """

    number: int
    started: datetime
    ended: datetime | None = None
    state: State = State.QUEUED
    message: str = ""
