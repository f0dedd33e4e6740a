"""Breaks text into lines that fit a width, at spaces where possible."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.cells import cell_len

_BREAK = re.compile(r"(?<!\d) | (?!(?:ms|s|min|m|h|d|[kMGT]?i?B|%)(?!\w))")
"""A space at which a line may end: any but one between a number and its unit."""


def wrapped(
    text: str, width: int, *, hang: int = 0, break_words: bool = True, cells: Callable[[str], int] = cell_len
) -> list[str]:
    """Break `text` into lines of at most `width` cells, at spaces where possible.

    A number and its unit stay together.

    Args:
        text: One line; its indentation stays.
        width: In terminal cells.
        hang: The indentation of all lines but the first.
        break_words: Whether words longer than a line are broken; otherwise their line is longer than `width`, so that
            an address can be copied whole.
        cells: Measures a text in terminal cells.
    """
    if len(text) * 2 <= width or cells(text) <= width:
        return [text]
    indent = len(text) - len(text.lstrip(" "))
    room = max(1, width - max(indent, hang))
    lines: list[str] = []
    current, used, empty = " " * indent, indent, True
    for word in _BREAK.split(text[indent:]):
        length = cells(word)
        space = "" if empty else " "
        if used + len(space) + length <= width or (length > room and not break_words):
            current, used, empty = current + space + word, used + len(space) + length, False
            continue
        if not empty:
            lines.append(current.rstrip())
            current, used = " " * hang, hang
        *full, last = _pieces(word, room, cells) if length > room else [word]
        for piece in full:
            lines.append(current + piece)
            current, used = " " * hang, hang
        current, used, empty = current + last, used + cells(last), False
    return [*lines, current.rstrip()]


def _pieces(word: str, width: int, cells: Callable[[str], int]) -> list[str]:
    """A word that is too long, in pieces that fit."""
    pieces: list[str] = []
    piece, length = "", 0
    for char in word:
        size = cells(char)
        if length + size > width and piece:
            pieces.append(piece)
            piece, length = "", 0
        piece += char
        length += size
    return [*pieces, piece]
