"""What doctor says: one check after the other, each fit to be pasted into a bug report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum

from wandb_tui.core.errors import ApiKeyError, SignInError, SignInProblem, VisitError, WandbTuiError
from wandb_tui.services.scrub import scrub


class Mark(StrEnum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look found; the attributes are those of `Check`."""

    mark: Mark
    message: str
    hint: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of the report.

    Attributes:
        name: What was looked at.
        mark: How it came out.
        message: What was found.
        hint: What to do, or empty.
        details: What else was seen, a line each.
        seconds: How long the looking took.
        refused: Whether the server refused a secret.
    """

    name: str
    mark: Mark
    message: str
    hint: str = ""
    details: tuple[str, ...] = ()
    seconds: float = 0.0
    refused: bool = False

    def as_dict(self) -> dict[str, object]:
        """This check for ``--json``."""
        return {**asdict(self), "mark": self.mark.value, "seconds": round(self.seconds, 3)}


def look(name: str, find: Callable[[], Finding]) -> Check:
    """Do one look, timed and scrubbed; an error that users may see is a finding, too."""
    began = time.monotonic()
    refused = False
    try:
        found = find()
    except WandbTuiError as error:
        found = Finding(Mark.BAD, error.message, error.hint, error.operations if isinstance(error, VisitError) else ())
        refused = _is_refusal(error)
    return _scrubbed(name, found, time.monotonic() - began, refused=refused)


def skipped(name: str, why: str) -> Check:
    """A check that could not be made."""
    return _scrubbed(name, Finding(Mark.SKIPPED, f"not tried: {why}"), 0.0, refused=False)


def _is_refusal(error: WandbTuiError) -> bool:
    if isinstance(error, SignInError):
        return error.problem is not SignInProblem.UNREACHABLE
    return isinstance(error, ApiKeyError)


def _scrubbed(name: str, found: Finding, seconds: float, *, refused: bool) -> Check:
    return Check(
        name=name,
        mark=found.mark,
        message=scrub(found.message),
        hint=scrub(found.hint),
        details=tuple(scrub(line) for line in found.details),
        seconds=seconds,
        refused=refused,
    )
