"""What a waiting monitor says again and again: how its countdown reads, and when two lines say the same but for one."""

from __future__ import annotations

import re
from functools import lru_cache

_NEXT_CHECK = re.compile(r", next check in [0-9]+ s$")
_MOVES_ON = re.compile(
    r"(?<![\w.])[0-9]+(?:[.,][0-9]+)*(?= ?(?:ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)(?!\w))"
    r"|(?<=, step )[0-9][0-9,]*(?=\))"
)
"""The number of a length of time, that of “12.5 s” or “3 minutes”, and that of “(run running, step 1,204)”, which tells
by the way how far the run is; neither “covers step 200” nor “v3”."""


def counting_down(reason: str, seconds: float) -> str:
    """Why something waits, and when it looks again."""
    return f"{reason}, next check in {seconds:.0f} s"


def without_countdown(message: str) -> str:
    """Why something waits: a message without the “, next check in 5 s” at its end, if there is one."""
    return _NEXT_CHECK.sub("", message)


def says_the_same(message: str, other: str) -> bool:
    """Whether two messages are the same but for lengths of time, and for how far the run is meanwhile."""
    return message == other or _unmoved(message) == _unmoved(other)


@lru_cache(512)
def _unmoved(message: str) -> str:
    """A message without what moves on. Hundreds of monitors say the same few things many times a second."""
    return _MOVES_ON.sub("", message)
