"""The watched runs as trees of forks, for a table that is drawn so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress

if TYPE_CHECKING:
    from wandb_tui.core.details import RunOrigin
    from wandb_tui.core.watch_list import WatchedRun

_MAX_LINE_CELLS = 12
"""The most cells that the lines before a run may take before the trees are drawn narrow."""

TreeRow = tuple["WatchedRun", str]
"""A row and the lines before it."""


class RunForest:
    """The runs' parents, as far as known. A run whose parent is not watched belongs to its nearest watched ancestor."""

    def __init__(self) -> None:
        self._parents: dict[RunAddress, RunAddress | None] = {}
        self._asked: set[RunAddress] = set()

    def unasked(self, watched: Iterable[RunAddress]) -> list[RunAddress]:
        """The runs whose origin has not been asked for yet; they count as asked from now on."""
        runs = [run for run in watched if run not in self._asked]
        self._asked.update(runs)
        return runs

    def forget_unknown(self) -> None:
        """Let runs that the server did not know be asked for again."""
        self._asked &= self._parents.keys()

    def learn(self, origins: Mapping[RunAddress, RunOrigin]) -> None:
        """Take in the server's answer."""
        self._parents |= {run: origin.parent for run, origin in origins.items()}

    def links(self, watched: Collection[RunAddress]) -> dict[RunAddress, RunAddress]:
        """The nearest watched ancestor of each watched run that has one; loops are cut."""
        links: dict[RunAddress, RunAddress] = {}
        done: set[RunAddress] = set()
        for run in watched:
            path: set[RunAddress] = set()
            at: RunAddress | None = run
            while at is not None and at not in done:
                if at in path:
                    del links[at]
                    break
                path.add(at)
                if (parent := self._nearest(at, watched)) is not None:
                    links[at] = parent
                at = parent
            done |= path
        return links

    def _nearest(self, run: RunAddress, watched: Collection[RunAddress]) -> RunAddress | None:
        seen = {run}
        parent = self._parents.get(run)
        while parent is not None and parent not in watched:
            if parent in seen:
                return None
            seen.add(parent)
            parent = self._parents.get(parent)
        return parent if parent != run else None


def arrange(
    rows: Sequence[WatchedRun],
    links: Mapping[RunAddress, RunAddress],
    folded: Collection[RunAddress],
    *,
    ascii_look: bool,
) -> list[TreeRow]:
    """The rows as trees, in their order among those of one parent; what is folded is left out.

    Args:
        rows: The rows; the parent of each is among them.
        links: The runs' parents.
        folded: The runs whose forks are hidden.
        ascii_look: Whether to draw in plain ASCII.
    """
    from wandb_tui.text.tree_lines import TreeLines

    by_run = {row.run: row for row in rows}
    forks: dict[RunAddress, list[RunAddress]] = defaultdict(list)
    for run in by_run:
        if run in links:
            forks[links[run]].append(run)

    def shown_forks(run: RunAddress) -> Sequence[RunAddress]:
        return [] if run in folded else forks.get(run, [])

    roots = [run for run in by_run if run not in links]
    tree = TreeLines(roots, shown_forks, _MAX_LINE_CELLS, ascii_look=ascii_look)
    closed, opened = ("+", "- ") if ascii_look else ("▸", "▾ ")
    found: list[TreeRow] = []
    for run, lines in tree.rows:
        mark = "" if run not in forks else f"{closed}{_count(run, forks)} " if run in folded else opened
        found.append((by_run[run], lines + mark))
    return found


def ancestors(run: RunAddress, links: Mapping[RunAddress, RunAddress]) -> Iterator[RunAddress]:
    """The ancestors of a run, the nearest first."""
    while (parent := links.get(run)) is not None:
        yield parent
        run = parent


def _count(run: RunAddress, forks: Mapping[RunAddress, Sequence[RunAddress]]) -> int:
    """The number of runs that descend from a run."""
    count, pending = 0, [run]
    while pending:
        found = forks.get(pending.pop(), ())
        count += len(found)
        pending += found
    return count
