"""Links that the terminal opens on a click (OSC 8): finding addresses in a text, and writing them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from urllib.parse import quote

Link = tuple[int, int, str]
"""Start and end in a text, and the address."""

_URL = re.compile(r"https?://[^\s<>\"'“”…\N{REPLACEMENT CHARACTER}]+")
_NOT_AT_THE_END = ".,;:!?)]}"
_SAFE = "%/:?#[]@!$&()*+,;=-._~"
_MAX_URL_CHARS = 2000


def link(style: str, url: str) -> str:
    """A Textual style with a link to an address; the style alone without one."""
    return f'{style} link="{written(url)}"' if url else style


def written(url: str) -> str:
    """An address escaped for a terminal sequence: ASCII without control characters."""
    return quote(url, safe=_SAFE)[:_MAX_URL_CHARS]


def links_in(text: str) -> list[Link]:
    """The addresses in a text."""
    if "://" not in text:
        return []
    found = ((match.start(), match[0].rstrip(_NOT_AT_THE_END)) for match in _URL.finditer(text))
    return [(start, start + len(url), url) for start, url in found]


def over_lines(text: str, lines: Sequence[str]) -> Iterator[list[Link]]:
    """The addresses in each line of a wrapped text; an address over two lines is in both, in part."""
    links, at = links_in(text), 0
    for line in lines:
        start = text.find(line, at) if links else -1
        if start < 0:
            yield []
            continue
        at = start + len(line)
        yield [(max(a, start) - start, min(b, at) - start, url) for a, b, url in links if a < at and b > start]


def cut(pieces: Iterable[tuple[str, str]], links: Sequence[Link]) -> Iterator[tuple[str, str, str]]:
    """Pieces of a line, cut where an address begins or ends: text, style, and the address or an empty string."""
    at = 0
    for text, style in pieces:
        end = at + len(text)
        edges = sorted({at, end, *(edge for a, b, _ in links for edge in (a, b) if at < edge < end)})
        for a, b in pairwise(edges):
            url = next((url for start, stop, url in links if start <= a and b <= stop), "")
            yield text[a - at : b - at], style, url
        at = end
