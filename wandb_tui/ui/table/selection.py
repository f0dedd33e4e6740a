"""The selected runs, and the range being selected."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from wandb_tui.core.address import RunAddress


class Selection:
    """The set of selected runs. A range reaches from its anchor to the cursor and follows it."""

    def __init__(self) -> None:
        self._selected: set[RunAddress] = set()
        self._cleared: frozenset[RunAddress] = frozenset()
        self._before: frozenset[RunAddress] = frozenset()
        self._anchor: RunAddress | None = None
        self._reached: RunAddress | None = None
        self._held = False

    def __contains__(self, run: object) -> bool:
        return run in self._selected

    def __len__(self) -> int:
        return len(self._selected)

    @property
    def held(self) -> bool:
        """Whether a range is active that follows every move of the cursor."""
        return self._held and self._anchor is not None

    @property
    def cleared(self) -> int:
        """The number of runs that `restore` would select again."""
        return len(self._cleared)

    def toggle(self, runs: Iterable[RunAddress]) -> None:
        """Select these runs, or none of them if all are selected."""
        self.forget_cleared()
        runs = set(runs)
        self.end_range()
        self._selected = self._selected - runs if runs <= self._selected else self._selected | runs

    def invert(self, runs: Iterable[RunAddress]) -> None:
        """Invert the selection among these runs."""
        self.forget_cleared()
        self.end_range()
        self._selected ^= set(runs)

    def clear(self) -> None:
        """Clear the selection; `restore` undoes that."""
        self.end_range()
        self._cleared = frozenset(self._selected)
        self._selected.clear()

    def restore(self) -> None:
        """Select again what was cleared last."""
        self._selected |= self._cleared
        self.forget_cleared()

    def forget_cleared(self) -> None:
        """Something else has been done since."""
        self._cleared = frozenset()

    def begin_range(self, run: RunAddress, *, held: bool = False) -> None:
        """Start a range at this run; it reaches as far as `extend` says or, while held, as the cursor goes."""
        self.forget_cleared()
        if self._anchor is None or held:
            self._anchor, self._before = run, frozenset(self._selected)
            self._selected.add(run)
            self._held, self._reached = held, run

    def end_range(self) -> None:
        """End the range and keep its runs selected."""
        self._anchor, self._held = None, False

    def extend(self, shown: Sequence[RunAddress], cursor: RunAddress) -> None:
        """Extend the range to the cursor, if there is a range."""
        if self._anchor is None or self._anchor not in shown or cursor not in shown:
            return
        first, last = sorted((shown.index(self._anchor), shown.index(cursor)))
        self._selected = {*self._before, *shown[first : last + 1]}
        self._reached = cursor

    @property
    def has_range(self) -> bool:
        """Whether a range has been begun that the next move of the cursor may extend."""
        return self._anchor is not None

    def cursor_moved(self, shown: Sequence[RunAddress], cursor: RunAddress | None) -> bool:
        """Update after a move of the cursor: a held range follows it, any other ends; whether the selection changed."""
        if self._anchor is None or cursor is None or cursor == self._reached:
            return False
        if self._held:
            self.extend(shown, cursor)
        else:
            self.end_range()
        return self._held

    def retain(self, watched: Container[RunAddress]) -> None:
        """Deselect runs that are gone."""
        self._cleared = frozenset(run for run in self._cleared if run in watched)
        self._selected = {run for run in self._selected if run in watched}
        if self._anchor is not None and self._anchor not in watched:
            self.end_range()
