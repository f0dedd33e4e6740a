"""What doctor says: one check after the other, each fit to be pasted into a bug report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

_SHOWN_FROM = 0.05
"""Seconds from which on it is told how long a look took: less would read 0.0 s."""


class CheckStatus(StrEnum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    SKIPPED = "skipped"


SIGNS = {CheckStatus.GOOD: "✔", CheckStatus.WARNING: "!", CheckStatus.BAD: "✖", CheckStatus.SKIPPED: "–"}
"""The sign before each."""

NAME_WIDTH = 16
"""Cells for a check's name."""


class Fix(StrEnum):
    """What mends it at the press of a key."""

    NOTHING = ""
    BROWSER = "install a browser"
    SIGN_IN = "sign in"
    SESSION = "forget the session"


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
        mend: What would mend it here and now.
    """

    name: str
    mark: CheckStatus
    message: str
    hint: str = ""
    details: tuple[str, ...] = ()
    seconds: float = 0.0
    refused: bool = False
    mend: Fix = Fix.NOTHING

    @property
    def took(self) -> str:
        """How long it took, or empty where that is not worth a word."""
        return f"{self.seconds:.1f} s" if self.seconds >= _SHOWN_FROM else ""

    def as_dict(self) -> dict[str, object]:
        """This check for ``--json``."""
        told = {**asdict(self), "mark": self.mark.value, "seconds": round(self.seconds, 3)}
        del told["mend"]
        return told


@dataclass(frozen=True, slots=True)
class PendingCheck:
    """A check that is still to be made.

    Attributes:
        name: What is looked at.
        do: Looks; may block for long.
    """

    name: str
    do: Callable[[], Check]


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """What whoever draws on the terminal knows of it.

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
    """How they came out in all, in a few words, with names if wanted; empty where all is well."""
    names: dict[CheckStatus, list[str]] = {CheckStatus.BAD: [], CheckStatus.WARNING: []}
    for check in checks:
        names.get(check.mark, []).append(check.name)
    bad, warned = names.values()
    told = ((bad, "wrong"), (warned, "warning" if len(warned) == 1 else "warnings"))
    shown = (f"{len(which)} {what}" + (f" ({', '.join(which)})" if named else "") for which, what in told if which)
    return ", ".join(shown)


def report(checks: Iterable[Check]) -> str:
    """The checks as text, as the command prints them."""
    return "".join(f"{line}\n" for check in checks for line in as_lines(check))


def as_lines(check: Check) -> list[str]:
    """A check as text: its sign and what was found, then the details, then what to do."""
    took = f"  {check.took}" if check.took else ""
    indent = " " * (NAME_WIDTH + 3)
    lines = [f"{SIGNS[check.mark]} {check.name:<{NAME_WIDTH}} {check.message}{took}"]
    lines += [f"{indent}{line}" for line in check.details]
    return [*lines, f"{indent}→ {check.hint}"] if check.hint else lines
