"""Searches a log: which lines match, and where to highlight."""

from __future__ import annotations

from collections.abc import Sequence

from wandb_tui.core.log import LogLine
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.logs.rendering import ASIDE, COUNT, Piece, RenderedLine


def found(lines: Sequence[RenderedLine], needle: str) -> list[int]:
    """The first screen row of each log line that contains the needle, in order.

    Lines that are folded into one count once.
    """
    needle = needle.casefold()
    firsts: list[int] = []
    before: LogLine | None = None
    for index, line in enumerate(lines):
        if line.of is not None and line.of is not before and any(_has(text, needle) for text in line.messages):
            firsts.append(index)
        before = line.of
    return firsts


def _has(text: str, needle: str) -> bool:
    return needle in clean(text).casefold()


def marked(pieces: Sequence[Piece], needle: str, style: str) -> tuple[Piece, ...]:
    """The pieces with every match in that style."""
    needle = needle.casefold()
    out: list[Piece] = []
    for text, before in pieces:
        if before in ASIDE:
            out.append((text, before))
            continue
        folded, at = text.casefold(), 0
        # If case folding changes the length of a text, positions would not fit; such texts stay as they are.
        while len(folded) == len(text) and (hit := folded.find(needle, at)) >= 0:
            out += [(text[at:hit], before), (text[hit : hit + len(needle)], style)]
            at = hit + len(needle)
        out.append((text[at:], before))
    return tuple(piece for piece in out if piece[0])


def marked_count(line: RenderedLine, needle: str, style: str) -> tuple[Piece, ...]:
    """The pieces with the count highlighted if only a folded line contains the needle; else empty.

    A match in visible text is highlighted there.
    """
    needle = needle.casefold()
    if not line.pieces or line.pieces[-1][1] != COUNT or _has(line.shown, needle):
        return ()
    if not any(_has(text, needle) for text in line.messages):
        return ()
    *before, (count, _) = line.pieces
    return (*before, (count, style))
