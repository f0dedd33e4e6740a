"""Output of the commands: wrapped on a terminal, unchanged in a pipe."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import click

_COLUMNS = re.compile(r"(?<=\S) {2,}(?=\S)")
"""The gap between two columns of a line."""

_MIN_SECOND_COLUMN_CELLS = 24
"""The minimum width of the second column; if there is less room, it starts on a line below the first."""

_INDENT_CELLS = 2


def say(text: str, *, err: bool = False, hang: int | None = None) -> None:
    """Write a text to stdout or stderr; on a terminal, in lines that fit.

    Args:
        text: One or more lines; colours stay where the terminal supports them.
        err: Whether to write to stderr.
        hang: The indentation of continuation lines; by default that of the line, or of its second column.
    """
    stream = sys.stderr if err else sys.stdout
    if not takes_symbols(stream):
        from wandb_tui.text.glyphs import Glyphs

        text = Glyphs(ascii=True).text(text)
    click.echo(fitted(text, columns(stream), hang), err=err)


def takes_symbols(stream: Any) -> bool:
    """Whether the encoding of a stream has the signs that we write; that of some older systems has not."""
    try:
        "✔…│".encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def columns(stream: Any) -> int | None:
    """The width of a stream's terminal in cells; None if it is not a terminal, or the width is unknown."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (AttributeError, ValueError, OSError):
        return None


def fitted(text: str, width: int | None, hang: int | None = None) -> str:
    """A text in lines of at most `width` cells, broken at spaces; longer words stay whole, so they can be copied."""
    if width is None or all(len(line) * 2 <= width for line in text.split("\n")):
        return text
    return "\n".join(part for line in text.split("\n") for part in _lines(line, width, hang))


def _lines(line: str, width: int, hang: int | None) -> Iterator[str]:
    if _cells(line) <= width:
        yield line
        return
    indent = len(line) - len(line.lstrip(" "))
    gap = _COLUMNS.search(line, indent) if hang is None else None
    if gap is not None and width - gap.end() < _MIN_SECOND_COLUMN_CELLS:
        yield from _wrapped(line[: gap.start()], width, indent + _INDENT_CELLS)
        yield from _wrapped(" " * (indent + 2 * _INDENT_CELLS) + line[gap.end() :], width, indent + 2 * _INDENT_CELLS)
        return
    wanted = gap.end() if gap is not None else indent if hang is None else hang
    yield from _wrapped(line, width, wanted if width - wanted >= _MIN_SECOND_COLUMN_CELLS else indent + _INDENT_CELLS)


def _wrapped(line: str, width: int, hang: int) -> list[str]:
    from wandb_tui.text.wrapping import wrapped

    return wrapped(line, width, hang=hang, break_words=False, cells=_cells)


def _cells(text: str) -> int:
    """The width of a text on the terminal, without its colour codes."""
    from rich.cells import cell_len

    return cell_len(click.unstyle(text))
