"""Draws trees of runs: the lines that lead from each run to its forks, never wider than there is room."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.cells import cell_len

T = TypeVar("T", bound=Hashable)

_LINES_SHARE = 0.4
"""The share of a terminal's width that the lines before the runs may take."""
_WIDTH_WITHOUT_TERMINAL = 80


def room_for_lines(width: int | None) -> int:
    """The cells that the lines may take in a terminal of this width; None where there is no terminal."""
    return int((width or _WIDTH_WITHOUT_TERMINAL) * _LINES_SHARE)


def nested(rows: Iterable[tuple[T, int]]) -> tuple[list[T], dict[T, list[T]]]:
    """The roots and the forks of each run, from runs in order, each with its depth."""
    roots: list[T] = []
    forks: dict[T, list[T]] = {}
    path: list[T] = []
    for run, depth in rows:
        del path[depth:]
        (forks.setdefault(path[-1], []) if path else roots).append(run)
        path.append(run)
    return roots, forks


@dataclass(frozen=True, slots=True)
class _Strokes:
    """The strokes that are drawn before the runs of a tree.

    Attributes:
        branch: Before a fork that others of the same run follow.
        last: Before the last fork of a run.
        line: Below a branch.
        space: Below the last fork.
        onward: In a narrow tree, before a fork that continues in the column of the run above.
    """

    branch: str
    last: str
    line: str
    space: str
    onward: str


_UNICODE = _Strokes("├─ ", "└─ ", "│  ", "   ", "↳ ")
_ASCII = _Strokes("|- ", "`- ", "|  ", "   ", "> ")


class TreeLines(Generic[T]):
    """The runs of some trees in the order in which they are drawn, each with the lines before it.

    Usually every fork is indented below its parent. A tree for which that would take more room than there is, is drawn
    narrow: the fork with the most descendants comes last and continues in its parent's column, so that a chain of any
    length stays straight, and a thousand runs are indented ten times at most.

    Attributes:
        rows: Each run and the lines before it, from top to bottom.
    """

    def __init__(
        self, roots: Iterable[T], forks: Callable[[T], Sequence[T]], max_cells: int, *, ascii_look: bool
    ) -> None:
        """Draw.

        Args:
            roots: The oldest ancestors.
            forks: The forks of a run, in order; each run is the fork of one run at most.
            max_cells: How many cells the lines may take before a tree is drawn narrow.
            ascii_look: Whether to draw in plain ASCII.
        """
        self._strokes = _ASCII if ascii_look else _UNICODE
        self._forks = forks
        self.rows: list[tuple[T, str]] = []
        for root in roots:
            rows = self._wide(root)
            if any(cell_len(lines) > max_cells for _, lines in rows):
                rows = self._narrow(root, self._sizes(rows))
            self.rows += rows

    def _wide(self, root: T) -> list[tuple[T, str]]:
        strokes = self._strokes
        rows: list[tuple[T, str]] = []
        pending = [(root, "", "")]
        while pending:
            run, before, below = pending.pop()
            rows.append((run, before))
            forks = self._forks(run)
            for fork in reversed(forks):
                last = fork == forks[-1]
                lines = below + (strokes.last if last else strokes.branch)
                pending.append((fork, lines, below + (strokes.space if last else strokes.line)))
        return rows

    def _narrow(self, root: T, sizes: Mapping[T, int]) -> list[tuple[T, str]]:
        strokes = self._strokes
        rows: list[tuple[T, str]] = []
        pending = [(root, "", "")]
        while pending:
            run, before, column = pending.pop()
            rows.append((run, before))
            forks = list(self._forks(run))
            if not forks:
                continue
            longest = max(forks, key=lambda fork: sizes[fork])
            pending.append((longest, column + strokes.onward, column))
            pending += [
                (fork, column + strokes.branch, column + strokes.line) for fork in reversed(forks) if fork != longest
            ]
        return rows

    def _sizes(self, rows: Sequence[tuple[T, str]]) -> dict[T, int]:
        """The number of runs in each run's own tree."""
        sizes: dict[T, int] = {}
        for run, _ in reversed(rows):
            sizes[run] = 1 + sum(sizes[fork] for fork in self._forks(run))
        return sizes
