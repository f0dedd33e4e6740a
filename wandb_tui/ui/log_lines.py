"""A run's log as lines on the screen: wrapped, indented under their text, attempts set apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat

from rich.cells import cell_len

from wandb_tui.core.events import Level
from wandb_tui.core.record import LogLine
from wandb_tui.core.state import State
from wandb_tui.ui import look as looks
from wandb_tui.ui.links import Link, over_lines
from wandb_tui.ui.log_view import LogView
from wandb_tui.ui.look import Look, clean
from wandb_tui.ui.wrapping import wrapped

Piece = tuple[str, str]
"""A text and the name of its style."""

_LEVELS = {Level.INFO: "text", Level.WARNING: "warning", Level.ERROR: "error"}
_ENDS = {State.AVAILABLE: "success", State.CANCELLED: "quiet"}
_TIME_WIDTH = 9
_SIGN_WIDTH = 3
_NARROW = 28
"""Below this many cells the time of day is left out."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line on the screen.

    Attributes:
        pieces: What stands there.
        of: Which line of the log it belongs to; none where attempts are set apart.
        links: The addresses in it.
    """

    pieces: tuple[Piece, ...]
    of: LogLine | None = None
    links: tuple[Link, ...] = ()

    @property
    def text(self) -> str:
        """It, without its colours."""
        return "".join(text for text, _ in self.pieces)


@dataclass(frozen=True, slots=True)
class Page:
    """What logs are drawn on.

    Attributes:
        width: How many cells there are.
        look: Which signs to draw with.
        view: How logs are shown.
        starts: When each attempt began.
    """

    width: int
    look: Look
    view: LogView = field(default_factory=LogView)
    starts: Mapping[int, datetime] = field(default_factory=dict)

    def time(self, line: LogLine) -> str:
        """When it was said, with a space; empty where there is no room for it."""
        if self.width < _NARROW:
            return ""
        start = self.starts.get(line.attempt)
        if not self.view.relative or start is None:
            return f"{looks.time_of_day(line.time)} "
        return f"{'+' + looks.minutes(max(0.0, (line.time - start).total_seconds())):>{_TIME_WIDTH - 1}} "


def drawn(lines: Iterable[LogLine], page: Page, before: int | None) -> Iterator[Drawn]:
    """The screen's lines for these lines of a log.

    Args:
        lines: Lines of the log, oldest first.
        page: What they are drawn on.
        before: The attempt of the line before the first, if there was one.
    """
    for line in lines:
        if not page.view.shows(line.level):
            continue
        if before is not None and line.attempt != before:
            yield _rule(line.attempt, page)
        before = line.attempt
        yield from _line(line, page)


def _line(line: LogLine, page: Page) -> Iterator[Drawn]:
    time = page.time(line)
    style = _ENDS.get(line.state, _LEVELS[line.level]) if line.state.final else _LEVELS[line.level]
    sign = page.look.sign(line)
    sign += " " * (_SIGN_WIDTH - cell_len(sign))
    indent = len(time) + _SIGN_WIDTH
    message = page.look.text(clean(line.message))
    lines = wrapped(message, max(1, page.width - indent)) if page.view.wrap else [message]
    before: tuple[Piece, ...] = ((time, "time"), (sign, style))
    links = over_lines(message, lines) if page.look.links else repeat(())
    for text, linked in zip(lines, links, strict=False):
        start = sum(len(piece) for piece, _ in before)
        yield Drawn((*before, (text, style)), line, tuple((start + a, start + b, url) for a, b, url in linked))
        before = ((" " * indent, "text"),)


def _rule(attempt: int, page: Page) -> Drawn:
    title = f"── attempt {attempt} "
    return Drawn(((page.look.text(title + "─" * max(0, page.width - cell_len(title))), "rule"),))
