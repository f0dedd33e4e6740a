"""Finding a text in a log: which lines have it, and where it stands in what is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from wandb_tui.core.record import LogLine
from wandb_tui.ui.log_lines import Drawn, Piece
from wandb_tui.ui.look import clean


def found(lines: Sequence[Drawn], needle: str) -> list[int]:
    """The first line on the screen of each line of the log that has the needle, in order."""
    needle = needle.casefold()
    firsts: list[int] = []
    before: LogLine | None = None
    for index, line in enumerate(lines):
        if line.of is not None and line.of is not before and needle in clean(line.of.message).casefold():
            firsts.append(index)
        before = line.of
    return firsts


def marked(pieces: Sequence[Piece], needle: str, style: str) -> tuple[Piece, ...]:
    """The same pieces with every needle in them in that style."""
    needle = needle.casefold()
    out: list[Piece] = []
    for text, before in pieces:
        folded, at = text.casefold(), 0
        # Where folding changes the length of a text, positions would not fit; such texts stay as they are.
        while len(folded) == len(text) and (hit := folded.find(needle, at)) >= 0:
            out += [(text[at:hit], before), (text[hit : hit + len(needle)], style)]
            at = hit + len(needle)
        out.append((text[at:], before))
    return tuple(piece for piece in out if piece[0])
