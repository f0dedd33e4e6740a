"""What is remembered of a run: the lines of its log, and how its attempts went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from wandb_tui.core.events import Level, MonitorStatus
from wandb_tui.core.log_dedup import says_the_same
from wandb_tui.core.state import State


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log.

    The log counts lines that say the same, one right after the other: all of one attempt that differ in nothing but
    lengths of time and how far the run is. So a reader may be shown the newest of them alone.

    Attributes:
        nth: Which one of them this is, from 1.
        since: When the first of them was said; None where this is the first.
    """

    time: datetime
    attempt: int
    message: str
    status: MonitorStatus | None = None
    level: Level = Level.INFO
    state: State = State.QUEUED
    nth: int = field(default=1, compare=False)
    since: datetime | None = field(default=None, compare=False)

    @property
    def began(self) -> datetime:
        """When this was first said."""
        return self.since or self.time

    def after(self, before: LogLine) -> LogLine:
        """This line, counted, as the one that follows `before`."""
        if not self._repeats(before):
            return self
        # Made as it stands, since `replace` would take three times as long: all lines of all monitors come by here.
        return LogLine(
            *(self.time, self.attempt, self.message, self.status, self.level, self.state),
            nth=before.nth + 1,
            since=before.since or before.time,
        )

    def same_as(self, other: LogLine) -> bool:
        """Whether both say the same, with nothing else said in between."""
        return self.attempt == other.attempt and self.began == other.began

    def _repeats(self, before: LogLine) -> bool:
        return (
            self.attempt == before.attempt
            and self.level is before.level
            and self.status is before.status
            # How an attempt ended stands for itself.
            and not self.state.final
            and not before.state.final
            and says_the_same(self.message, before.message)
        )


def counted(lines: Iterable[LogLine]) -> list[LogLine]:
    """These lines, one after the other, counted."""
    out: list[LogLine] = []
    for line in lines:
        out.append(line.after(out[-1]) if out else line)
    return out


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
