"""A run's log and its attempts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wandb_tui.core.events import Level, MonitorStatus
from wandb_tui.core.notice import Notice
from wandb_tui.core.state import State

UNKNOWN_TIME = datetime.min.replace(tzinfo=UTC)
"""The time of a line of which it is not known."""

MAX_CONSOLE_LINES = 5000
"""The number of lines that are read and kept of one console; the newest ones."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log.

    Consecutive lines of one attempt that repeat one another (see `Notice.repeats`) are counted, so that they can be
    folded into the newest of them.

    Attributes:
        nth: The number of this line among those that repeat one another, from 1.
        since: When the first of them was added; None if this is the first.
    """

    time: datetime
    attempt: int
    notice: Notice
    status: MonitorStatus | None = None
    level: Level = Level.INFO
    state: State = State.QUEUED
    nth: int = field(default=1, compare=False)
    since: datetime | None = field(default=None, compare=False)

    @property
    def began(self) -> datetime:
        """The time at which the first of the lines that repeat one another was added."""
        return self.since or self.time

    def after(self, previous: LogLine) -> LogLine:
        """This line, counted as the one that follows `previous`."""
        if not self._repeats(previous):
            return self
        # Not with `replace`, which takes three times as long: every line of every monitor is counted here.
        return LogLine(
            self.time,
            self.attempt,
            self.notice,
            self.status,
            self.level,
            self.state,
            nth=previous.nth + 1,
            since=previous.since or previous.time,
        )

    def folds_with(self, other: LogLine) -> bool:
        """Whether both are among the same lines that repeat one another."""
        return self.attempt == other.attempt and self.began == other.began

    def _repeats(self, previous: LogLine) -> bool:
        return (
            self.attempt == previous.attempt
            and self.level is previous.level
            and self.status is previous.status
            # The end of an attempt is never folded.
            and not self.state.final
            and not previous.state.final
            and self.notice.repeats(previous.notice)
        )


def counted(lines: Iterable[LogLine]) -> list[LogLine]:
    """These lines, each counted as the one that follows the line before it."""
    out: list[LogLine] = []
    for line in lines:
        out.append(line.after(out[-1]) if out else line)
    return out


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to see a goal met.

    Attributes:
        number: Which one it is, from 1.
        started: When it began (UTC).
        ended: When it ended; None while it has not.
        state: Its final state, or the current one.
        notice: The newest event.
    """

    number: int
    started: datetime
    ended: datetime | None = None
    state: State = State.QUEUED
    notice: Notice | None = None
