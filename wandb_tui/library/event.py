"""The events and data that the library's callbacks receive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

from wandb_tui.core.events import MonitorEvent, MonitorStatus
from wandb_tui.text.event_text import event_text, status_line

Callback = Callable[[MonitorStatus, dict[str, Any]], object]
"""Called from the monitor's thread with each status line: the status, and what belongs to it.

The data has ``message`` (the line with its emoji), ``run`` (``entity/project/run_id``), ``state``, ``attempt``,
``artifact`` (with its version, or None), ``elapsed`` (seconds) and ``next_check`` (seconds, or None).
"""


@dataclass(frozen=True, slots=True)
class Event(MonitorEvent):
    """Something that happened to a monitored run, as a callback receives it: a `MonitorEvent` with its words."""

    @classmethod
    def of(cls, event: MonitorEvent) -> Self:
        """The same event as one that can be put into words."""
        return cls(**{field.name: getattr(event, field.name) for field in fields(event)})

    @property
    def message(self) -> str:
        """The event in words: one line without emoji, markup or secrets."""
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
        """The reasons why the goal may never be met, one sentence each."""
        return tuple(self.goal.describe_warning(warning) for warning in self.warnings)


def callback_data(event: MonitorEvent) -> dict[str, Any]:
    """The data that a `Callback` receives beside the status."""
    return {
        "message": status_line(event.notice, event.status),
        "run": str(event.run),
        "state": event.state.value,
        "attempt": event.attempt,
        "artifact": event.artifact,
        "elapsed": event.elapsed,
        "next_check": event.next_probe,
    }
