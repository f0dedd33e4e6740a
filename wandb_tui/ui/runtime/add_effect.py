"""The effect of adding a run: what changes if it is on the list already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.watch_list import WatchedRun

if TYPE_CHECKING:
    # The first frame shows no query.
    from wandb_tui.core.project_query import ProjectQuery
    from wandb_tui.core.query_list import FollowedQuery


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
        poll_policy: Its times afterwards.
        listed: Whether it is already on the list.
        goal_before: Its goal so far, if it is on the list.
        ended: How its last attempt ended, in a word; empty if one is in progress or there was none.
        new_attempt: The number of the attempt that starts; 0 if none does.
        new_times: Whether its times change.
        goal_typed: Whether its goal was entered after its address.
    """

    run: RunAddress
    goal: Goal
    poll_policy: PollPolicy
    listed: bool = False
    goal_before: Goal | None = None
    ended: str = ""
    new_attempt: int = 1
    new_times: bool = False
    goal_typed: bool = False

    @property
    def new_goal(self) -> bool:
        """Whether the goal of a listed run changes."""
        return self.listed and self.goal != self.goal_before

    @property
    def changes(self) -> bool:
        """Whether anything changes for a listed run."""
        return self.listed and bool(self.new_goal or self.new_attempt or self.new_times)


@dataclass(frozen=True, slots=True)
class FollowEffect:
    """The effect of following a query.

    Attributes:
        query: The query.
        goal: The goal of the runs that join from then on.
        poll_policy: Their times.
        goal_before: Its goal so far, if it is followed already.
        new_times: Whether its times change.
        goal_typed: Whether its goal was entered after it.
    """

    query: ProjectQuery
    goal: Goal
    poll_policy: PollPolicy
    goal_before: Goal | None = None
    new_times: bool = False
    goal_typed: bool = False

    @property
    def changes(self) -> bool:
        """Whether anything changes for a query that is followed already."""
        return self.goal_before is not None and (self.goal != self.goal_before or self.new_times)


def follow_effect(
    query: ProjectQuery, listed: FollowedQuery | None, options: AddOptions, typed_goal: Goal | None
) -> FollowEffect:
    """The effect of following a query.

    Args:
        query: The query.
        listed: Its row, if it is followed already.
        options: The options.
        typed_goal: The goal entered for this query alone, if any.
    """
    typed = typed_goal is not None
    if listed is None:
        return FollowEffect(query, typed_goal or options.goal, options.poll_policy, goal_typed=typed)
    goal = typed_goal or (options.goal if options.goal_given else listed.goal)
    times = options.poll_policy if options.times_given else listed.poll_policy
    return FollowEffect(query, goal, times, listed.goal, times != listed.poll_policy, typed)


def add_effect(
    run: RunAddress, row: WatchedRun | None, options: AddOptions, typed_goal: Goal | None, *, listed: bool
) -> AddEffect:
    """The effect of adding a run.

    Args:
        run: The run.
        row: Its row, if it is or was on the list.
        options: The options.
        typed_goal: The goal entered for this run alone, if any.
        listed: Whether it is on the list.
    """
    if row is None or not listed:
        attempt = row.attempt + 1 if row is not None else 1
        return AddEffect(
            run, typed_goal or options.goal, options.poll_policy, new_attempt=attempt, goal_typed=typed_goal is not None
        )
    goal = typed_goal or (options.goal if options.goal_given else row.goal)
    poll_policy = options.poll_policy if options.times_given else row.poll_policy
    return AddEffect(
        run,
        goal,
        poll_policy,
        listed=True,
        goal_before=row.goal,
        ended="" if row.active else str(row.state),
        new_attempt=row.attempt + 1 if row.restarts(goal) else 0,
        new_times=poll_policy != row.poll_policy,
        goal_typed=typed_goal is not None,
    )
