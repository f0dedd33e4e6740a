"""Finding a text in a log: which lines have it, and where it stands in what is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from wandb_tui.core.log import LogLine
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.logs.rendering import ASIDE, COUNT, Piece, RenderedLine


def found(lines: Sequence[RenderedLine], needle: str) -> list[int]:
    """The first line on the screen of each line of the log that has the needle, in order.

    Lines of the log that are folded into one count once, whichever of them has it.
    """
    needle = needle.casefold()
    firsts: list[int] = []
    before: LogLine | None = None
    for index, line in enumerate(lines):
        if line.of is not None and line.of is not before and any(_has(text, needle) for text in line.said):
            firsts.append(index)
        before = line.of
    return firsts


def _has(text: str, needle: str) -> bool:
    return needle in clean(text).casefold()


def marked(pieces: Sequence[Piece], needle: str, style: str) -> tuple[Piece, ...]:
    """The same pieces with every needle in what was said in that style."""
    needle = needle.casefold()
    out: list[Piece] = []
    for text, before in pieces:
        if before in ASIDE:
            out.append((text, before))
            continue
        folded, at = text.casefold(), 0
        # Where folding changes the length of a text, positions would not fit; such texts stay as they are.
        while len(folded) == len(text) and (hit := folded.find(needle, at)) >= 0:
            out += [(text[at:hit], before), (text[hit : hit + len(needle)], style)]
            at = hit + len(needle)
        out.append((text[at:], before))
    return tuple(piece for piece in out if piece[0])


def marked_count(line: RenderedLine, needle: str, style: str) -> tuple[Piece, ...]:
    """The pieces of a line with its count in that style, if only what the count stands for has the needle; else none.

    Where a needle is in what can be read, it is marked there.
    """
    needle = needle.casefold()
    if not line.pieces or line.pieces[-1][1] != COUNT or _has(line.shown, needle):
        return ()
    if not any(_has(text, needle) for text in line.said):
        return ()
    *before, (count, _) = line.pieces
    return (*before, (count, style))
