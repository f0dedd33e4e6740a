"""Edits of the stored watch list by a program without monitors: a dashboard carries them out, now or at its start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt, LogLine
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.core.persistence import RowChange, StoredRun
from wandb_tui.core.state import State


def added(run: RunAddress, goal: Goal | None, listed: StoredRun | None) -> RowChange | None:
    """The change that adds a run, as `WatchList.add` would; None if nothing changes.

    Args:
        run: The run.
        goal: Its goal; None if it was not given: then a listed run keeps its own.
        listed: Its row, if it is on the list.
    """
    if listed is None:
        row = StoredRun(run, goal or Goal(), notice=Notice(EventKind.QUEUED))
        return RowChange(run, row, added=True, settings_changed=True)
    wanted = goal or listed.goal
    row = replace(listed, goal=wanted)
    if listed.restarts(wanted):
        row = _next_attempt(row)
    return None if row == listed else RowChange(run, row, settings_changed=wanted != listed.goal)


def cancelled(row: StoredRun) -> RowChange | None:
    """The change that cancels the current attempt; None if there is none."""
    if row.state.final:
        return None
    now, notice = datetime.now(UTC), Notice(EventKind.CANCELLED)
    attempts = row.attempts
    if row.attempt:
        last = attempts[-1] if attempts and attempts[-1].number == row.attempt else Attempt(row.attempt, now)
        attempts = (
            *(one for one in attempts if one.number != row.attempt),
            replace(last, ended=now, state=State.CANCELLED, notice=notice),
        )
    line = LogLine(now, max(row.attempt, 1), notice, state=State.CANCELLED)
    return RowChange(row.run, replace(row, state=State.CANCELLED, notice=notice, attempts=attempts), lines=(line,))


def restarted(row: StoredRun) -> RowChange:
    """The change that begins the next attempt; the current one ends."""
    return RowChange(row.run, _next_attempt(row))


def removed(row: StoredRun) -> RowChange:
    """The change that removes a run from the list."""
    return RowChange(row.run, None)


def _next_attempt(row: StoredRun) -> StoredRun:
    number = row.attempt + 1
    notice = Notice(EventKind.ATTEMPT_STARTED, attempt=number) if number > 1 else Notice(EventKind.QUEUED)
    return replace(row, attempt=number, state=State.QUEUED, notice=notice, elapsed=0.0, baseline=None, failure=None)
