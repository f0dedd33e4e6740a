"""Named views of the dashboard's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SavedView:
    """A choice of runs and columns under a name.

    Attributes:
        name: The name in the line of tabs.
        filter: The filter, as it is typed.
        sort: The column to sort by; empty for the order in which the runs were added.
        reverse: Whether the order is reversed.
        hidden: The columns that are not shown.
        compact: Whether only the main columns are shown.
        tree: Whether the runs stand below those that they were forked from.
    """

    name: str
    filter: str = ""
    sort: str = ""
    reverse: bool = False
    hidden: tuple[str, ...] = ()
    compact: bool = False
    tree: bool = False
