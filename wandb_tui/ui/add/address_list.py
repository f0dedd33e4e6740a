"""Splits pasted text into addresses and goals, and validates each address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from wandb_tui.core.address import RunAddress, is_short, split_addresses
from wandb_tui.core.errors import UsageError, WandbTuiError
from wandb_tui.core.goal import Goal, goal_examples
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.ui.runtime.add_effect import AddEffect, FollowEffect
from wandb_tui.ui.runtime.ports import Addresses

MAX_ADDRESSES = 2000
"""The number of addresses that are parsed in one batch."""

Parsed = RunAddress | ProjectQuery | WandbTuiError
Foresee = Callable[[RunAddress, Goal | None], AddEffect]
"""Previews adding a run, with a goal if one was entered for it."""

ForeseeQuery = Callable[[ProjectQuery, Goal | None], FollowEffect]
"""The same for following a query."""

_TWICE = "entered twice"

_QUERY = re.compile(r"\s*[^/\s][^/]*/[^/]+/\*(?:[?\s]|$)")
"""A line that begins like this is one query."""


@dataclass(frozen=True, slots=True)
class PastedWord:
    """An address as entered, with the goal that follows it on its line."""

    text: str
    goal: Goal | None = None

    def __str__(self) -> str:
        return f"{self.text} {self.goal}" if self.goal else self.text


class AddressVerdict(StrEnum):
    """The result of validating an address."""

    VALID = "good"
    DUPLICATE = "twice"
    INVALID = "wrong"


@dataclass(frozen=True, slots=True)
class CheckedList:
    """An address as entered, and its meaning."""

    word: PastedWord
    verdict: AddressVerdict
    run: RunAddress | ProjectQuery | None = None
    effect: AddEffect | FollowEffect | None = None
    why: str = ""


def words(text: str) -> list[PastedWord]:
    """The addresses in a text, separated by lines, spaces or commas, each with the goal that follows it.

    A query takes a line of its own.
    """
    found: list[PastedWord] = []
    for line in text.splitlines():
        if _QUERY.match(line):
            query, _, last = line.strip().rpartition(" ")
            goal = _goal(last) if query else None
            found.append(PastedWord(query.strip() if goal else line.strip(), goal))
            continue
        before: list[str] = []
        for word in filter(None, re.split(r"([\s,;]+)", line)):
            goal = _goal(word) if before else None
            if goal is None:
                before.append(word)
                continue
            addresses = split_addresses("".join(before))
            found += [PastedWord(address) for address in addresses]
            if addresses:
                found[-1] = replace(found[-1], goal=goal)
            before = [] if addresses else [word]
        found += [PastedWord(address) for address in split_addresses("".join(before))]
    return found[:MAX_ADDRESSES]


def _goal(word: str) -> Goal | None:
    try:
        return Goal.parse(word)
    except UsageError:
        return None


def _why(text: str, error: WandbTuiError) -> str:
    """The error for a word that is neither an address nor a goal, though it looks like one of them."""
    if ":" in text and "/" not in text:
        return f"“{text}” is neither a run's address nor a goal: {goal_examples()}."
    return error.message


def parse_all(texts: Iterable[str], addresses: Addresses) -> dict[str, Parsed]:
    """The meaning of each text; may block, as parsing may."""
    parsed: dict[str, Parsed] = {}
    unanswered: WandbTuiError | None = None
    for text in texts:
        try:
            if unanswered is not None and is_short(text):
                raise unanswered
            query = addresses.parse_query(text)
            parsed[text] = addresses.parse(text) if query is None else query
        except UsageError as error:
            parsed[text] = error
        except WandbTuiError as error:
            # The server is not asked once for each of many addresses.
            parsed[text] = unanswered = error
    return parsed


def may_change(parsed: Parsed | None) -> bool:
    """Whether to parse a text: it has not been, or the server could not be asked for what it leaves out."""
    return parsed is None or (isinstance(parsed, WandbTuiError) and not isinstance(parsed, UsageError))


def check(
    typed: Iterable[PastedWord], parsed: Mapping[str, Parsed], foresee: Foresee, foresee_query: ForeseeQuery
) -> list[CheckedList]:
    """The verdict on each address, in order; addresses that are not parsed yet are left out.

    If an address is entered twice, its last goal counts.
    """

    def effect_of(found: RunAddress | ProjectQuery, goal: Goal | None) -> AddEffect | FollowEffect:
        return foresee(found, goal) if isinstance(found, RunAddress) else foresee_query(found, goal)

    seen: dict[RunAddress | ProjectQuery, int] = {}
    said: dict[RunAddress | ProjectQuery, int] = {}
    goals: dict[RunAddress | ProjectQuery, Goal | None] = {}
    checked: list[CheckedList] = []
    for word in typed:
        found = parsed.get(word.text)
        if isinstance(found, WandbTuiError):
            checked.append(CheckedList(word, AddressVerdict.INVALID, why=_why(word.text, found)))
        elif found is not None and found in seen:
            first = seen[found]
            why = _TWICE
            if word.goal is not None and word.goal != goals[found]:
                why = f"{_TWICE}; goal {word.goal} applies"
                goals[found] = word.goal
                checked[first] = replace(checked[first], effect=effect_of(found, word.goal))
                if found in said:
                    checked[said[found]] = replace(checked[said[found]], why=_TWICE)
                said[found] = len(checked)
            checked.append(CheckedList(word, AddressVerdict.DUPLICATE, found, why=why))
        elif found is not None:
            seen[found], goals[found] = len(checked), word.goal
            checked.append(CheckedList(word, AddressVerdict.VALID, found, effect_of(found, word.goal)))
    return checked
