"""A run's log as lines on the screen: wrapped, indented under their text, attempts set apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len

from wandb_tui.core.events import Level
from wandb_tui.core.record import LogLine
from wandb_tui.core.state import State
from wandb_tui.ui import look as looks
from wandb_tui.ui.look import Look, clean

Piece = tuple[str, str]
"""A text and the name of its style."""

_LEVELS = {Level.INFO: "text", Level.WARNING: "warning", Level.ERROR: "error"}
_ENDS = {State.AVAILABLE: "success", State.CANCELLED: "quiet"}
_TIME_WIDTH = 9
_SIGN_WIDTH = 3
_NARROW = 28
"""Below this many cells the time of day is left out."""


def drawn(lines: Iterable[LogLine], width: int, look: Look, before: int | None) -> Iterator[list[Piece]]:
    """The screen's lines for these lines of a log.

    Args:
        lines: Lines of the log, oldest first.
        width: How many cells there are.
        look: Which signs to draw with.
        before: The attempt of the line before the first, if there was one.
    """
    for line in lines:
        if before is not None and line.attempt != before:
            yield _rule(line.attempt, width, look)
        before = line.attempt
        yield from _line(line, width, look)


def _line(line: LogLine, width: int, look: Look) -> Iterator[list[Piece]]:
    time = f"{looks.time_of_day(line.time)} " if width >= _NARROW else ""
    style = _ENDS.get(line.state, _LEVELS[line.level]) if line.state.final else _LEVELS[line.level]
    sign = look.sign(line)
    sign += " " * (_SIGN_WIDTH - cell_len(sign))
    indent = len(time) + _SIGN_WIDTH
    first, *rest = wrapped(look.text(clean(line.message)), max(1, width - indent))
    yield [(time, "time"), (sign, style), (first, style)]
    for more in rest:
        yield [(" " * indent, "text"), (more, style)]


def _rule(attempt: int, width: int, look: Look) -> list[Piece]:
    title = f"── attempt {attempt} "
    return [(look.text(title + "─" * max(0, width - cell_len(title))), "rule")]


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken at spaces where that is possible."""
    if len(text) * 2 <= width or cell_len(text) <= width:
        return [text]
    lines: list[str] = []
    current = ""
    room = width
    for word in text.split(" "):
        length = cell_len(word)
        if current and length + 1 <= room:
            current, room = f"{current} {word}", room - length - 1
            continue
        if current:
            lines.append(current)
        *full, current = _broken(word, width) if length > width else [word]
        lines += full
        room = width - cell_len(current)
    lines.append(current)
    return lines


def _broken(word: str, width: int) -> list[str]:
    """A word that is too long, in pieces that fit."""
    pieces: list[str] = []
    piece, length = "", 0
    for char in word:
        cells = cell_len(char)
        if length + cells > width and piece:
            pieces.append(piece)
            piece, length = "", 0
        piece += char
        length += cells
    return [*pieces, piece]
