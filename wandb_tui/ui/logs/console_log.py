"""The console of a run as a log that a pane can show, and when to read on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime

from wandb_tui.core.console import ConsoleLine, ConsolePage, ConsolePosition
from wandb_tui.core.events import Level
from wandb_tui.core.log import MAX_CONSOLE_LINES, UNKNOWN_TIME, LogLine
from wandb_tui.core.notice import text_notice
from wandb_tui.text.console_text import console_text

_FOLLOW_INTERVAL_S = 5.0
"""Seconds from one reading of a console to the next while its run goes on."""

_RETRY_S = 30.0
"""Seconds after which a reading that failed is repeated."""

CONSOLE_ATTEMPT = 0
"""The attempt that a console's lines belong to: none."""


class ConsoleLog:
    """The console of one run, as far as it has been read: the newest lines.

    Attributes:
        lines: The lines to show; as long as there are none, one that says why.
        position: How far it has been read.
        due_at: When it is read next, by the session's clock; None: not before it is opened again.
    """

    def __init__(self, now: float) -> None:
        self.lines: list[LogLine] = [_remark("Reading the console…")]
        self.position = ConsolePosition()
        self.due_at: float | None = now
        self._raw: list[ConsoleLine] = []
        self._total: int | None = None
        self._problem = ""

    @property
    def status(self) -> str:
        """The limits of the log that is shown, in a few words: only its newest lines, or a problem; mostly empty."""
        parts = []
        if self._raw and self._raw[0].number:
            total = f" of {self._total:,}" if self._total else ""
            parts.append(f"newest {len(self._raw):,}{total} lines")
        if self._raw and self._problem:
            parts.append(self._problem)
        return " · ".join(parts)

    def take(self, page: ConsolePage, now: float) -> LogLine | None:
        """Add a page; returns the last of the lines that have stayed as they were, None if there is none."""
        self.position, self._total, self._problem = page.end, page.total, ""
        self.due_at = now if page.more else now + _FOLLOW_INTERVAL_S if page.going_on else None
        start = self._first_change(page.lines)
        added = [line for line in page.lines if not self._raw[:start] or line.number > self._raw[start - 1].number]
        del self._raw[start:], self.lines[start:]
        for line in added:
            new = _log_line(line, self.lines[-1].time if self.lines else UNKNOWN_TIME)
            self._raw.append(line)
            self.lines.append(new.after(self.lines[-1]) if self.lines else new)
        kept = self.lines[start - 1] if start else None
        surplus = max(0, len(self._raw) - MAX_CONSOLE_LINES)
        del self._raw[:surplus], self.lines[:surplus]
        if not self._raw:
            going_on = " so far" if page.going_on else ""
            self.lines = [_remark(f"The run has written nothing to its console{going_on}.")]
        return kept

    def _first_change(self, lines: Iterable[ConsoleLine]) -> int:
        """The index of the first line that differs from what was read before."""
        for line in lines:
            index = bisect_left(self._raw, line.number, key=lambda known: known.number)
            if index == len(self._raw) or self._raw[index] != line:
                return index
        return len(self._raw)

    def failed(self, reason: str, now: float) -> LogLine | None:
        """Show why it cannot be read, and read it again later; returns the same as `take`."""
        self._problem, self.due_at = reason, now + _RETRY_S
        if self._raw:
            return self.lines[-1]
        self.lines = [_remark(reason, Level.WARNING)]
        return None

    def text(self) -> str:
        """All lines for a file or the clipboard, with local date and time."""
        return "".join(
            f"{line.time.astimezone():%Y-%m-%d %H:%M:%S} {line.notice.detail}\n"
            if line.time != UNKNOWN_TIME
            else f"{line.notice.detail}\n"
            for line in self.lines
        )


def _log_line(line: ConsoleLine, before: datetime) -> LogLine:
    text = console_text(line.text)
    if line.label:
        text = f"[{line.label}] {text}"
    level = Level.WARNING if line.stderr else Level.INFO
    return LogLine(line.time or before, CONSOLE_ATTEMPT, text_notice(text), level=level)


def _remark(text: str, level: Level = Level.INFO) -> LogLine:
    return LogLine(UNKNOWN_TIME, CONSOLE_ATTEMPT, text_notice(text), level=level)
