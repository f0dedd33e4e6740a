"""The exit statuses of all commands: one table, which the help and the documentation show."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Self

from wandb_tui.core.errors import ApiKeyError, SignInError, UsageError, WaitTimeoutError, WandbTuiError


class ExitCode(IntEnum):
    """The exit status of a command.

    Attributes:
        meaning: The same in words, as a clause.
    """

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Add the meaning to the number."""
        made = int.__new__(cls, value)
        made._value_, made.meaning = value, meaning
        return made

    DONE = 0, "every goal met (--any: one)"
    FAILED = 1, "a run or a check failed"
    BAD_USAGE = 2, "wrong usage or no terminal"
    REFUSED = 3, "sign-in or API key refused or missing"
    TIMED_OUT = 4, "timed out"
    COMMAND_FAILED = 5, "an --exec command failed"
    HUNG_UP = 129, "the terminal of the dashboard was closed"
    INTERRUPTED = 130, "interrupted"
    TERMINATED = 143, "the dashboard was ended by SIGTERM"


_GRAVEST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.REFUSED,
    ExitCode.FAILED,
    ExitCode.TIMED_OUT,
    ExitCode.COMMAND_FAILED,
)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """The status of a command whose parts ended with these; `DONE` if no part failed."""
    found = set(codes)
    return next((code for code in _GRAVEST_FIRST if code in found), ExitCode.DONE)


def code_of(error: WandbTuiError) -> ExitCode:
    """The status of a command that an error ended."""
    match error:
        case UsageError():
            return ExitCode.BAD_USAGE
        case SignInError() | ApiKeyError():
            return ExitCode.REFUSED
        case WaitTimeoutError():
            return ExitCode.TIMED_OUT
        case _:
            return ExitCode.FAILED


def sentence(*left_out: ExitCode) -> str:
    """All statuses with their meanings, except some, as a sentence for the help."""
    return f"Exit status: {'; '.join(f'{code} {code.meaning}' for code in ExitCode if code not in left_out)}."
