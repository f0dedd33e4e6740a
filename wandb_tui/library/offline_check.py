"""Compares an offline run with what the server has of it, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ServerError
from wandb_tui.core.offline_runs import OfflineRun
from wandb_tui.services.offline.run_files import read_rows

_WINDOW_STEPS = 1000
"""Steps that are compared at a time."""

_MAX_VALUE_CHARS = 40

Row = dict[str, Any]
Rows = Callable[[RunAddress, int, int], list[Row] | None]
"""The rows that the server has of a run, from a step up to, not including, another; None where it does not tell."""


@dataclass(frozen=True, slots=True)
class HistoryComparison:
    """The steps of a run, offline and online.

    Attributes:
        steps: The steps compared.
        differing: How many of them differ.
        first: The first difference, as a sentence; empty for none.
    """

    steps: int
    differing: int
    first: str


def compare(run: RunAddress, runs: Mapping[RunAddress, OfflineRun], online: Rows) -> HistoryComparison:
    """Compare a run's whole history, including the parts from ancestors whose files are here.

    Args:
        run: The run.
        runs: The offline runs.
        online: Reads what the server has.

    Raises:
        OfflineFileError: A file cannot be read.
        ServerError: The server does not report the rows.
        WandbTuiError: It cannot be asked.
    """
    steps = differing = 0
    first = ""
    for start, group in groupby(_history(run, runs), lambda row: row["_step"] // _WINDOW_STEPS * _WINDOW_STEPS):
        told = online(run, start, start + _WINDOW_STEPS)
        if told is None:
            raise ServerError(f"The server does not report the rows of {run}.")
        expected = _by_step(group)
        # Where nothing of an ancestor is here, its rows are not compared.
        lowest = min(expected)
        found = {step: rows for step, rows in _by_step(told).items() if step >= lowest or start}
        for step in sorted(expected.keys() | found.keys()):
            steps += 1
            if difference := _difference(step, expected.get(step, []), found.get(step, [])):
                differing += 1
                first = first or difference
    return HistoryComparison(steps, differing, first)


def _history(run: RunAddress, runs: Mapping[RunAddress, OfflineRun], until: int | None = None) -> Iterator[Row]:
    """The rows of a run up to a step, by step, with those of its ancestors."""
    one = runs.get(run)
    if one is None:
        return
    if one.parent is not None and one.step is not None:
        yield from _history(one.parent, runs, one.step if until is None else min(until, one.step))
    for file in one.files:
        for row in read_rows(file.path):
            if until is None or row["_step"] <= until:
                yield row


def _by_step(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(int(row["_step"]), []).append(row)
    return found


def _difference(step: int, offline: list[Row], online: list[Row]) -> str:
    """The differences between the rows of a step, as a sentence; empty if there are none."""
    if len(offline) != len(online):
        many = f"there {len(online)} times" if len(online) > 1 else "missing" if not online else "there once"
        return f"Step {step:,} is {many} online, and {_times(len(offline))} offline."
    for ours, theirs in zip(offline, online, strict=True):
        # `_runtime` is left out where the SDK changes it.
        names = sorted((ours.keys() | theirs.keys()) - ({"_runtime"} - ours.keys()))
        for name in names:
            if (mine := _comparable(ours.get(name))) != (other := _comparable(theirs.get(name))):
                return f"At step {step:,}, {name} is {_shown(other)} online and {_shown(mine)} offline."
    return ""


def _times(count: int) -> str:
    return "not at all" if not count else "once" if count == 1 else f"{count} times"


def _comparable(value: Any) -> Any:
    """A value in a form in which what is not finite can be compared: some answers have it as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _comparable(one) for key, one in value.items()}
    return [_comparable(one) for one in value] if isinstance(value, list) else value


def _shown(value: Any) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= _MAX_VALUE_CHARS else f"{text[: _MAX_VALUE_CHARS - 1]}…"
