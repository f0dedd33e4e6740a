"""What is said in the shell: on a terminal no word breaks at the edge; in a pipe a line stays a line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import click

_COLUMNS = re.compile(r"(?<=\S) {2,}(?=\S)")
"""What stands between two columns of a line."""

_LEAST_BESIDE = 24
"""Cells that must be left beside the first column; with fewer the second begins below it."""

_STEP = 2


def say(text: str, *, err: bool = False, hang: int | None = None) -> None:
    """Write a text to stdout or stderr, and on a terminal in lines that fit it.

    Args:
        text: One or more lines; colours are kept where the terminal has them.
        err: Whether to write to stderr.
        hang: How far what follows the first line is indented; else as far as the line itself or its second column.
    """
    click.echo(fitted(text, columns(sys.stderr if err else sys.stdout), hang), err=err)


def columns(stream: Any) -> int | None:
    """How wide the terminal is that a stream leads to; None where it is none, or does not tell."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (AttributeError, ValueError, OSError):
        return None


def fitted(text: str, width: int | None, hang: int | None = None) -> str:
    """A text in lines of at most `width` cells, broken at spaces; a word that is longer stays whole, to be copied."""
    if width is None or all(len(line) * 2 <= width for line in text.split("\n")):
        return text
    return "\n".join(part for line in text.split("\n") for part in _lines(line, width, hang))


def _lines(line: str, width: int, hang: int | None) -> Iterator[str]:
    if _cells(line) <= width:
        yield line
        return
    indent = len(line) - len(line.lstrip(" "))
    gap = _COLUMNS.search(line, indent) if hang is None else None
    if gap is not None and width - gap.end() < _LEAST_BESIDE:
        yield from _wrapped(line[: gap.start()], width, indent + _STEP)
        yield from _wrapped(" " * (indent + 2 * _STEP) + line[gap.end() :], width, indent + 2 * _STEP)
        return
    wanted = gap.end() if gap is not None else indent if hang is None else hang
    yield from _wrapped(line, width, wanted if width - wanted >= _LEAST_BESIDE else indent + _STEP)


def _wrapped(line: str, width: int, hang: int) -> Iterator[str]:
    from wandb_tui.text.wrapping import BREAK

    indent = len(line) - len(line.lstrip(" "))
    first, *words = BREAK.split(line[indent:])
    current = line[:indent] + first
    for word in words:
        longer = f"{current} {word}" if current.strip() else current + word
        if _cells(longer) <= width or _cells(word) > width - hang > 0:
            current = longer
            continue
        yield current.rstrip()
        current = " " * hang + word
    yield current.rstrip()


def _cells(text: str) -> int:
    """How wide a text is on the terminal, which takes its colours out."""
    from rich.cells import cell_len

    return cell_len(click.unstyle(text))
