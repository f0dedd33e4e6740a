"""The events that a monitor publishes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import Notice
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.state import State
from wandb_tui.core.verdict import GoalWarning

if TYPE_CHECKING:
    from wandb_tui.core.feed import FeedClock


class MonitorStatus(StrEnum):
    """The six status lines that a monitor reports, in the order in which they usually come."""

    SIGNING_IN = "signing-in"
    """🔐 The browser is being signed in."""
    VISITING = "visiting"
    """🌐 The run's page is being opened."""
    MONITORING = "monitoring"
    """🔍 Polling for the artifact begins."""
    NOT_AVAILABLE = "not-available"
    """⏳ The goal is not met yet."""
    AVAILABLE = "available"
    """🎉 The goal is met."""
    TIMEOUT = "timeout"
    """⏰ Time is up."""

    @property
    def emoji(self) -> str:
        """The emoji that the status line starts with."""
        return _EMOJI[self]


_EMOJI = {
    MonitorStatus.SIGNING_IN: "🔐",
    MonitorStatus.VISITING: "🌐",
    MonitorStatus.MONITORING: "🔍",
    MonitorStatus.NOT_AVAILABLE: "⏳",
    MonitorStatus.AVAILABLE: "🎉",
    MonitorStatus.TIMEOUT: "⏰",
}


class Failure(StrEnum):
    """The kinds of failure that callers distinguish."""

    SIGN_IN = "sign-in"
    """The browser could not be signed in."""
    API_KEY = "api-key"
    """The server refused the API key, or there is none."""
    NOT_FOUND = "not-found"
    """There is no such project or run, or the key may not see it."""
    SERVER = "server"
    """The server cannot be reached until the user changes something: its address, a proxy, a certificate."""
    NO_BROWSER = "no-browser"
    """There is no browser on this machine."""
    INTERNAL = "internal"
    """An error in wandb-tui itself."""


class Level(StrEnum):
    """The importance of a line in a run's log."""

    INFO = "info"
    """Nothing is wrong."""
    WARNING = "warning"
    """Something failed and is retried, or the goal may never be met."""
    ERROR = "error"
    """The attempt has failed."""


@dataclass(frozen=True, slots=True)
class MonitorEvent:
    """Something that happened to an attempt, and the state of the attempt after it."""

    run: RunAddress
    """The run that is monitored."""
    attempt: int
    """The number of the attempt, counted from 1; events of an older attempt are stale."""
    state: State
    """The state after this event."""
    notice: Notice
    """The kind of event, with the values that belong to it."""
    goal: Goal = field(default_factory=Goal)
    """The goal that the attempt waits for now."""
    status: MonitorStatus | None = None
    """The status line that this is, if it is one of the six."""
    level: Level = Level.INFO
    """Its importance in the log."""
    artifact: str | None = None
    """``entity/project/run-<id>-history:v0`` once a version is known."""
    elapsed: float = 0.0
    """Seconds the attempt's clock has run; it stops while the monitor waits for the user."""
    clock_stopped: bool = False
    """Whether the clock is stopped now."""
    next_probe: float | None = None
    """Seconds until the next probe, None where none is planned."""
    failure: Failure | None = None
    """The kind of failure, in state `FAILED`."""
    error: WandbTuiError | None = None
    """The failure as an error that a caller can raise; after a time-out, the reason why the server did not answer, if
    it did not."""
    run_info: RunInfo | None = None
    """The run itself, as last reported by the server."""
    warnings: tuple[GoalWarning, ...] = ()
    """The reasons known so far why this goal may never be met."""
    baseline: int | None = None
    """The newest version when the attempt began, -1 for none; None while it is unknown."""
    feed: FeedClock | None = None
    """The plan by which the feeds of the run's project are read, if the run is left to them."""
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    """The time of the event (UTC)."""


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """The thread of an attempt has ended: only now may the next attempt of that run begin."""

    run: RunAddress
    attempt: int


MonitorMessage = MonitorEvent | AttemptEnded
"""A message from a monitor's thread."""
