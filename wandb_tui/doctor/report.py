"""Turns a finding into a check: timed, without secrets, and an error in one check does not end the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass

from wandb_tui.core.checks import Check, CheckStatus, Fix
from wandb_tui.core.errors import ApiKeyError, SignInError, SignInProblem, VisitError, WandbTuiError, internal_error
from wandb_tui.services.credentials.anonymizer import anonymize

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check; the attributes are those of `Check`."""

    status: CheckStatus
    message: str
    hint: str = ""
    details: tuple[str, ...] = ()
    fix: Fix = Fix.NOTHING


def run_check(name: str, find: Callable[[], Finding]) -> Check:
    """Run one check; an error is a finding, too."""
    began = time.monotonic()
    refused = False
    try:
        found = find()
    except WandbTuiError as error:
        operations = error.operations if isinstance(error, VisitError) else ()
        refused = _is_refusal(error)
        fix = Fix.SIGN_IN if refused else Fix.NOTHING
        found = Finding(CheckStatus.BAD, error.message, error.hint, operations, fix)
    except CancelledError:
        found = Finding(CheckStatus.SKIPPED, "cancelled")
    except Exception as error:
        log.exception("The check %s failed", name)
        internal = internal_error(error)
        found = Finding(CheckStatus.BAD, internal.message, internal.hint)
    return _anonymous(name, found, time.monotonic() - began, refused=refused)


def skipped_check(name: str, reason: str) -> Check:
    """A check that could not be run."""
    return _anonymous(name, Finding(CheckStatus.SKIPPED, f"skipped: {reason}"), 0.0, refused=False)


def _is_refusal(error: WandbTuiError) -> bool:
    if isinstance(error, SignInError):
        return error.problem is not SignInProblem.UNREACHABLE
    return isinstance(error, ApiKeyError)


def _anonymous(name: str, found: Finding, seconds: float, *, refused: bool) -> Check:
    return Check(
        name=name,
        status=found.status,
        message=anonymize(found.message),
        hint=anonymize(found.hint),
        details=tuple(anonymize(line) for line in found.details),
        seconds=seconds,
        refused=refused,
        fix=found.fix,
    )
