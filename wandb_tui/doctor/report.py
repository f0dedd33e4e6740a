"""How a look becomes a check: timed, scrubbed, and never the end of the whole examination."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass

from wandb_tui.core.checks import Check, CheckStatus, Fix
from wandb_tui.core.errors import ApiKeyError, SignInError, SignInProblem, VisitError, WandbTuiError
from wandb_tui.services.credentials.anonymizer import anonymize

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look found; the attributes are those of `Check`."""

    mark: CheckStatus
    message: str
    hint: str = ""
    details: tuple[str, ...] = ()
    mend: Fix = Fix.NOTHING


def look(name: str, find: Callable[[], Finding]) -> Check:
    """Do one look, timed and scrubbed; an error is a finding, too."""
    began = time.monotonic()
    refused = False
    try:
        found = find()
    except WandbTuiError as error:
        operations = error.operations if isinstance(error, VisitError) else ()
        found = Finding(CheckStatus.BAD, error.message, error.hint, operations, _mend(error))
        refused = _is_refusal(error)
    except CancelledError:
        found = Finding(CheckStatus.SKIPPED, "given up")
    except Exception as error:
        # Whoever asks what does not work here is not to be told nothing because of one look.
        log.exception("Looking at %s failed", name)
        found = Finding(CheckStatus.BAD, f"wandb-tui itself failed here: {type(error).__name__}", "Its log says more.")
    return _scrubbed(name, found, time.monotonic() - began, refused=refused)


def skipped(name: str, why: str) -> Check:
    """A check that could not be made."""
    return _scrubbed(name, Finding(CheckStatus.SKIPPED, f"not tried: {why}"), 0.0, refused=False)


def _mend(error: WandbTuiError) -> Fix:
    return Fix.SIGN_IN if _is_refusal(error) else Fix.NOTHING


def _is_refusal(error: WandbTuiError) -> bool:
    if isinstance(error, SignInError):
        return error.problem is not SignInProblem.UNREACHABLE
    return isinstance(error, ApiKeyError)


def _scrubbed(name: str, found: Finding, seconds: float, *, refused: bool) -> Check:
    return Check(
        name=name,
        mark=found.mark,
        message=anonymize(found.message),
        hint=anonymize(found.hint),
        details=tuple(anonymize(line) for line in found.details),
        seconds=seconds,
        refused=refused,
        mend=found.mend,
    )
