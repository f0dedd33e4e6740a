"""Draws Textual's own parts in ASCII: borders, scroll bars, the dots of a password."""

from __future__ import annotations

import unicodedata

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter


def _of_frame(code: int) -> str:
    """The ASCII form of a line-drawing character."""
    name = unicodedata.name(chr(code))
    if " AND " in name:
        return "+"
    return "|" if name.endswith(("VERTICAL", "UP", "DOWN")) else "-"


_CELLS = str.maketrans(
    {code: _of_frame(code) for code in range(0x2500, 0x2580)}
    | dict.fromkeys(map(ord, "▉▊▋▌▍▎▏▐▕"), "|")
    | dict.fromkeys(map(ord, "▂▃▄▅▆▇▀░▒▓"), " ")
    | {"█": "#", "▁": "_", "▔": "-", "•": "*", "●": "*", "○": "o", "·": "-", "–": "-", "…": "~", "⭘": "o"}
    | {"“": '"', "”": '"', "←": "<", "→": ">", "↑": "^", "↓": "v", "▲": "^", "▼": "v", "✔": "+", "✖": "x"}
    | {"🔎": "/ "}
)
"""An ASCII character of equal width for each glyph: the layout is fixed when a line is filtered."""


class AsciiFilter(LineFilter):
    """Draws each line in ASCII, as far as the glyphs are our own."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - as Textual has it
        """The line in ASCII."""
        return [
            segment
            if segment.text.isascii()
            else Segment(segment.text.translate(_CELLS), segment.style, segment.control)
            for segment in segments
        ]
