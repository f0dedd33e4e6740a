"""The user's named views: which one is shown, how many runs each has, and how they are saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from wandb_tui.core.saved_view import SavedView
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.table.filter import Filter
from wandb_tui.ui.table.filter_values import KnownFacts
from wandb_tui.ui.table.view import TableView

MAX_VIEWS = 9
"""The number of views that have a key."""


@dataclass(frozen=True, slots=True)
class ViewTab:
    """A view in the line of tabs.

    Attributes:
        name: Its name.
        count: How many runs match its filter; None while that is unknown.
        active: Whether the table shows it.
    """

    name: str
    count: int | None
    active: bool


class SavedViews:
    """Switches a table between views."""

    def __init__(self, views: Sequence[SavedView], facts: KnownFacts) -> None:
        """Show none of them yet.

        Args:
            views: The views in the settings; those after the ninth are kept, but have no key.
            facts: The known facts about the runs beyond the watch list, for the filters.
        """
        self._facts = facts
        self._before = SavedView("")
        self.all: list[SavedView] = []
        """All views, in the order of their keys."""
        self._filters: list[Filter] = []
        self.replace(views)

    def __len__(self) -> int:
        return len(self.all)

    @property
    def use_facts(self) -> bool:
        """Whether the filter of a view asks for more than the watch list knows."""
        return any(each.uses_facts for each in self._filters)

    def active(self, view: TableView) -> SavedView | None:
        """The view that the table shows; None if it shows none of them, or one of them changed."""
        return next((each for each in self.all if each == _current(view, each.name)), None)

    def toggle(self, view: TableView, number: int) -> bool:
        """Show a view; the one that is shown already makes way for what was shown before all views.

        Args:
            view: The table's view, which is changed.
            number: The view's number, from 1.

        Returns:
            Whether there is such a view.
        """
        if not 0 < number <= len(self.all):
            return False
        active, wanted = self.active(view), self.all[number - 1]
        if active is None:
            self._before = _current(view, "")
        shown = self._before if wanted == active else wanted
        view.restore(view.saved() | _as_saved(shown))
        return True

    def save(self, view: TableView, name: str) -> None:
        """Save what the table shows under a name, in the place of the view that has it already."""
        new = _current(view, name)
        known = any(each.name == name for each in self.all)
        replaced = [new if each.name == name else each for each in self.all]
        self.replace(replaced if known else [*self.all, new])

    def remove(self, name: str) -> None:
        """Remove a view; the table goes on showing it."""
        self.replace([each for each in self.all if each.name != name])

    def replace(self, views: Iterable[SavedView]) -> None:
        """Replace all views."""
        # Their columns stand in the order in which the table saves them, so that views can be compared.
        self.all = [replace(view, hidden=tuple(sorted(view.hidden))) for view in views]
        self._filters = [Filter(each.filter, self._facts) for each in self.all]

    def tabs(self, view: TableView, rows: Iterable[WatchedRun], now: float) -> tuple[ViewTab, ...]:
        """The line of tabs.

        Args:
            view: The table's view.
            rows: The watch list.
            now: The time on its clock.
        """
        rows = list(rows)
        active = self.active(view)
        return tuple(
            ViewTab(saved.name, self._count(each, rows, now), saved == active)
            for saved, each in zip(self.all, self._filters, strict=True)
        )[:MAX_VIEWS]

    def _count(self, each: Filter, rows: Sequence[WatchedRun], now: float) -> int | None:
        if each.error or (each.uses_facts and any(self._facts.get(row.run) is None for row in rows)):
            return None
        return len(each.pick(rows, now))


def _current(view: TableView, name: str) -> SavedView:
    """The table as it is now, as a view."""
    saved = view.saved()
    return SavedView(
        name,
        saved["filter"],
        saved["sort"],
        saved["reverse"],
        tuple(saved["hidden"]),
        saved["compact"],
        saved.get("tree", False),
    )


def _as_saved(view: SavedView) -> dict[str, object]:
    """A view as `TableView.restore` takes it."""
    return {
        "filter": view.filter,
        "sort": view.sort,
        "reverse": view.reverse,
        "hidden": list(view.hidden),
        "compact": view.compact,
        "tree": view.tree,
    }
