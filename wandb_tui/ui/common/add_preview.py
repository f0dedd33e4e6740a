"""The effects of adding runs, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wandb_tui.core.goal import Goal
from wandb_tui.ui.runtime.add_effect import AddEffect, FollowEffect


def describe(effect: AddEffect, offered: Goal) -> str:
    """The effect in words, if it needs any; `offered` is the goal of new runs."""
    if not effect.listed:
        again = f"was removed before; starts attempt {effect.new_attempt}" if effect.new_attempt > 1 else ""
        return ", ".join(part for part in (again, f"goal: {effect.goal}" if effect.goal_typed else "") if part)
    known = f"watched, {effect.ended}" if effect.ended else "already watched"
    if effect.changes:
        return f"{known}; {', '.join(_changes(effect))}"
    return f"{known}; no change" if effect.goal == offered else f"{known}; goal stays “{effect.goal}”"


def _changes(effect: AddEffect) -> Iterator[str]:
    if effect.new_goal:
        yield f"goal {effect.goal_before} → {effect.goal}"
    if effect.new_attempt:
        yield f"starts attempt {effect.new_attempt}"
    elif effect.new_times:
        yield "new times from its next attempt"


def describe_following(effect: FollowEffect) -> str:
    """The effect of following a query, in words."""
    if effect.goal_before is None:
        goal = f", goal: {effect.goal}" if effect.goal_typed else ""
        return f"query: its runs, now and later{goal}"
    if effect.goal != effect.goal_before:
        return f"already followed; goal {effect.goal_before} → {effect.goal} for the next runs"
    return "already followed; new times for the next runs" if effect.new_times else "already followed; no change"


def queries(count: int) -> str:
    """A number of queries, in words."""
    return "1 query" if count == 1 else f"{count:,} queries"


def summary(effects: Iterable[AddEffect], verb: str, *, changes: bool = True) -> str:
    """The number of new runs, of runs already on the list, and what changes for those.

    Args:
        effects: The effects.
        verb: The verb for new runs: “to add”, “added”.
        changes: Whether to include what changes for runs already on the list.
    """
    effects = list(effects)
    listed = [one for one in effects if one.listed]
    new = len(effects) - len(listed)
    parts = [f"{runs(new)} {verb}"] if new else []
    if listed:
        parts.append(f"{len(listed):,} already watched" if new else f"{runs(len(listed))} already watched")
    return ", ".join(parts) + (_of_those(listed, alone=not new) if changes else "")


def _of_those(listed: list[AddEffect], *, alone: bool) -> str:
    """The changes for runs already on the list."""
    counted = (
        (sum(one.new_goal for one in listed), "new goal"),
        (sum(bool(one.new_attempt) for one in listed), "restart"),
    )
    parts = [f"{count:,} {what}{'s' if count > 1 else ''}" for count, what in counted if count]
    nothing = "; no change" if listed and alone else ""
    return f" ({', '.join(parts)})" if parts else nothing


def button_label(effects: Iterable[AddEffect]) -> str:
    """The label of a button that adds them all."""
    effects = list(effects)
    new = sum(not one.listed for one in effects)
    changed = [one for one in effects if one.changes]
    if not changed:
        return f"Add {runs(new)}" if new else "Add"
    change = "restart" if all(one.new_attempt for one in changed) else "change"
    return f"Add {new:,}, {change} {len(changed):,}" if new else f"{change.capitalize()} {runs(len(changed))}"


def runs(count: int) -> str:
    """A number of runs, in words."""
    return "1 run" if count == 1 else f"{count:,} runs"
