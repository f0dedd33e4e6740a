"""The result of a probe: what the server reports of a run and its history artifact."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

GOING_ON_STATES = frozenset({"running", "pending", "preempting"})
"""The states of a run that may log more by itself."""


class ProbeOutcome(StrEnum):
    """The kind of answer that the server gave; only `NOT_YET` keeps a monitor waiting in silence."""

    FOUND = "there"
    NOT_YET = "absent"
    UNAUTHORIZED = "refused"
    """The API key was refused."""
    NOT_FOUND = "missing"
    """No such project or run, or this key may not see it; the server does not distinguish."""
    INVALID_RESPONSE = "not-understood"
    """The server answered, but does not understand the query or sends an invalid answer."""
    UNAVAILABLE = "trouble"
    """The network failed, or the server has an error or limits the rate."""


class Persistence(StrEnum):
    """Whether a failed probe can succeed when it is simply repeated."""

    TRANSIENT = "transient"
    """It may succeed at any time."""
    LIKELY_PERMANENT = "likely-permanent"
    """It looks like a wrong address or a barrier on the way; a few repetitions will show."""
    PERMANENT = "permanent"
    """It fails until the user changes something."""


@dataclass(frozen=True, slots=True)
class ArtifactVersion:
    """One version of a history artifact.

    Attributes:
        version: The version index: 0 for ``v0``.
        created: When it was made, by the server's clock; None if unknown.
        digest: The content's digest, as the server gives it.
        size: Bytes; None if unknown.
    """

    version: int
    created: datetime | None = None
    digest: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The run itself, as the server reports it.

    Attributes:
        name: Its display name.
        state: Its state as the server names it, such as ``running`` or ``finished``.
        last_step: Its last history step; None if it has none or that is unknown.
        steps_rise: Whether its steps only rise, as forking needs it; None if unknown.
        without_steps: Whether the server says that no step has been logged.
    """

    name: str = ""
    state: str = ""
    last_step: int | None = None
    steps_rise: bool | None = None
    without_steps: bool = False

    @property
    def going_on(self) -> bool:
        """Whether it may log more by itself."""
        return self.state in GOING_ON_STATES

    @property
    def ended(self) -> bool:
        """Whether it has ended, in any way; it continues only if it is resumed."""
        return bool(self.state) and not self.going_on

    @property
    def shown(self) -> str:
        """Its state and last step as shown: “running, step 1,204”; empty if neither is known."""
        step = f"step {self.last_step:,}" if self.last_step is not None else ""
        return ", ".join(part for part in (self.state, step) if part)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The steps of the history that the export covers.

    Attributes:
        covered: The highest step up to which nothing is missing, -1 for none, None if unknown.
        complete: Whether nothing logged so far is missing; None if unknown.
        last_step: The last step that the run has logged; None if unknown.
        hint: How more could be learned, in a few words.
        verified: Whether the exported files themselves show it; otherwise only the server says so.
    """

    covered: int | None
    complete: bool | None
    last_step: int | None
    hint: str = ""
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """One answer about one run.

    Attributes:
        outcome: Which kind of answer.
        artifact: The newest version, with `ProbeOutcome.FOUND`.
        run: The run itself, as the same request reported it.
        coverage: Which steps are covered, if that was requested.
        message: The problem, in one sentence, for the last four kinds.
        retry_after: Seconds that the server asks us to wait, if any.
        limited: Whether the server limits our rate.
        persistence: Whether repeating the probe can help, for the last two kinds.
        elsewhere: ``entity/project`` of another project that has the run's history artifact; empty if none is known.
        lacks: Fields that the server does not know, without which it cannot report any artifact; empty if it can.
        asked_at: When the server was asked about the run itself, by the prober's clock; None if that is unknown.
    """

    outcome: ProbeOutcome
    artifact: ArtifactVersion | None = None
    run: RunInfo | None = None
    coverage: Coverage | None = None
    message: str = ""
    retry_after: float | None = None
    limited: bool = False
    persistence: Persistence = Persistence.TRANSIENT
    elsewhere: str = ""
    lacks: tuple[str, ...] = ()
    asked_at: float | None = field(default=None, compare=False)
