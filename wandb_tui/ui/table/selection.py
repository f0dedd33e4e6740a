"""The marked runs, and the range that is being marked."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from wandb_tui.core.address import RunAddress


class Selection:
    """Which runs are marked. A range reaches from its anchor to the cursor and follows it, growing and shrinking."""

    def __init__(self) -> None:
        self._marked: set[RunAddress] = set()
        self._before: frozenset[RunAddress] = frozenset()
        self._anchor: RunAddress | None = None
        self._reached: RunAddress | None = None
        self._held = False

    def __contains__(self, run: object) -> bool:
        return run in self._marked

    def __len__(self) -> int:
        return len(self._marked)

    @property
    def held(self) -> bool:
        """Whether a range is being marked that every move of the cursor changes."""
        return self._held and self._anchor is not None

    def toggle(self, runs: Iterable[RunAddress]) -> None:
        """Mark these runs, or none of them where all are marked."""
        runs = set(runs)
        self.end_range()
        self._marked = self._marked - runs if runs <= self._marked else self._marked | runs

    def invert(self, runs: Iterable[RunAddress]) -> None:
        """Mark those of these runs that are not marked, and no longer those that are."""
        self.end_range()
        self._marked ^= set(runs)

    def clear(self) -> None:
        """Mark nothing."""
        self.end_range()
        self._marked.clear()

    def begin_range(self, run: RunAddress, *, held: bool = False) -> None:
        """Mark from this run on: up to where `extend` says, or, while it is held, wherever the cursor goes."""
        if self._anchor is None or held:
            self._anchor, self._before = run, frozenset(self._marked)
            self._marked.add(run)
            self._held, self._reached = held, run

    def end_range(self) -> None:
        """What is marked stays so; the cursor marks nothing any more."""
        self._anchor, self._held = None, False

    def extend(self, shown: Sequence[RunAddress], cursor: RunAddress) -> None:
        """Let the range reach as far as the cursor; nothing happens where none is being marked."""
        if self._anchor is None or self._anchor not in shown or cursor not in shown:
            return
        first, last = sorted((shown.index(self._anchor), shown.index(cursor)))
        self._marked = {*self._before, *shown[first : last + 1]}
        self._reached = cursor

    def cursor_moved(self, shown: Sequence[RunAddress], cursor: RunAddress | None) -> bool:
        """The cursor is somewhere else: a held range follows it, any other ends; whether the marks have changed."""
        if self._anchor is None or cursor is None or cursor == self._reached:
            return False
        if self._held:
            self.extend(shown, cursor)
        else:
            self.end_range()
        return self._held

    def retain(self, watched: Container[RunAddress]) -> None:
        """Forget runs that are gone."""
        self._marked = {run for run in self._marked if run in watched}
        if self._anchor is not None and self._anchor not in watched:
            self.end_range()
