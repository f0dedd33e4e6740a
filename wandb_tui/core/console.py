"""A run's console: what its process wrote to stdout and stderr, as the server has recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """One line.

    Attributes:
        number: Its position in the console, from 0.
        text: The text as it was written, with any escape sequences and carriage returns.
        time: When it was written (UTC); None if unknown.
        stderr: Whether it was written to stderr.
        label: The name of the process, where several wrote to the run; else empty.
    """

    number: int
    text: str
    time: datetime | None = None
    stderr: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class ConsolePosition:
    """The place up to which a console has been read.

    Attributes:
        cursor: The server's bookmark; empty if it gives none, so that only the newest lines can be read.
        number: The number of the next line.
    """

    cursor: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """A part of a console.

    Attributes:
        lines: New lines in order, and before them lines that may have changed since the last read: a progress bar
            overwrites its own.
        end: How far the console has been read now.
        total: How many lines it has; None if unknown.
        more: Whether there are further lines already.
        going_on: Whether the run may write more.
    """

    lines: tuple[ConsoleLine, ...]
    end: ConsolePosition
    total: int | None = None
    more: bool = False
    going_on: bool = False
