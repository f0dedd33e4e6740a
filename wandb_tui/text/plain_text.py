"""Cleans text from outside, and cuts text to a width."""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len, set_cell_size

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor moves
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|$)"  # titles, links, clipboards: up to their end
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]",
    re.DOTALL,
)
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_MAX_MARKS = 2


def clean(text: str, limit: int = 2000) -> str:
    """Text from outside as printable text on one line of at most `limit` characters.

    Escape sequences and other control characters become a replacement character, line ends and tabs a space.
    Characters that have no width, or change the writing direction, are removed: terminals disagree about them.
    """
    text = text[: limit + 1]
    if text.isascii() and text.isprintable():
        return text if len(text) <= limit else text[: limit - 1] + "…"
    shown = "".join(_harmless(_ESCAPES.sub(REPLACEMENT, text)))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _harmless(text: str) -> list[str]:
    out: list[str] = []
    marks = 0
    for char in text:
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if char in "\r\n\t\x0b\x0c\x85" or kind in {"Zl", "Zp", "Zs"}:
            out.append(" ")
        elif kind in {"Cc", "Cs", "Cn", "Co"}:
            out.append(REPLACEMENT)
        elif kind != "Cf" and marks <= _MAX_MARKS and ord(char) not in _VARIATION_SELECTORS:
            out.append(char)
    return out


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` cut to `width` cells, ending in the ellipsis if cut."""
    if width <= 0:
        return ""
    text = text[: width * 4 + 8]
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - len(ellipsis))).rstrip() + ellipsis[:width]


def fit_end(text: str, width: int, ellipsis: str = "…") -> str:
    """The end of `text` in `width` cells, beginning with the ellipsis if cut."""
    if cell_len(text) <= width:
        return text
    end = text[-width:]
    while end and cell_len(end) > width - len(ellipsis):
        end = end[1:]
    return ellipsis + end
