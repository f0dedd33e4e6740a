"""Previews and summarizes the effects of adding runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.watch_list import WatchedRun


@dataclass(frozen=True, slots=True)
class AddOptions:
    """The options for adding runs.

    Attributes:
        goal: The goal of new runs.
        poll_policy: How often they are checked, and for how long.
        goal_given: Whether the user entered that goal: only then does it apply to runs already on the list.
        times_given: The same for the times.
    """

    goal: Goal
    poll_policy: PollPolicy
    goal_given: bool = False
    times_given: bool = False


@dataclass(frozen=True, slots=True)
class AddEffect:
    """The effect of adding one run.

    Attributes:
        run: The run.
        goal: Its goal afterwards.
        poll_policy: Its times afterwards, from its next attempt on.
        listed: Whether it is already on the list.
        goal_before: Its goal so far, if it is on the list.
        ended: How its last attempt ended, in a word; empty if one is in progress or there was none.
        begins: The number of the attempt that starts; 0 if none does.
        times: Whether its times change.
        said: Whether its goal was entered after its address.
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
        """Whether the goal of a listed run changes."""
        return self.listed and self.goal != self.goal_before

    @property
    def changes(self) -> bool:
        """Whether anything changes for a listed run."""
        return self.listed and bool(self.other_goal or self.begins or self.times)


def add_effect(
    run: RunAddress, row: WatchedRun | None, options: AddOptions, said: Goal | None, *, there: bool
) -> AddEffect:
    """The effect of adding a run.

    Args:
        run: The run.
        row: Its row, if it is or was on the list.
        options: The options.
        said: The goal entered for this run alone.
        there: Whether it is on the list.
    """
    if row is None or not there:
        begins = row.attempt + 1 if row is not None else 1
        return AddEffect(run, said or options.goal, options.poll_policy, begins=begins, said=said is not None)
    goal = said or (options.goal if options.goal_given else row.goal)
    poll_policy = options.poll_policy if options.times_given else row.poll_policy
    return AddEffect(
        *(run, goal, poll_policy),
        listed=True,
        goal_before=row.goal,
        ended="" if row.active else str(row.state),
        begins=row.attempt + 1 if row.restarts(goal) else 0,
        times=poll_policy != row.poll_policy,
        said=said is not None,
    )


def describe(add_effect: AddEffect, offered: Goal) -> str:
    """The effect in words, if it needs any; `offered` is the goal of new runs."""
    if not add_effect.listed:
        again = f"was removed before; starts attempt {add_effect.begins}" if add_effect.begins > 1 else ""
        return ", ".join(part for part in (again, f"goal: {add_effect.goal}" if add_effect.said else "") if part)
    known = f"watched, {add_effect.ended}" if add_effect.ended else "already watched"
    if add_effect.changes:
        return f"{known}; {', '.join(_changes(add_effect))}"
    return f"{known}; no change" if add_effect.goal == offered else f"{known}; goal stays “{add_effect.goal}”"


def _changes(add_effect: AddEffect) -> Iterator[str]:
    if add_effect.other_goal:
        yield f"goal {add_effect.goal_before} → {add_effect.goal}"
    if add_effect.begins:
        yield f"starts attempt {add_effect.begins}"
    elif add_effect.times:
        yield "new times from its next attempt"


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
    """What changes for runs already on the list."""
    counted = (
        (sum(one.other_goal for one in listed), "new goal"),
        (sum(bool(one.begins) for one in listed), "restart"),
    )
    told = [f"{count:,} {what}{'s' if count > 1 else ''}" for count, what in counted if count]
    nothing = "; no change" if listed and alone else ""
    return f" ({', '.join(told)})" if told else nothing


def button_label(effects: Iterable[AddEffect]) -> str:
    """The label of a button that adds them all."""
    effects = list(effects)
    new = sum(not one.listed for one in effects)
    changed = [one for one in effects if one.changes]
    if not changed:
        return f"Add {runs(new)}" if new else "Add"
    change = "restart" if all(one.begins for one in changed) else "change"
    return f"Add {new:,}, {change} {len(changed):,}" if new else f"{change.capitalize()} {runs(len(changed))}"


def runs(count: int) -> str:
    """A number of runs, in words."""
    return "1 run" if count == 1 else f"{count:,} runs"
