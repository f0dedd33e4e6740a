"""The event that a library callback receives."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from wandb_tui.core.events import MonitorEvent
from wandb_tui.text.event_text import event_text, status_line


@dataclass(frozen=True, slots=True)
class Event(MonitorEvent):
    """Something that happened to a monitored run, and how its attempt stands after it.

    Attributes:
        run: The run that is monitored.
        attempt: Which attempt, counted from 1.
        state: The state after this event.
        notice: What happened, as data, for this package's own use; `message` has it in words.
        goal: What the attempt waits for now.
        status: Which of the six status lines this is, if it is one.
        level: How much it matters.
        artifact: ``entity/project/run-<id>-history:v0`` once a version is known.
        elapsed: Seconds the attempt's clock has run; it stands still while the user is needed.
        clock_stopped: Whether the clock stands still now.
        next_probe: Seconds until the next probe, None where none is planned.
        failure: The kind of failure, in state `FAILED`.
        error: The same as an error that a caller can raise; after a time-out, the error that kept the server from
            answering, if any.
        run_info: What the server has reported of the run itself, if anything.
        warnings: Why the goal may never be met, as data; `goal_warnings` has it in words.
        baseline: The newest version when the attempt began, -1 for none; None while it is unknown.
        time: When it happened (UTC).
    """

    @classmethod
    def of(cls, event: MonitorEvent) -> Self:
        """The same event with its words."""
        return cls(**{field.name: getattr(event, field.name) for field in fields(event)})

    @property
    def message(self) -> str:
        """What happened, in one line without emoji, markup or secrets."""
        return event_text(self.notice)

    @property
    def line(self) -> str:
        """The message as a status line, with its emoji if it has one."""
        return status_line(self.notice, self.status)

    @property
    def reason(self) -> str:
        """The message without “next check in 5 s” if it ends with that; else empty."""
        return event_text(self.notice, countdown=False) if self.notice.next_check is not None else ""

    @property
    def goal_warnings(self) -> tuple[str, ...]:
        """Why the goal may never be met, one sentence each."""
        return tuple(self.goal.describe_warning(warning) for warning in self.warnings)
