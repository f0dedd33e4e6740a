"""Text broken into lines, at spaces where that is possible."""

from __future__ import annotations

import re

from rich.cells import cell_len

BREAK = re.compile(r"(?<!\d) | (?!(?:ms|s|min|m|h|d|[kMGT]?i?B|%)(?!\w))")
"""A space at which a line may end: any but that between a number and its unit."""


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken at spaces where that is possible.

    A number and its unit stay together.
    """
    if len(text) * 2 <= width or cell_len(text) <= width:
        return [text]
    lines: list[str] = []
    current = ""
    room = width
    for word in BREAK.split(text):
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
