"""The event that a library callback receives."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from wandb_tui.core.events import MonitorEvent
from wandb_tui.text.event_text import event_text, status_line


@dataclass(frozen=True, slots=True)
class Event(MonitorEvent):
    """Something that happened to a monitored run, as a callback receives it: a `MonitorEvent` with its words."""

    @classmethod
    def of(cls, event: MonitorEvent) -> Self:
        """The same event as one that can be put into words."""
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
