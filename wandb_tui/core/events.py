"""The events that a monitor publishes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.goal import Goal, GoalWarning
from wandb_tui.core.notice import Notice
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.state import State


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
    """The kinds of failure that callers tell apart."""

    SIGN_IN = "sign-in"
    """The browser could not be signed in."""
    API_KEY = "api-key"
    """The server refused the API key, or there is none."""
    NOT_FOUND = "not-found"
    """There is no such project or run, or the key may not see it."""
    SERVER = "server"
    """The server cannot be talked to until the user changes something: its address, a proxy, a certificate."""
    NO_BROWSER = "no-browser"
    """There is no browser on this machine."""
    INTERNAL = "internal"
    """A fault of wandb-tui itself."""


class Level(StrEnum):
    """How much a line of a run's log matters."""

    INFO = "info"
    """Nothing is wrong."""
    WARNING = "warning"
    """Something failed and is tried again, or the goal may never be met."""
    ERROR = "error"
    """The attempt has failed."""


@dataclass(frozen=True, slots=True)
class MonitorEvent:
    """Something that happened to an attempt, and how the attempt stands after it.

    Attributes:
        run: The run that is monitored.
        attempt: Which attempt, counted from 1; events of an older attempt are stale.
        state: The state after this event.
        notice: What happened.
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
        warnings: Why this goal may never be met, as known so far.
        baseline: The newest version when the attempt began, -1 for none; None while it is unknown.
        time: When it happened (UTC).
    """

    run: RunAddress
    attempt: int
    state: State
    notice: Notice
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
    warnings: tuple[GoalWarning, ...] = ()
    baseline: int | None = None
    time: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """The thread of an attempt has ended: only now may the next attempt of that run begin."""

    run: RunAddress
    attempt: int


MonitorMessage = MonitorEvent | AttemptEnded
"""Anything that a monitor's thread publishes."""
