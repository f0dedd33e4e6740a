"""What a probe may learn about a run and its history artifact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Answer(StrEnum):
    """How the server answered; only `ABSENT` keeps a monitor waiting in silence."""

    THERE = "there"
    ABSENT = "absent"
    REFUSED = "refused"
    """The API key was refused."""
    MISSING = "missing"
    """No such project or run, or this key may not see it; the server does not tell which."""
    NOT_UNDERSTOOD = "not-understood"
    """The server answered, but does not understand the question or gives an answer that makes no sense."""
    TROUBLE = "trouble"
    """The network failed, or the server is in trouble or limits the rate."""


@dataclass(frozen=True, slots=True)
class ArtifactVersion:
    """One version of a history artifact.

    Attributes:
        version: The version index: 0 for ``v0``.
        created: When it was made, by the server's clock; None where the server does not say.
        digest: The content's digest, as the server gives it.
        size: Bytes; None where the server does not say.
    """

    version: int
    created: datetime | None = None
    digest: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is known of the run itself: its display name, its state, its last history step."""

    name: str = ""
    state: str = ""
    last_step: int | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which steps of the history the export covers.

    Attributes:
        covered: The highest step up to which nothing is missing, -1 for none, None where the server does not tell.
        complete: Whether nothing logged so far is missing; None where the server does not tell.
        last_step: The last step that the run has logged; None where the server does not tell.
    """

    covered: int | None
    complete: bool | None
    last_step: int | None


@dataclass(frozen=True, slots=True)
class Probe:
    """One answer about one run.

    Attributes:
        answer: Which kind of answer.
        artifact: The newest version, with `Answer.THERE`.
        run: What the same request told about the run.
        coverage: Which steps are covered, where that was asked.
        message: What went wrong, in one sentence, for the last four kinds.
        retry_after: Seconds that the server asks us to wait, if it does.
    """

    answer: Answer
    artifact: ArtifactVersion | None = None
    run: RunInfo | None = None
    coverage: Coverage | None = None
    message: str = ""
    retry_after: float | None = None
