"""The values of a run that a filter can ask for: the texts of its fields, and the values to compare."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.event_text import event_text
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import run_name

if TYPE_CHECKING:
    from wandb_tui.core.details import RunFacts, Scalar
    from wandb_tui.ui.table.filter_grammar import Comparison

AVAILABLE_WORD = "ready"
"""The header's word for available runs."""

STATES = (
    *State,
    *(AVAILABLE_WORD, "running", "finished", "crashed", "killed", "pending", "preempting", "preempted"),
)
"""The states of monitors and runs; “failed” is a state of both."""


class KnownFacts(Protocol):
    """The known facts about the runs beyond the watch list.

    Attributes:
        names: The names of all values in configs and summaries; None while nothing is known.
    """

    names: Collection[str] | None

    def get(self, run: RunAddress) -> RunFacts | None:
        """The facts of a run; None while they are unknown."""


class NoFacts:
    """Of no run anything is known."""

    names: Collection[str] | None = None

    def get(self, run: RunAddress) -> RunFacts | None:  # noqa: ARG002 - of none
        """None."""
        return None


FIELDS: dict[str, Callable[[WatchedRun], tuple[str, ...]]] = {
    "state": lambda row: (
        str(row.state),
        _own_state(row),
        *([AVAILABLE_WORD] if row.state is State.AVAILABLE else []),
    ),
    "project": lambda row: (row.run.project_path,),
    "goal": lambda row: (str(row.goal),),
    "run": lambda row: (run_name(row),),
    "log": lambda row: (clean(event_text(row.notice)),),
    "is": lambda row: (_own_state(row),),
}
"""The text each field matches: `state` the monitor's and the run's own state, `is` the run's own alone."""

FACT_FIELDS: dict[str, Callable[[RunFacts], tuple[str, ...]]] = {
    "tag": lambda facts: facts.tags,
    "group": lambda facts: (facts.group,),
    "sweep": lambda facts: (facts.sweep,),
    "user": lambda facts: (facts.user,),
    "job": lambda facts: (facts.job_type,),
}
"""The same of what only the server knows."""

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "!=": operator.ne,
}
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")
_HALF_A_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+\d+\.?\d*")
_HALF_A_DATE = re.compile(r"\d{1,4}|\d{4}-\d{0,2}|\d{4}-\d{2}-\d?|\d{4}-\d{2}-\d{2}[T ][\d:.]*")
_HALF_A_NUMBER = re.compile(r"[+-]?\d*\.?\d*(?:e[+-]?)?", re.IGNORECASE)

TIME = "time"
"""The name of the time that an attempt has taken."""

ROW_VALUES: dict[str, Callable[[WatchedRun, float], float | None]] = {
    "step": lambda row, _: row.run_info.last_step if row.run_info else None,
    TIME: lambda row, now: row.elapsed(now),
    "try": lambda row, _: row.attempt,
}
"""The values of the watch list, by their names; the time is in seconds."""

CREATED = "created"
"""The name of the time at which a run began."""

Test = Callable[[WatchedRun, float], bool | None]
"""Whether a run matches at a time by the watch list's clock; None while that is unknown."""


def comparison(asked: Comparison, facts: KnownFacts) -> Test | None:
    """The test for a comparison; None for a value that is half typed.

    Raises:
        ValueError: The value cannot be compared so; the message says what is needed.
    """
    compare = _OPERATORS[asked.operator]
    if (read := ROW_VALUES.get(asked.name)) is not None:
        limit = _duration(asked.value) if asked.name == TIME else _number(asked.value)
        return None if limit is None else lambda row, now: _compared(read(row, now), compare, limit)
    test = _facts_test(asked, compare)
    if test is None:
        return None
    return lambda row, _: None if (known := facts.get(row.run)) is None else test(known)


def _facts_test(asked: Comparison, compare: Callable[[float, float], bool]) -> Callable[[RunFacts], bool] | None:
    if asked.name == CREATED:
        since = _date(asked.value)
        return None if since is None else lambda known: _compared(_created(known), compare, since)
    if asked.operator in {"=", "!="}:
        return lambda known: _equal(known, asked)
    limit = _number(asked.value)
    return None if limit is None else lambda known: _compared(_value(known, asked.name), compare, limit)


def needs_facts(asked: Comparison) -> bool:
    """Whether a comparison needs more than the watch list."""
    return asked.name not in ROW_VALUES


def _created(facts: RunFacts) -> float | None:
    return facts.created.timestamp() if facts.created is not None else None


def _value(facts: RunFacts, name: str) -> Scalar:
    """The value of a name: the config's, else the summary's; `config.` and `summary.` before it decide."""
    for part, values in (("config.", facts.config), ("summary.", facts.summary)):
        found = dict(values or ())
        for key in (name, name.removeprefix(part)):
            if key in found and (key == name or name.startswith(part)):
                return found[key]
    return None


def _compared(value: Scalar, compare: Callable[[float, float], bool], wanted: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and compare(value, wanted)


def _equal(facts: RunFacts, asked: Comparison) -> bool:
    """Whether a value is the one that was typed, or another one; a run without it matches neither."""
    value = _value(facts, asked.name)
    if value is None:
        return False
    try:
        number = None if isinstance(value, bool | str) else float(asked.value)
    except ValueError:
        number = None
    same = value == number if number is not None else str(value).casefold() == asked.value.casefold()
    return same is (asked.operator == "=")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        if _HALF_A_NUMBER.fullmatch(text):
            return None
        raise ValueError(f"“{clean(text, 20)}” is not a number")
    return number


def _duration(text: str) -> float | None:
    """Seconds, of a number of them or of a text such as ``1h30m``."""
    if _DURATION.fullmatch(text):
        return sum(float(number) * _UNIT_S[unit] for number, unit in re.findall(r"([\d.]+)([smhd])", text))
    if _HALF_A_DURATION.fullmatch(text):
        return None
    try:
        return _number(text)
    except ValueError:
        raise ValueError(f"“{clean(text, 20)}” is not a time such as 90s or 1h30m") from None


def _date(text: str) -> float | None:
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        if _HALF_A_DATE.fullmatch(text):
            return None
        raise ValueError(f"“{clean(text, 20)}” is not a day such as 2026-11-29") from None
    return (day if day.tzinfo else day.astimezone()).astimezone(UTC).timestamp()


def _own_state(row: WatchedRun) -> str:
    return row.run_info.state if row.run_info else ""
