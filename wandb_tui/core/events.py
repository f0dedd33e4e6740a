"""What a monitor says while it works."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.state import State


class MonitorStatus(StrEnum):
    """The six status lines that a monitor reports, in the order in which they usually come."""

    SIGNING_IN = "signing-in"
    """🔐 The browser is being signed in."""
    VISITING = "visiting"
    """🌐 The run's page is being opened."""
    MONITORING = "monitoring"
    """🔍 The asking for the artifact begins."""
    NOT_AVAILABLE = "not-available"
    """⏳ The goal is not met yet."""
    AVAILABLE = "available"
    """🎉 The goal is met."""
    TIMEOUT = "timeout"
    """⏰ The time is over."""

    @property
    def emoji(self) -> str:
        """The sign that starts the status line."""
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
    """Why an attempt failed, as far as a caller must tell the reasons apart."""

    SIGN_IN = "sign-in"
    """The browser could not be signed in."""
    API_KEY = "api-key"
    """The server refused the API key, or there is none."""
    NOT_FOUND = "not-found"
    """There is no such project or run, or the key may not see it."""
    SERVER = "server"
    """The server cannot be talked to until the user changes something: its address, a proxy, a certificate."""
    NO_BROWSER = "no-browser"
    """No browser is on this machine."""
    INTERNAL = "internal"
    """A fault of wandb-tui itself."""


class Level(StrEnum):
    """How much a line of a monitor's log matters."""

    INFO = "info"
    """All goes well."""
    WARNING = "warning"
    """Something went wrong that is tried again, or speaks against the goal."""
    ERROR = "error"
    """The attempt has failed."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a monitor said.

    Attributes:
        run: Whose monitor speaks.
        attempt: Which attempt, counted from 1; events of an older attempt are stale.
        state: The state after this event.
        message: One line for people, without emoji, markup or secrets.
        reason: The message without its “next check in 5 s”, where it ends like that; else empty.
        goal: What the attempt waits for now.
        status: Which of the six status lines this is, if it is one.
        level: How much it matters.
        artifact: ``entity/project/run-<id>-history:v0`` once a version is known.
        elapsed: Seconds the attempt's clock has run; it stands still while the user is needed.
        clock_stopped: Whether the clock stands still now.
        next_probe: Seconds until the next probe, None where none is planned.
        failure: Which kind of failure, in state `FAILED`.
        error: The same as an error that a caller can raise; for a time-out, why the server did not tell, if so.
        run_info: What the server said of the run itself, when it said it.
        goal_warnings: What speaks against this goal ever being met, one sentence each, as known so far.
        baseline: The version that was there when the waiting began, -1 for none; None while it is unknown.
        time: When it was said (UTC).
    """

    run: RunAddress
    attempt: int
    state: State
    message: str
    goal: Goal = field(default_factory=Goal)
    status: MonitorStatus | None = None
    level: Level = Level.INFO
    artifact: str | None = None
    elapsed: float = 0.0
    clock_stopped: bool = False
    next_probe: float | None = None
    failure: Failure | None = None
    error: WandbTuiError | None = None
    run_info: RunInfo | None = None
    reason: str = ""
    goal_warnings: tuple[str, ...] = ()
    baseline: int | None = None
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def line(self) -> str:
        """The message as a status line, with its emoji where it has one."""
        return f"{self.status.emoji} {self.message}" if self.status else self.message


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """The thread of an attempt has really ended: only now may the next attempt of that run begin."""

    run: RunAddress
    attempt: int


MonitorMessage = Event | AttemptEnded
"""All that comes from a monitor's thread."""
