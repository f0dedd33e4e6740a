"""The texts of the pick dialog: counts, and the effect of adding."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import RunQuery
from wandb_tui.core.goal import Goal
from wandb_tui.ui.common.add_preview import button_label, describe, runs, summary
from wandb_tui.ui.pick.listing import MAX_RUNS, Listing, Place, addresses
from wandb_tui.ui.runtime.add_effect import AddEffect

_OPEN = "Open a project to add its runs"


@dataclass(frozen=True, slots=True)
class Offer:
    """A button and its effect.

    Attributes:
        label: Its label.
        detail: The effect in more detail, or why it is not possible.
        possible: Whether it is enabled.
    """

    label: str
    detail: str = ""
    possible: bool = True


def count_text(place: Place, listing: Listing, watched: Container[RunAddress], selected: int) -> str:
    """The counts at this level."""
    counts = [f"{selected:,} selected"] if selected else []
    if place.project:
        counts.append(runs(len(listing.runs) if listing.total is None else listing.total))
        there = sum(run in watched for run in addresses(listing.runs))
        shown = f" of the {len(listing.runs):,} listed" if listing.after else ""
        counts += [f"{there:,}{shown} already watched"] if there else []
    elif not listing.names:
        counts.append("nothing here")
    return ", ".join(counts)


def offer_picked(place: Place, selected: list[AddEffect], here: AddEffect | None, offered: Goal) -> Offer:
    """The button that adds the selected runs, or else the one under the cursor.

    Args:
        place: The current level.
        selected: The effects for the selected runs.
        here: The effect for the run under the cursor, if there is one.
        offered: The goal of new runs.
    """
    if not selected and not place.project:
        return Offer("Add", _OPEN, possible=False)
    if not selected and here is None:
        return Offer("Add", "There is no run to add here", possible=False)
    if not selected and here is not None:
        counts = describe(here, offered)
        if not here.listed:
            return Offer("Add this", ", ".join(["1 run to add", *([counts] if counts else []), f"goal: {here.goal}"]))
        label = "Restart this" if here.new_attempt else "Change this" if here.changes else "Add"
        return Offer(label, f"This run: {counts}", here.changes)
    possible = any(one.changes or not one.listed for one in selected)
    return Offer(button_label(selected), summary(selected, "to add"), possible)


def offer_all(
    place: Place, query: RunQuery, listing: Listing, watched: Container[RunAddress], *, any_watched: bool
) -> Offer:
    """The button that adds all matching runs.

    Args:
        place: The current level.
        query: The query.
        listing: The matching runs loaded so far.
        watched: The runs already on the list, which are left alone.
        any_watched: Whether any run of the project is on the list.
    """
    if not place.project:
        return Offer("Add all", _OPEN, possible=False)
    there = addresses(listing.runs)
    new = [run for run in there if run not in watched]
    if not new and not listing.after:
        why = "All of these are already watched" if there else "There is no run to add here"
        return Offer("Add all", why, possible=False)
    count = listing.total or 0 if listing.after else len(new)
    if count > MAX_RUNS:
        return Offer(f"Add the newest {MAX_RUNS:,}")
    exact = not listing.after or (not any_watched and listing.total is not None)
    if not exact:
        return Offer("Add all new ones")
    many = f"{count:,} new" if len(new) < len(there) else f"{count:,}"
    whose = _whose(query)
    return Offer(f"Add the {whose} {many}" if whose else f"Add the {many} found")


def _whose(query: RunQuery) -> str:
    """The owner of the matching runs, in a word; empty if that is not one group, sweep or project."""
    if query == RunQuery():
        return "project's"
    if query == RunQuery(sweep=query.sweep):
        return "sweep's"
    return "group's" if query == RunQuery(group=query.group) else ""
