"""What adding runs does to each of them: said before it happens, and told afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.watch_list import WatchedRun


@dataclass(frozen=True, slots=True)
class AddOptions:
    """What runs are added with.

    Attributes:
        goal: What new ones wait for.
        poll_policy: How often they look, and for how long.
        goal_said: Whether the user has said that goal: only then does it hold for what is on the list already.
        pace_said: The same of the times.
    """

    goal: Goal
    poll_policy: PollPolicy
    goal_said: bool = False
    pace_said: bool = False


@dataclass(frozen=True, slots=True)
class AddEffect:
    """What adding one run does.

    Attributes:
        run: Which run.
        goal: What it waits for then.
        poll_policy: Its times then, from its next attempt on.
        listed: Whether it is on the list already.
        goal_before: What it waited for so far, if it is on the list.
        ended: How its attempt had ended, in a word; empty where one is under way, or none was.
        begins: The number of the attempt that begins; 0 where none does.
        times: Whether it gets other times.
        said: Whether its goal is its own: written behind its address.
    """

    run: RunAddress
    goal: Goal
    poll_policy: PollPolicy
    listed: bool = False
    goal_before: Goal | None = None
    ended: str = ""
    begins: int = 1
    times: bool = False
    said: bool = False

    @property
    def other_goal(self) -> bool:
        """Whether what is on the list waits for something else then."""
        return self.listed and self.goal != self.goal_before

    @property
    def changes(self) -> bool:
        """Whether anything of what is on the list changes."""
        return self.listed and bool(self.other_goal or self.begins or self.times)


def add_effect(
    run: RunAddress, row: WatchedRun | None, terms: AddOptions, said: Goal | None, *, there: bool
) -> AddEffect:
    """What adding a run does.

    Args:
        run: Which run.
        row: Its row, if it is on the list or was.
        terms: What it is added with.
        said: What was said for this run alone.
        there: Whether it is on the list.
    """
    if row is None or not there:
        begins = row.attempt + 1 if row is not None else 1
        return AddEffect(run, said or terms.goal, terms.poll_policy, begins=begins, said=said is not None)
    goal = said or (terms.goal if terms.goal_said else row.goal)
    poll_policy = terms.poll_policy if terms.pace_said else row.poll_policy
    return AddEffect(
        *(run, goal, poll_policy),
        listed=True,
        goal_before=row.goal,
        ended="" if row.active else str(row.state),
        begins=row.attempt + 1 if row.restarts(goal) else 0,
        times=poll_policy != row.poll_policy,
        said=said is not None,
    )


def in_words(add_effect: AddEffect, offered: Goal) -> str:
    """What is to be said of it beside its address, if anything; `offered` is the goal that new ones get."""
    if not add_effect.listed:
        again = f"was on the list before: starts try {add_effect.begins}" if add_effect.begins > 1 else ""
        return ", ".join(part for part in (again, f"waits for {add_effect.goal}" if add_effect.said else "") if part)
    known = f"watched, {add_effect.ended}" if add_effect.ended else "already watched"
    if add_effect.changes:
        return f"{known}; {', '.join(_changes(add_effect))}"
    return f"{known}; nothing changes" if add_effect.goal == offered else f"{known}; keeps its goal {add_effect.goal}"


def _changes(add_effect: AddEffect) -> Iterator[str]:
    if add_effect.other_goal:
        yield f"goal {add_effect.goal_before} → {add_effect.goal}"
    if add_effect.begins:
        yield f"starts try {add_effect.begins}"
    elif add_effect.times:
        yield "these times from its next try on"


def summary(effects: Iterable[AddEffect], verb: str, *, changes: bool = True) -> str:
    """How many are new, how many are on the list already, and what becomes of those.

    Args:
        effects: All of them.
        verb: What is or was done with the new ones: “to add”, “added”.
        changes: Whether what becomes of those on the list is told.
    """
    effects = list(effects)
    listed = [one for one in effects if one.listed]
    new = len(effects) - len(listed)
    parts = [f"{runs(new)} {verb}"] if new else []
    if listed:
        parts.append(f"{len(listed):,} already watched" if new else f"{runs(len(listed))} already watched")
    return ", ".join(parts) + (_of_those(listed, alone=not new) if changes else "")


def _of_those(listed: list[AddEffect], *, alone: bool) -> str:
    """What becomes of those on the list."""
    counted = (
        (sum(one.other_goal for one in listed), "new goal"),
        (sum(bool(one.begins) for one in listed), "restart"),
    )
    told = [f"{count:,} {what}{'s' if count > 1 else ''}" for count, what in counted if count]
    nothing = "; nothing changes" if listed and alone else ""
    return f" ({', '.join(told)})" if told else nothing


def offer(effects: Iterable[AddEffect]) -> str:
    """What a button would do that does all of it."""
    effects = list(effects)
    new = sum(not one.listed for one in effects)
    changed = [one for one in effects if one.changes]
    if not changed:
        return f"Add {runs(new)}" if new else "Add"
    change = "restart" if all(one.begins for one in changed) else "change"
    return f"Add {new:,}, {change} {len(changed):,}" if new else f"{change.capitalize()} {runs(len(changed))}"


def runs(count: int) -> str:
    """So many runs."""
    return "1 run" if count == 1 else f"{count:,} runs"
