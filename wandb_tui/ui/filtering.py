"""The filter: words that a run must have, `!` before one that it must not, fields with a colon."""

from __future__ import annotations

from collections.abc import Callable

from wandb_tui.core.watch import Watched
from wandb_tui.ui.look import run_name

Predicate = Callable[[Watched], bool]

_FIELDS: dict[str, Callable[[Watched], str]] = {
    "state": lambda row: str(row.state),
    "project": lambda row: row.run.project_path,
    "goal": lambda row: str(row.goal),
    "run": run_name,
    "log": lambda row: row.message,
}


def matcher(text: str) -> Predicate:
    """What tells whether a run is shown; an empty text shows all of them."""
    tests = [_test(word.casefold()) for word in text.split()]
    return lambda row: all(test(row) for test in tests)


def _test(word: str) -> Predicate:
    wanted = not word.startswith("!")
    word = word.removeprefix("!")
    field, colon, value = word.partition(":")
    if colon and field in _FIELDS:
        read = _FIELDS[field]
        return lambda row: (value in read(row).casefold()) is wanted
    return lambda row: (word in _text(row)) is wanted


def _text(row: Watched) -> str:
    return f"{row.state} {run_name(row)} {row.run.project_path} {row.goal} {row.artifact or ''}".casefold()
