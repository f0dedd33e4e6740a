"""The lines that lead to the members of a tree that is written as text."""

from __future__ import annotations

from collections.abc import Sequence

_UNICODE_LINES = ("├─ ", "└─ ", "│  ", "   ")
_ASCII_LINES = ("|- ", "`- ", "|  ", "   ")
"""Before a fork, before the last fork of a run, below a run with more forks, below one without."""


def tree_lines(depths: Sequence[int], *, ascii_look: bool) -> list[str]:
    """The lines that lead to each member of a tree, given their depths in order."""
    branch, last_branch, line, space = _ASCII_LINES if ascii_look else _UNICODE_LINES
    drawn: list[str] = []
    # From the end: the depths at which a fork of the same parent follows.
    follows: set[int] = set()
    for depth in reversed(depths):
        outer = (line if level in follows else space for level in range(1, depth))
        own = "" if depth == 0 else branch if depth in follows else last_branch
        drawn.append("".join(outer) + own)
        follows = {level for level in follows if level < depth} | {depth}
    return drawn[::-1]
