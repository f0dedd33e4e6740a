"""Undone and redone changes in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.common.run_prompts import MAX_NAMED, named
from wandb_tui.ui.runtime.undo import ChangeKind, RowUpdate, UndoOutcome


def changed_rows(outcome: UndoOutcome) -> list[WatchedRun]:
    """The rows that an undo or a redo has changed."""
    return [update.row for update in outcome.change.updates]


def undo_texts(outcome: UndoOutcome, verb: str, among: Iterable[WatchedRun], advice: str) -> Iterator[str]:
    """Short messages about an undo or a redo: its changes, the rows that could not take part, and why.

    Args:
        outcome: The outcome.
        verb: "Undid" or "Redid".
        among: All runs, whose names may be the same.
        advice: Added to the first message, such as which key redoes; may be empty.
    """
    among = list(among)
    updates = outcome.change.updates
    if updates:
        done = ", ".join(
            _text(kind, list(same), among) for kind, same in groupby(updates, key=lambda update: update.kind)
        )
        elsewhere = " (by another dashboard or a command)" if outcome.change.elsewhere else ""
        yield f"{verb}: {done}{elsewhere}{advice}"
    left = sorted(outcome.left, key=lambda one: one[1])
    for obstacle, pairs in groupby(left, key=lambda one: one[1]):
        rows = [row for row, _ in pairs]
        yield f"{named(rows, among)} {'is' if len(rows) == 1 else 'are'} {obstacle}"


def _text(kind: ChangeKind, updates: list[RowUpdate], among: list[WatchedRun]) -> str:
    rows = [update.row for update in updates]
    runs = named(rows, among) if len(rows) <= MAX_NAMED else f"{len(rows)} runs"
    if kind is not ChangeKind.SETTINGS:
        return f"{runs} {kind}"
    goals = {update.after.goal for update in updates if update.before.goal != update.after.goal}
    if not goals:
        return f"times of {runs} changed"
    return f"goal of {runs} changed to {goals.pop()}" if len(goals) == 1 else f"goals of {runs} changed"
