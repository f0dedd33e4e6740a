"""Finds characters that look like others or are invisible, so that a name is not what it seems."""

from __future__ import annotations

import re
import unicodedata

_LIKE_LATIN = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХаеіјорсѕухԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαινρτυγ",
        "ABESIJKMHOPCTYXaeijopcsyxdhqwABEZHIKMNOPTYXoaivptuy",
        strict=True,
    )
)
"""Cyrillic and Greek letters, and the Latin ones that they look like."""

_JOINERS = "\u200c\u200d"


def strip_invisible(text: str) -> str:
    """`text` without the white space and invisible characters at both ends that copying adds."""
    first, end = 0, len(text)
    while first < end and _is_blank(text[first]):
        first += 1
    while end > first and _is_blank(text[end - 1]):
        end -= 1
    return text[first:end]


def lookalike(text: str) -> str:
    """The first misleading character of a name, in words; empty if there is none.

    A name in another alphabet is not misleading, but a word of Latin letters with a few others that look Latin is.
    """
    for before, character in zip(f" {text}", text, strict=False):
        # Emoji and some scripts join their characters with invisible ones.
        if unicodedata.category(character) == "Cf" and (before.isascii() or character not in _JOINERS):
            return f"an invisible character ({_named(character)})"
    wide = next((c for c in text if unicodedata.east_asian_width(c) == "F"), "")
    if wide and unicodedata.normalize("NFKC", text).isascii():
        return f"a full-width character, “{wide}” ({_named(wide)})"
    for word in re.findall(r"[^\W\d_]+", text):
        others = [c for c in word if not c.isascii()]
        if others and len(others) < len(word) and all(c in _LIKE_LATIN for c in others):
            return f"“{others[0]}” ({_named(others[0])}), which looks like a Latin “{_LIKE_LATIN[others[0]]}”"
    return ""


def plain_latin(text: str) -> str:
    """A name in the Latin letters that it looks like, of the usual width, without invisible characters."""
    visible = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return "".join(_LIKE_LATIN.get(character, character) for character in visible)


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"


def _named(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'unnamed').lower()}"
