"""What somebody pasted, taken apart into addresses, and what is thought of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError

MOST = 2000
"""How many addresses are read at once."""

Parsed = RunAddress | UsageError


class Verdict(StrEnum):
    """What becomes of one of them."""

    NEW = "new"
    WATCHED = "watched"
    TWICE = "twice"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Checked:
    """One address as typed, and what it means."""

    text: str
    verdict: Verdict
    run: RunAddress | None = None
    why: str = ""

    @property
    def good(self) -> bool:
        """Whether it can be added."""
        return self.verdict in {Verdict.NEW, Verdict.WATCHED}


def words(text: str) -> list[str]:
    """The addresses in a text: apart from each other by spaces, line ends, commas or semicolons."""
    return [word for word in re.split(r"[\s,;]+", text) if word][:MOST]


def parse_all(texts: Iterable[str], parse: Callable[[str], RunAddress]) -> dict[str, Parsed]:
    """What each text means; may block, as `parse` may."""
    parsed: dict[str, Parsed] = {}
    for text in texts:
        try:
            parsed[text] = parse(text)
        except UsageError as error:
            parsed[text] = error
    return parsed


def check(texts: Iterable[str], parsed: dict[str, Parsed], watched: Collection[RunAddress]) -> list[Checked]:
    """The verdict on each text, in order; those that are not parsed yet are left out."""
    seen: set[RunAddress] = set()
    checked: list[Checked] = []
    for text in texts:
        found = parsed.get(text)
        if isinstance(found, UsageError):
            checked.append(Checked(text, Verdict.WRONG, why=found.message))
        elif found is not None:
            verdict = Verdict.TWICE if found in seen else Verdict.WATCHED if found in watched else Verdict.NEW
            seen.add(found)
            checked.append(Checked(text, verdict, found))
    return checked
