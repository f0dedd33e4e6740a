"""What the picking of runs says: how many there are, what the keys do, what adding would do or why it cannot."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import RunQuery
from wandb_tui.core.goal import Goal
from wandb_tui.ui.add.preview import AddEffect, in_words, offer, runs, summary
from wandb_tui.ui.input.key_map import KeyMap
from wandb_tui.ui.pick.listing import MOST, Listing, Place, addresses

_OPEN = "Open a project to add its runs"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a button would do.

    Attributes:
        label: What stands on it.
        told: More about it; where it cannot be done, why.
        possible: Whether it can be done.
    """

    label: str
    told: str = ""
    possible: bool = True


_RUNS = (("mark", "marks"), ("mark_all", "all new ones"), ("group", "its group"), ("sweep", "its sweep"))
_NAMES = (("open", "opens"),)


def keys_here(place: Place, keys: KeyMap) -> str:
    """What the keys do at this level."""
    does = [*(_RUNS if place.project else _NAMES), ("search", "search"), *([("up", "back")] if place.entity else [])]
    told = ((keys.first(f"pick.{action}"), what) for action, what in does)
    return "  ".join(f"{key} {what}" for key, what in told if key)


def counted(place: Place, listing: Listing, watched: Container[RunAddress], marked: int) -> str:
    """How many there are of what."""
    told = [f"{marked:,} marked"] if marked else []
    if place.project:
        told.append(runs(len(listing.runs) if listing.total is None else listing.total))
        there = sum(run in watched for run in addresses(listing.runs))
        shown = f" of the {len(listing.runs):,} listed" if listing.after else ""
        told += [f"{there:,}{shown} already watched"] if there else []
    elif not listing.names:
        told.append("nothing there")
    return ", ".join(told)


def offer_picked(place: Place, marked: list[AddEffect], here: AddEffect | None, offered: Goal) -> Offer:
    """What adding those that are marked would do, or else the one under the cursor.

    Args:
        place: Where one is.
        marked: What adding those that are marked does.
        here: What adding the one under the cursor does, if one is.
        offered: The goal that new ones get.
    """
    if not marked and not place.project:
        return Offer("Add", _OPEN, possible=False)
    if not marked and here is None:
        return Offer("Add", "There is no run to add here", possible=False)
    if not marked and here is not None:
        told = in_words(here, offered)
        if not here.listed:
            return Offer("Add this", ", ".join(["1 run to add", *([told] if told else []), f"waits for {here.goal}"]))
        label = "Restart this" if here.begins else "Change this" if here.changes else "Add"
        return Offer(label, f"This run: {told}", here.changes)
    possible = any(one.changes or not one.listed for one in marked)
    return Offer(offer(marked), summary(marked, "to add"), possible)


def offer_all(
    place: Place, query: RunQuery, listing: Listing, watched: Container[RunAddress], *, any_watched: bool
) -> Offer:
    """What adding all that match would do.

    Args:
        place: Where one is.
        query: What they match.
        listing: What of them has come.
        watched: What is on the list already: it is left alone.
        any_watched: Whether any run of the project is.
    """
    if not place.project:
        return Offer("Add all", _OPEN, possible=False)
    there = addresses(listing.runs)
    new = [run for run in there if run not in watched]
    if not new and not listing.after:
        why = "All of these are watched already" if there else "There is no run to add here"
        return Offer("Add all", why, possible=False)
    count = listing.total or 0 if listing.after else len(new)
    if count > MOST:
        return Offer(f"Add the newest {MOST:,}")
    exact = not listing.after or (not any_watched and listing.total is not None)
    if not exact:
        return Offer("Add all new ones")
    many = f"{count:,} new" if len(new) < len(there) else f"{count:,}"
    whose = _whose(query)
    return Offer(f"Add the {whose} {many}" if whose else f"Add the {many} found")


def _whose(query: RunQuery) -> str:
    """Whose runs match, in a word; empty where it is not that simple."""
    if query == RunQuery():
        return "project's"
    if query == RunQuery(sweep=query.sweep):
        return "sweep's"
    return "group's" if query == RunQuery(group=query.group) else ""
