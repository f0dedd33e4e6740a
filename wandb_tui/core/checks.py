"""The results of doctor's checks, which can be pasted into a bug report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

_MIN_SHOWN_S = 0.05
"""A check that took less does not show its duration, which would read 0.0 s."""


class CheckStatus(StrEnum):
    """The result of a check."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    SKIPPED = "skipped"


SYMBOLS = {CheckStatus.GOOD: "✔", CheckStatus.WARNING: "!", CheckStatus.BAD: "✖", CheckStatus.SKIPPED: "–"}
"""The symbol of each status."""

NAME_CELLS = 16
"""The width of the column of names, in cells."""


class Fix(StrEnum):
    """A fix that the dashboard offers at the press of a key."""

    NOTHING = ""
    BROWSER = "install a browser"
    SIGN_IN = "sign in"
    SESSION = "delete the session"


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of the report.

    Attributes:
        name: The name of the check.
        status: The result.
        message: The finding, in one line.
        hint: Advice for the user, or empty.
        details: Further findings, a line each.
        seconds: How long the check took.
        refused: Whether the server refused a secret.
        fix: The fix that the dashboard can offer.
    """

    name: str
    status: CheckStatus
    message: str
    hint: str = ""
    details: tuple[str, ...] = ()
    seconds: float = 0.0
    refused: bool = False
    fix: Fix = Fix.NOTHING

    @property
    def took(self) -> str:
        """The time that it took, as shown; empty if that is too short to matter."""
        return f"{self.seconds:.1f} s" if self.seconds >= _MIN_SHOWN_S else ""

    def as_dict(self) -> dict[str, object]:
        """This check for ``--json``."""
        return {
            "name": self.name,
            # Scripts read the status under this name.
            "mark": self.status.value,
            "message": self.message,
            "hint": self.hint,
            "details": self.details,
            "seconds": round(self.seconds, 3),
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class PendingCheck:
    """A check that has not been run yet.

    Attributes:
        name: Its name.
        run: Runs the check; may block for long.
    """

    name: str
    run: Callable[[], Check]


def summary(checks: Iterable[Check], *, named: bool = False) -> str:
    """The number of failed checks and of warnings, with their names if wanted; empty if there are none."""
    names: dict[CheckStatus, list[str]] = {CheckStatus.BAD: [], CheckStatus.WARNING: []}
    for check in checks:
        names.get(check.status, []).append(check.name)
    bad, warned = names.values()
    counted = ((bad, "failed"), (warned, "warning" if len(warned) == 1 else "warnings"))
    shown = (f"{len(which)} {what}" + (f" ({', '.join(which)})" if named else "") for which, what in counted if which)
    return ", ".join(shown)


def report(checks: Iterable[Check]) -> str:
    """The checks as the command prints them."""
    return "".join(f"{line}\n" for check in checks for line in as_lines(check))


def as_lines(check: Check) -> list[str]:
    """A check as text: its symbol and message, then the details, then the hint."""
    took = f"  {check.took}" if check.took else ""
    indent = " " * (NAME_CELLS + 3)
    lines = [f"{SYMBOLS[check.status]} {check.name:<{NAME_CELLS}} {check.message}{took}"]
    lines += [f"{indent}{line}" for line in check.details]
    return [*lines, f"{indent}→ {check.hint}"] if check.hint else lines
