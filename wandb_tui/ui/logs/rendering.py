"""A run's log as lines on the screen: wrapped, indented, with a rule between attempts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, pairwise, repeat

from rich.cells import cell_len

from wandb_tui.core.events import Level
from wandb_tui.core.log import UNKNOWN_TIME, LogLine
from wandb_tui.core.state import State
from wandb_tui.text import durations, times
from wandb_tui.text.event_text import event_text
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.links import Link, over_lines
from wandb_tui.text.plain_text import clean
from wandb_tui.text.wrapping import wrapped
from wandb_tui.ui.logs.options import LogOptions

Piece = tuple[str, str]
"""A text and the name of its style."""

COUNT = "count"
"""The style of the repeat count at the end of a line."""

ASIDE = frozenset({"time", COUNT})
"""The styles of text beside the message."""

_LEVELS = {Level.INFO: "text", Level.WARNING: "warning", Level.ERROR: "error"}
_ENDS = {State.AVAILABLE: "success", State.CANCELLED: "quiet"}
_TIME_WIDTH = 9
_SIGN_WIDTH = 3
_NARROW_CELLS = 28
"""Below this width in cells, the time of day is omitted."""


@dataclass(frozen=True, slots=True)
class RenderedLine:
    """One line on the screen.

    Attributes:
        pieces: The styled texts.
        of: The line of the log it shows, the newest if several are folded; None for a rule between attempts.
        links: The addresses in it.
        messages: The messages of that line and of lines folded into it, without duplicates.
        shown: The visible part of the message.
    """

    pieces: tuple[Piece, ...]
    of: LogLine | None = None
    links: tuple[Link, ...] = ()
    messages: tuple[str, ...] = ()
    shown: str = ""

    @property
    def text(self) -> str:
        """The line without styles."""
        return "".join(text for text, _ in self.pieces)


@dataclass(frozen=True, slots=True)
class LogLayout:
    """The context in which a log is laid out.

    Attributes:
        width: The width in cells.
        glyphs: The glyphs to draw with.
        view: The display options.
        starts: The start of each attempt.
        signs: Whether each line begins with a sign for what it is.
    """

    width: int
    glyphs: Glyphs
    view: LogOptions = field(default_factory=LogOptions)
    starts: Mapping[int, datetime] = field(default_factory=dict)
    signs: bool = True

    def time(self, moment: datetime, attempt: int) -> str:
        """The time of a line, with a space; empty if there is no room for it."""
        if self.width < _NARROW_CELLS or moment == UNKNOWN_TIME:
            return ""
        start = self.starts.get(attempt)
        if not self.view.relative or start is None:
            return f"{times.time_of_day(moment)} "
        return f"{'+' + durations.format_elapsed(max(0.0, (moment - start).total_seconds())):>{_TIME_WIDTH - 1}} "

    def count(self, line: LogLine) -> str:
        """The repeat count of a line and the time of the last repetition."""
        last = self.time(line.time, line.attempt).strip()
        return self.glyphs.text(f"(×{line.nth:,}, last {last})" if last else f"(×{line.nth:,})")


def rendered(
    lines: Sequence[LogLine], page: LogLayout, before: int | None, messages: Sequence[str] = ()
) -> Iterator[RenderedLine]:
    """Lay out lines of a log as lines of the screen.

    Args:
        lines: Lines of the log, oldest first.
        page: The layout.
        before: The attempt of the line before the first, if there was one.
        messages: The messages of earlier lines that are folded into the first.
    """
    for line, texts in _folded(lines, messages) if page.view.fold else _each(lines):
        if not page.view.shows(line.level):
            continue
        if before is not None and line.attempt != before:
            yield _rule(line.attempt, page)
        before = line.attempt
        yield from _line(line, texts, page)


def _folded(lines: Iterable[LogLine], before: Iterable[str]) -> Iterator[tuple[LogLine, tuple[str, ...]]]:
    """The newest of each run of repeated lines, with all their messages."""
    messages = dict.fromkeys(before)
    for line, following in pairwise(chain(lines, (None,))):
        if line is None:
            return
        messages[event_text(line.notice)] = None
        if following is None or following.nth == 1:
            yield line, tuple(messages)
            messages = {}


def _each(lines: Iterable[LogLine]) -> Iterator[tuple[LogLine, tuple[str, ...]]]:
    return ((line, (event_text(line.notice),)) for line in lines)


def _line(line: LogLine, messages: tuple[str, ...], page: LogLayout) -> Iterator[RenderedLine]:
    counts = page.view.fold and line.nth > 1
    time = page.time(line.began if counts else line.time, line.attempt)
    style = _ENDS.get(line.state, _LEVELS[line.level]) if line.state.final else _LEVELS[line.level]
    sign = page.glyphs.sign(line) if page.signs else ""
    sign += " " * (_SIGN_WIDTH - cell_len(sign)) if page.signs else ""
    indent = len(time) + cell_len(sign)
    room = max(1, page.width - indent)
    shown = event_text(line.notice, countdown=not counts)
    message = page.glyphs.text(clean(shown))
    lines = wrapped(message, room) if page.view.wrap else [message]
    links = over_lines(message, lines) if page.glyphs.links else repeat(())
    texts: list[tuple[Piece, ...]] = [((text, style),) for text in lines]
    if counts:
        texts = _with_count(texts, page.count(line), room if page.view.wrap else None)
    before: tuple[Piece, ...] = ((time, "time"), (sign, style))
    for pieces, linked in zip(texts, chain(links, repeat(())), strict=False):
        start = sum(len(piece) for piece, _ in before)
        addresses = tuple((start + a, start + b, url) for a, b, url in linked)
        yield RenderedLine((*before, *pieces), line, addresses, messages, shown)
        before = ((" " * indent, "text"),)


def _with_count(texts: list[tuple[Piece, ...]], count: str, room: int | None) -> list[tuple[Piece, ...]]:
    """The rows of a line with the count at the end of the last one, or on an extra row if it does not fit."""
    *rows, ((last, style),) = texts
    if room is None or cell_len(last) + 1 + len(count) <= room:
        return [*rows, ((f"{last} ", style), (count, COUNT))]
    return [*texts, *(((text, COUNT),) for text in wrapped(count, room))]


def _rule(attempt: int, page: LogLayout) -> RenderedLine:
    title = f"── attempt {attempt} "
    return RenderedLine(((page.glyphs.text(title + "─" * max(0, page.width - cell_len(title))), "rule"),))
