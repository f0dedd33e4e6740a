"""The checks of doctor: what each found, fit to be pasted into a bug report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

_SHOWN_FROM_S = 0.05
"""Seconds from which on a check shows how long it took: less would read 0.0 s."""


class CheckStatus(StrEnum):
    """The result of a check."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    SKIPPED = "skipped"


SIGNS = {CheckStatus.GOOD: "✔", CheckStatus.WARNING: "!", CheckStatus.BAD: "✖", CheckStatus.SKIPPED: "–"}
"""The sign before each."""

NAME_WIDTH = 16
"""Cells for a check's name."""


class Fix(StrEnum):
    """What fixes a problem at the press of a key."""

    NOTHING = ""
    BROWSER = "install a browser"
    SIGN_IN = "sign in"
    SESSION = "delete the session"


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of the report.

    Attributes:
        name: What was checked.
        status: The result.
        message: What was found.
        hint: What to do, or empty.
        details: What else was found, a line each.
        seconds: How long the check took.
        refused: Whether the server refused a secret.
        fix: What would fix the problem here and now.
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
        """How long it took; empty where that is too short to matter."""
        return f"{self.seconds:.1f} s" if self.seconds >= _SHOWN_FROM_S else ""

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
        name: What is checked.
        run: Runs the check; may block for long.
    """

    name: str
    run: Callable[[], Check]


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """The terminal's properties.

    Attributes:
        columns: Its width.
        lines: Its height.
        encoding: What text is written in.
        colours: ``truecolor``, ``256``, ``standard`` …; empty where there are none.
        environ: The environment.
    """

    columns: int
    lines: int
    encoding: str
    colours: str
    environ: Mapping[str, str]


def summary(checks: Iterable[Check], *, named: bool = False) -> str:
    """How many checks failed or warn, with their names if wanted; empty where there are none."""
    names: dict[CheckStatus, list[str]] = {CheckStatus.BAD: [], CheckStatus.WARNING: []}
    for check in checks:
        names.get(check.status, []).append(check.name)
    bad, warned = names.values()
    counted = ((bad, "failed"), (warned, "warning" if len(warned) == 1 else "warnings"))
    shown = (f"{len(which)} {what}" + (f" ({', '.join(which)})" if named else "") for which, what in counted if which)
    return ", ".join(shown)


def report(checks: Iterable[Check]) -> str:
    """The checks as text, as the command prints them."""
    return "".join(f"{line}\n" for check in checks for line in as_lines(check))


def as_lines(check: Check) -> list[str]:
    """A check as text: its symbol and message, then the details, then the hint."""
    took = f"  {check.took}" if check.took else ""
    indent = " " * (NAME_WIDTH + 3)
    lines = [f"{SIGNS[check.status]} {check.name:<{NAME_WIDTH}} {check.message}{took}"]
    lines += [f"{indent}{line}" for line in check.details]
    return [*lines, f"{indent}→ {check.hint}"] if check.hint else lines
