"""Text from outside as plain text, cut to the width there is."""

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
_MOST_MARKS = 2


def clean(text: str, limit: int = 2000) -> str:
    """Text from outside as plain printable text on one line, at most `limit` characters of it.

    Escape sequences and other control characters become a visible sign, line ends and tabs a space. What has no width
    of its own, or turns the direction of writing, goes: terminals disagree about it and tables would bend.
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
        elif kind != "Cf" and marks <= _MOST_MARKS and ord(char) not in _VARIATION_SELECTORS:
            out.append(char)
    return out


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` cut to `width` cells, ending in the ellipsis where something is missing."""
    if width <= 0:
        return ""
    text = text[: width * 4 + 8]
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - len(ellipsis))).rstrip() + ellipsis[:width]


def fit_end(text: str, width: int, ellipsis: str = "…") -> str:
    """The end of `text` in `width` cells, beginning with the ellipsis where something is missing."""
    if cell_len(text) <= width:
        return text
    end = text[-width:]
    while end and cell_len(end) > width - len(ellipsis):
        end = end[1:]
    return ellipsis + end
