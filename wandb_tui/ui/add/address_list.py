"""Splits pasted text into addresses and goals, and validates each address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from wandb_tui.core.address import RunAddress, split_addresses
from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal, goal_examples
from wandb_tui.ui.runtime.add_effect import AddEffect

MAX_ADDRESSES = 2000
"""How many addresses are parsed in one batch."""

Parsed = RunAddress | UsageError
Foresee = Callable[[RunAddress, Goal | None], AddEffect]
"""Previews adding a run, with a goal if one was entered for it."""


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
    run: RunAddress | None = None
    effect: AddEffect | None = None
    why: str = ""


def words(text: str) -> list[PastedWord]:
    """The addresses in a text, separated by lines, spaces or commas, each with the goal that follows it."""
    found: list[PastedWord] = []
    for line in text.splitlines():
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


def _why(text: str, error: UsageError) -> str:
    """The error for a word that is neither an address nor a goal, though it looks like one of them."""
    if ":" in text and "/" not in text:
        return f"“{text}” is neither a run's address nor a goal: {goal_examples()}."
    return error.message


def parse_all(texts: Iterable[str], parse: Callable[[str], RunAddress]) -> dict[str, Parsed]:
    """The meaning of each text; may block, as `parse` may."""
    parsed: dict[str, Parsed] = {}
    for text in texts:
        try:
            parsed[text] = parse(text)
        except UsageError as error:
            parsed[text] = error
    return parsed


def check(typed: Iterable[PastedWord], parsed: Mapping[str, Parsed], foresee: Foresee) -> list[CheckedList]:
    """The verdict on each address, in order; addresses that are not parsed yet are left out.

    If an address is entered twice, its last goal counts.
    """
    seen: dict[RunAddress, int] = {}
    checked: list[CheckedList] = []
    for word in typed:
        found = parsed.get(word.text)
        if isinstance(found, UsageError):
            checked.append(CheckedList(word, AddressVerdict.INVALID, why=_why(word.text, found)))
        elif found is not None and found in seen:
            first = seen[found]
            other = word.goal is not None and word.goal != checked[first].word.goal
            why = f"entered twice; goal {word.goal} applies" if other else "entered twice"
            checked.append(CheckedList(word, AddressVerdict.DUPLICATE, found, why=why))
            if word.goal is not None:
                checked[first] = replace(checked[first], effect=foresee(found, word.goal))
        elif found is not None:
            seen[found] = len(checked)
            checked.append(CheckedList(word, AddressVerdict.VALID, found, foresee(found, word.goal)))
    return checked
