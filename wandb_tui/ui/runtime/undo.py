"""Undo and redo of changes to the watch list: what was done, what it was like before, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from wandb_tui.core.address import RunAddress
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.schedule import Times
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun, WatchList
from wandb_tui.core.watched_run import MAX_TOTAL_LINES

MAX_CHANGES = 100
"""The maximum number of changes that can be undone."""


class ChangeKind(StrEnum):
    """A change of one row, named by what was done to it."""

    ADDED = "added"
    REMOVED = "removed"
    CANCELLED = "cancelled"
    RESTARTED = "restarted"
    SETTINGS = "settings"
    """Its goal or its times."""


class Obstacle(StrEnum):
    """The reason why a row is left as it is, as the end of a sentence about it."""

    GONE = "no longer on the list"
    LISTED = "already on the list"
    RUNNING = "running again already"
    NOT_RUNNING = "not running any more"
    ENDED = "left as it is: its attempt has ended since"
    GOAL = "left as it is: its goal was changed again"


@dataclass(frozen=True, slots=True)
class RowUpdate:
    """A change of one row.

    Attributes:
        kind: The kind.
        row: The row itself: what was removed is put back with its log.
        before: How it was before.
        after: How it was right after: its goal and its times.
    """

    kind: ChangeKind
    row: WatchedRun
    before: StoredRun
    after: StoredRun

    @property
    def run(self) -> RunAddress:
        """The run."""
        return self.row.run


@dataclass(frozen=True, slots=True)
class ListChange:
    """A change of the list by one key press, or by another program.

    Attributes:
        updates: The rows it changed, in order.
        elsewhere: Whether it was done by another dashboard or a command.
    """

    updates: tuple[RowUpdate, ...]
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """The outcome of undoing or redoing a change.

    Attributes:
        change: The change, with the rows to which that applied.
        left: The other rows, with the reason for each.
    """

    change: ListChange
    left: tuple[tuple[WatchedRun, Obstacle], ...]


class UndoHistory:
    """The changes that can be undone and redone. Belongs to the UI thread."""

    def __init__(
        self,
        watch_list: WatchList,
        now: Callable[[], float],
        remove: Callable[[WatchedRun], None],
        put_back: Callable[[WatchedRun], None],
    ) -> None:
        """Begin without changes.

        Args:
            watch_list: The watch list.
            now: The time on its clock.
            remove: Removes a row from the list, and from disk.
            put_back: Puts a removed row back, also on disk.
        """
        self._watch_list = watch_list
        self._now = now
        self._remove = remove
        self._put_back = put_back
        self._done: list[ListChange] = []
        self._undone: list[ListChange] = []
        self._open: list[RowUpdate] | None = None
        self._removed: dict[RunAddress, WatchedRun] = {}

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to redo."""
        return bool(self._undone)

    def removed_row(self, run: RunAddress) -> WatchedRun | None:
        """The row of a run that was removed in this session and is not back on the list."""
        return None if run in self._watch_list else self._removed.get(run)

    # Recording

    @contextmanager
    def one_change(self, *, elsewhere: bool = False) -> Iterator[None]:
        """Make one change of all that the block records.

        Args:
            elsewhere: Whether another dashboard or a command made it: then what was undone here can still be redone.
        """
        if self._open is not None:
            yield
            return
        self._open = []
        try:
            yield
        finally:
            updates, self._open = self._open, None
            if updates:
                self._push(ListChange(tuple(updates), elsewhere))
                if not elsewhere:
                    self._undone.clear()

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Nothing in the block can be undone: it restores how the session begins."""
        before, self._open = self._open, []
        try:
            yield
        finally:
            self._open = before

    @contextmanager
    def recording(self, kind: ChangeKind, row: WatchedRun) -> Iterator[None]:
        """Record what the block does to a row."""
        before = self._snapshot(row)
        yield
        after = self._snapshot(row)
        if kind is ChangeKind.REMOVED:
            self._removed[row.run] = row
        if kind is ChangeKind.SETTINGS and (before.goal, before.times) == (after.goal, after.times):
            if not before.state.final or after.state.final:
                return
            kind = ChangeKind.RESTARTED
        update = RowUpdate(kind, row, before, after)
        with self.one_change():
            if self._open is not None:
                self._open.append(update)

    def added(self, row: WatchedRun) -> None:
        """Record that a row was added."""
        with self.recording(ChangeKind.ADDED, row):
            pass

    def _snapshot(self, row: WatchedRun) -> StoredRun:
        stored = row.stored(self._now())
        return replace(stored, state=State.CANCELLED) if row.stopping else stored

    def _push(self, change: ListChange) -> None:
        self._done.append(change)
        lines = 0
        for age, older in enumerate(reversed(self._done), 1):
            lines += sum(len(update.row.log) for update in older.updates if update.run not in self._watch_list)
            if age > MAX_CHANGES or (age > 1 and lines > MAX_TOTAL_LINES):
                del self._done[: len(self._done) - age + 1]
                kept = {update.run for change in (*self._done, *self._undone) for update in change.updates}
                self._removed = {run: row for run, row in self._removed.items() if run in kept}
                return

    # Undoing

    def undo(self) -> UndoOutcome | None:
        """Undo the newest change, as far as its rows are still as it left them; None if there is none."""
        if not self._done:
            return None
        change = self._done.pop()
        outcome = self._apply(change, _last_first(change.updates), self._revert)
        if outcome.change.updates:
            self._undone.append(outcome.change)
        return outcome

    def redo(self) -> UndoOutcome | None:
        """Do again what was undone last; None if there is nothing."""
        if not self._undone:
            return None
        change = self._undone.pop()
        again: list[RowUpdate] = []

        def repeat(update: RowUpdate) -> Obstacle | None:
            before = self._snapshot(update.row)
            obstacle = self._repeat(update)
            if obstacle is None:
                again.append(replace(update, before=before, after=self._snapshot(update.row)))
            return obstacle

        outcome = self._apply(change, change.updates, repeat)
        if again:
            self._push(ListChange(tuple(again)))
        return outcome

    def _apply(
        self, change: ListChange, updates: Sequence[RowUpdate], apply: Callable[[RowUpdate], Obstacle | None]
    ) -> UndoOutcome:
        """Apply something to each update in this order; the outcome has them in the order of the change."""
        obstacles = {id(update): apply(update) for update in updates}
        applied = tuple(update for update in change.updates if obstacles[id(update)] is None)
        left = ((update.row, obstacles[id(update)]) for update in change.updates)
        return UndoOutcome(
            replace(change, updates=applied),
            tuple((row, obstacle) for row, obstacle in left if obstacle is not None),
        )

    def _revert(self, update: RowUpdate) -> Obstacle | None:
        """Bring a row back to what it was; returns why that is not possible."""
        row = self._watch_list.get(update.run)
        if update.kind is ChangeKind.REMOVED:
            return self._bring_back(update)
        if row is None:
            return Obstacle.GONE
        if (obstacle := _obstacle(update, row)) is not None:
            return obstacle
        match update.kind:
            case ChangeKind.ADDED:
                self._take_away(row)
            case ChangeKind.SETTINGS:
                self._restore_settings(row, update)
            case ChangeKind.CANCELLED | ChangeKind.RESTARTED:
                self._restore_attempt(row, update.before)
            case never:
                assert_never(never)
        return None

    def _take_away(self, row: WatchedRun) -> None:
        self._remove(row)
        self._removed[row.run] = row

    def _bring_back(self, update: RowUpdate) -> Obstacle | None:
        if update.run in self._watch_list:
            return Obstacle.LISTED
        self._put_back(update.row)
        return None

    def _restore_settings(self, row: WatchedRun, update: RowUpdate) -> None:
        before = update.before
        _set_times(row, before.times)
        if row.active and not row.stopping and not before.state.final:
            self._watch_list.change_goal(row.run, before.goal)
        elif (row.attempt, row.state) == (before.attempt, before.state) and not row.active:
            # Its goal was the same, or the next attempt could not begin.
            row.goal = row.reported_goal = before.goal
        else:
            self._restore_attempt(row, before)

    def _restore_attempt(self, row: WatchedRun, before: StoredRun) -> None:
        """Resume what was under way before, with its clock, or show again how it had ended."""
        if before.state.final:
            self._watch_list.withdraw(row.run, before)
        else:
            row.goal = before.goal
            self._watch_list.resume(row.run, before.elapsed, before.baseline)

    def _repeat(self, update: RowUpdate) -> Obstacle | None:
        """Do to a row again what was undone; returns why that is not possible."""
        row = self._watch_list.get(update.run)
        if update.kind is ChangeKind.ADDED:
            return self._bring_back(update)
        if row is None:
            return Obstacle.GONE
        match update.kind:
            case ChangeKind.REMOVED:
                self._take_away(row)
            case ChangeKind.CANCELLED if not row.active:
                return Obstacle.NOT_RUNNING
            case ChangeKind.CANCELLED:
                self._watch_list.cancel(row.run)
            case ChangeKind.RESTARTED:
                self._watch_list.restart(row.run)
            case ChangeKind.SETTINGS if row.goal != update.before.goal:
                return Obstacle.GOAL
            case ChangeKind.SETTINGS:
                _set_times(row, update.after.times)
                self._watch_list.change_goal(row.run, update.after.goal)
            case never:
                assert_never(never)
        return None


def _last_first(updates: Sequence[RowUpdate]) -> list[RowUpdate]:
    """The newest first, since a run may occur twice; but removed rows in their order, in which they are put back."""
    removed = [update for update in updates if update.kind is ChangeKind.REMOVED]
    return removed + [update for update in reversed(updates) if update.kind is not ChangeKind.REMOVED]


def _obstacle(update: RowUpdate, row: WatchedRun) -> Obstacle | None:
    """The reason why a change of a listed row cannot be undone: others, or its monitor, have changed it since."""
    running = row.active and not row.stopping
    match update.kind:
        case ChangeKind.CANCELLED if running:
            return Obstacle.RUNNING
        case ChangeKind.CANCELLED if row.state.final and row.state is not State.CANCELLED:
            return Obstacle.ENDED
        case ChangeKind.RESTARTED if row.state is State.AVAILABLE and not running:
            return Obstacle.ENDED
        case ChangeKind.SETTINGS if row.goal != update.after.goal:
            return Obstacle.GOAL
        case _:
            return None


def _set_times(row: WatchedRun, times: Times | None) -> None:
    row.poll_policy = row.poll_policy.at(times)
