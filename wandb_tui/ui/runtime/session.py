"""The state of the dashboard, without widgets: the watch list, its storage, the services."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Failure, Level, MonitorEvent
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import LogLine
from wandb_tui.core.persistence import Json, StoredQuery, StoredRun, StoreSnapshot
from wandb_tui.core.ports import VisitBacklog
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import Clock, PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.turns import MonitorTurns
from wandb_tui.core.watch_list import Spawn, WatchedRun, WatchList
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.input.key_map import KeyMap
from wandb_tui.ui.runtime.access import AccountAccess
from wandb_tui.ui.runtime.backend import Backend
from wandb_tui.ui.runtime.deferred_services import DeferredServices
from wandb_tui.ui.runtime.event_queue import EventQueue
from wandb_tui.ui.runtime.query_rows import QueryRows
from wandb_tui.ui.runtime.run_counts import RunCounts
from wandb_tui.ui.runtime.store_writer import StoreWriter
from wandb_tui.ui.runtime.undo import ChangeKind, UndoHistory, UndoOutcome

if TYPE_CHECKING:
    # The first frame has no plot, adds nothing and shows no dialog.
    from wandb_tui.ui.runtime.add_effect import AddEffect, AddOptions
    from wandb_tui.ui.runtime.drafts import Drafts
    from wandb_tui.ui.runtime.history_loader import HistoryLoader

_MAX_UNANSWERED = 400
"""The maximum number of held attempts that may wait for their first answer: as many as a few requests ask about."""


class Session:
    """The watch list and everything that drives it. Belongs to the UI thread."""

    def __init__(self, backend: Backend, spawn: Spawn, post: Callable[[Message], bool], clock: Clock) -> None:
        self.backend = backend
        self.clock = clock
        self.keys = KeyMap(backend.keys, backend.commands)
        self.deferred = DeferredServices()
        self.event_queue = EventQueue(post)
        self.turns = MonitorTurns()
        self.watch_list = WatchList(
            self.deferred.services, spawn, self.event_queue.publish, clock=clock, turns=self.turns
        )
        self.store_writer = StoreWriter(
            backend.store, lambda message: _try(post, message), give_way=self.turns.give_way
        )
        self.queries = QueryRows(
            self.deferred.services.queries,
            self.store_writer,
            backend.poll_policy,
            post=lambda message: _try(post, message),
            clock=clock,
        )
        self.view: dict[str, Json] = {}
        self.restored = False
        """Whether the list has been read from disk."""
        self.access = AccountAccess()
        self.history = UndoHistory(self.watch_list, lambda: self.now, self._remove_row, self._put_back)
        self._held: deque[RunAddress] = deque()
        self._begun: deque[WatchedRun] = deque()

    @cached_property
    def histories(self) -> HistoryLoader:
        """Loads histories for plots."""
        from wandb_tui.ui.runtime.history_loader import HistoryLoader

        return HistoryLoader(self.backend.inspector, self.backend.lineage)

    @cached_property
    def drafts(self) -> Drafts:
        """The texts typed into dialogs that were closed."""
        from wandb_tui.ui.runtime.drafts import Drafts

        return Drafts()

    @property
    def now(self) -> float:
        """The time on the session's clock."""
        return self.clock()

    @property
    def counts(self) -> RunCounts:
        """Counts of runs by result."""
        counts = self.watch_list.counts
        final = sum(count for state, count in counts.items() if state.final)
        failed = counts[State.FAILED] + counts[State.TIMED_OUT]
        return RunCounts(
            len(self.watch_list), counts[State.AVAILABLE], len(self.watch_list) - final, failed, counts[State.CANCELLED]
        )

    @property
    def visit_backlog(self) -> VisitBacklog:
        """The visits that wait for a tab, and how long they will take."""
        visitor = self.deferred.services.visitor
        return visitor.backlog() if visitor is not None else VisitBacklog()

    @property
    def sign_in_problem(self) -> str:
        """The reason why monitors wait for the user to sign in; empty if none does."""
        if not self.watch_list.counts[State.SIGNING_IN]:
            return ""
        waits = (row for row in self.watch_list if row.state is State.SIGNING_IN and row.clock_stopped)
        return next((event_text(row.notice) for row in waits), "")

    def restore(self, rows: Iterable[StoredRun], view: dict[str, Json], queries: Iterable[StoredQuery] = ()) -> None:
        """Restore everything from disk."""
        self.restored = True
        self.view = view | self.view
        self.queries.restore(queries)
        for stored in rows:
            self.store_writer.mark_saved(stored)
            self.watch_list.restore(stored, self.backend.poll_policy.at(stored.times))

    def release_starts(self) -> None:
        """Let attempts start again; those that were held are started by `start_held`."""
        self._held.extend(self.watch_list.release_starts())
        if (feeds := self.deferred.services.feeds) is not None:
            feeds.announce(tuple(self._held))

    def start_held(self, count: int) -> bool:
        """Start up to `count` of the held attempts; returns whether there are more.

        Those that the poller could not ask about for some seconds need no thread yet.
        """
        while self._begun and not self._begun[0].awaits_first_answer:
            self._begun.popleft()
        for _ in range(min(count, len(self._held), max(0, _MAX_UNANSWERED - len(self._begun)))):
            if (row := self.watch_list.start(self._held.popleft())) is not None:
                self._begun.append(row)
                self._save(row)
        return bool(self._held)

    def remember(self, key: str, value: Json) -> None:
        """Save a value of the view for the next start, where it is `view[key]`."""
        if self.view.get(key) != value:
            self.view[key] = value
            self.store_writer.save_view(key, value)

    def load_log(self, run: RunAddress) -> None:
        """Load a restored run's log from disk, unless that was done; it arrives as `LogLoaded`."""
        row = self.watch_list.get(run)
        if row is not None and not row.log_loaded:
            self.store_writer.load_log(run)

    def add_older_lines(self, run: RunAddress, lines: Sequence[LogLine]) -> WatchedRun | None:
        """Prepend older lines to a run's log; returns its row if it is on the list and lacked them."""
        row = self.watch_list.get(run) or self.history.removed_row(run)
        return self.watch_list.prepend_log(row, lines) if row else None

    def add(self, run: RunAddress, goal: Goal, poll_policy: PollPolicy | None = None) -> None:
        """Watch a run, by default with the backend's poll policy. A run removed in this session keeps its log."""
        poll_policy = poll_policy or self.backend.poll_policy
        if (listed := self.watch_list.get(run)) is not None:
            with self.history.recording(ChangeKind.SETTINGS, listed):
                self.watch_list.add(run, goal, poll_policy)
            self._save(listed, added=True)
            return
        self.history.added(self._add_new(run, goal, poll_policy))

    def _add_new(self, run: RunAddress, goal: Goal, poll_policy: PollPolicy, info: RunInfo | None = None) -> WatchedRun:
        row = self.watch_list.add(run, goal, poll_policy, before=self.history.removed_row(run))
        row.run_info = row.run_info or info
        row.line_count = max(row.line_count, len(row.log))
        self._save(row, added=True)
        return row

    def add_joined(self, count: int) -> bool:
        """Add up to `count` of the runs that have joined queries; whether there are more.

        A run that is on the list keeps its goal. It is no change of the user's, so there is nothing to undo.
        """
        joined = self.queries.next_joined(count)
        for row, run, info in joined:
            if run not in self.watch_list:
                self._add_new(run, row.goal, row.poll_policy, info)
        self.queries.save_joined((row, run) for row, run, _ in joined)
        return bool(self.queries.joining)

    def preview(self, run: RunAddress, options: AddOptions, typed_goal: Goal | None = None) -> AddEffect:
        """The effect of adding a run.

        Args:
            run: The run.
            options: The options for all runs added with it.
            typed_goal: The goal entered for this run alone, if any.
        """
        from wandb_tui.ui.runtime.add_effect import add_effect

        return add_effect(
            run,
            self.watch_list.get(run) or self.history.removed_row(run),
            options,
            typed_goal,
            listed=run in self.watch_list,
        )

    def cancel(self, run: RunAddress) -> None:
        """Cancel the attempt in progress, if there is one."""
        row = self.watch_list[run]
        if row.active:
            with self.history.recording(ChangeKind.CANCELLED, row):
                self.watch_list.cancel(run)
        self._save(row)

    def restart(self, run: RunAddress) -> None:
        """Start a new attempt."""
        row = self.watch_list[run]
        with self.history.recording(ChangeKind.RESTARTED, row):
            self.watch_list.restart(run)
        self._save(row)

    def change_goal(self, run: RunAddress, goal: Goal) -> None:
        """Change the goal; a new attempt starts if the last one has ended."""
        row = self.watch_list[run]
        with self.history.recording(ChangeKind.SETTINGS, row):
            self.watch_list.change_goal(run, goal)
        self._save(row)

    def remove(self, runs: Iterable[RunAddress]) -> None:
        """Remove runs from the list."""
        with self.history.one_change():
            for row in [self.watch_list[run] for run in runs]:
                with self.history.recording(ChangeKind.REMOVED, row):
                    self._remove_row(row)

    def _remove_row(self, row: WatchedRun) -> None:
        # Its log on disk is deleted with it, but undo must restore that as well.
        self.load_log(row.run)
        self.watch_list.remove(row.run)
        self.store_writer.remove(row.run)

    def _put_back(self, row: WatchedRun) -> None:
        """Put a removed row back with its log; an attempt that was under way resumes."""
        self.watch_list.undo_remove(row)
        row.line_count = max(row.line_count, len(row.log))
        self._save(row, added=True, restore_position=True)

    def undo(self) -> UndoOutcome | None:
        """Undo the newest change of the list, as far as its rows have not changed since; None if there is none."""
        return self._saved(self.history.undo())

    def redo(self) -> UndoOutcome | None:
        """Do again what was undone last; None if there is nothing."""
        return self._saved(self.history.redo())

    def _saved(self, outcome: UndoOutcome | None) -> UndoOutcome | None:
        if outcome is not None:
            self.save(update.row for update in outcome.change.updates)
        return outcome

    def merge(self, found: StoreSnapshot, as_of: int) -> bool:
        """Apply the changes of another dashboard or of a command; returns whether rows were added or removed.

        Changes made here since the list was read win; once they are written, the list is read again.
        """
        with self.history.one_change(elsewhere=True):
            return self._merge(found, as_of)

    def _merge(self, found: StoreSnapshot, as_of: int) -> bool:
        watched = {row.run for row in self.watch_list}
        there = {stored.run for stored in found.rows}
        if found.replaced:
            self.store_writer.rewrite(watched - there)
        below: RunAddress | None = None
        for stored in reversed(found.rows):
            if self.store_writer.changed_since(stored.run, as_of):
                self.store_writer.read_again()
            else:
                self._merge_row(stored, below, replaced=found.replaced)
            below = stored.run if stored.run in self.watch_list else below
        gone = set() if found.replaced else {run for run in watched - there if self.store_writer.saved_row(run)}
        for run in gone:
            if self.store_writer.changed_since(run, as_of):
                self.store_writer.read_again()
            else:
                with self.history.recording(ChangeKind.REMOVED, self.watch_list[run]):
                    self.watch_list.remove(run)
                self.store_writer.mark_deleted(run)
        queries_changed = self.queries.merge(found, as_of)
        return queries_changed or {row.run for row in self.watch_list} != watched

    def _merge_row(self, stored: StoredRun, below: RunAddress | None, *, replaced: bool) -> None:
        row, last = self.watch_list.get(stored.run), self.store_writer.saved_row(stored.run)
        if row is None:
            self.store_writer.mark_saved(stored)
            row = self.watch_list.restore(stored, self.backend.poll_policy.at(stored.times), above=below)
            self.history.added(row)
            self._save(row)
            return
        if stored.undone and (stored.attempt > row.attempt or (row.active and stored.attempt == row.attempt)):
            self.watch_list.withdraw(stored.run, stored)
            self.store_writer.mark_saved(stored)
            return
        if last is not None and (stored.times != last.times or stored.goal not in {last.goal, row.goal}):
            with self.history.recording(ChangeKind.SETTINGS, row):
                self._merge_settings(row, stored, last)
        cancelled = stored.state is State.CANCELLED and stored.attempt >= row.attempt
        if cancelled and row.active:
            with self.history.recording(ChangeKind.CANCELLED, row):
                self.watch_list.cancel(stored.run)
        elif stored.attempt > row.attempt and not cancelled:
            with self.history.recording(ChangeKind.RESTARTED, row):
                self.watch_list.restart(stored.run, stored.attempt)
        elif stored.notice is not None and _succeeded_elsewhere(row, stored):
            # This dashboard may have lacked something, such as a sign-in, that the other one had.
            self.watch_list.take_success(stored, stored.notice)
            self.store_writer.mark_saved(stored)
        elif last and stored.attempt < last.attempt == row.attempt and not stored.state.final and not replaced:
            # Its row was removed and added between two readings.
            self.watch_list.restart(stored.run)

    def _merge_settings(self, row: WatchedRun, stored: StoredRun, last: StoredRun) -> None:
        if stored.times != last.times:
            row.poll_policy = self.backend.poll_policy.at(stored.times)
        goal = row.goal if stored.goal == last.goal else stored.goal
        self.store_writer.mark_saved(replace(last, times=stored.times, goal=stored.goal))
        if goal != row.goal:
            self.watch_list.change_goal(stored.run, goal)

    def restart_refused(self) -> int:
        """Restart the runs that failed for lack of a valid API key, or may have; returns how many."""
        # For a private run, the server answers "not found" to anyone without access.
        # A run without an answer so far may have been probed without the key, and is about to be refused.
        refused = [
            row.run
            for row in self.watch_list
            if row.failure in {Failure.API_KEY, Failure.NOT_FOUND} or (row.running and row.answered_at is None)
        ]
        for run in refused:
            self.watch_list.restart(run)
        self.save(self.watch_list[run] for run in refused)
        return len(refused)

    def apply_events(self, most: int | None = None) -> dict[RunAddress, WatchedRun]:
        """Apply events of the monitors, at most `most`; returns the changed rows, to `save`."""
        changed: dict[RunAddress, WatchedRun] = {}
        for message in self.event_queue.take(most):
            row = self.watch_list.apply(message)
            if row is not None:
                changed[row.run] = row
                if isinstance(message, MonitorEvent):
                    self.access = self.access.after(message)
        return changed

    def save(self, rows: Iterable[WatchedRun]) -> None:
        """Save these rows and the new lines of their logs, except for rows removed meanwhile."""
        for row in rows:
            if self.watch_list.get(row.run) is row:
                self._save(row)

    def add_remark(self, run: RunAddress, text: str, level: Level) -> WatchedRun | None:
        """Add a line to a run's log; returns its row if it is on the list."""
        row = self.watch_list.add_remark(run, text, level)
        if row is not None:
            self._save(row)
        return row

    def stop(self, *, ending: bool = False) -> None:
        """Stop every attempt. On disk they stay as they were, and resume at the next start.

        Args:
            ending: Whether the process ends, and the threads with it.
        """
        self.event_queue.close()
        if ending:
            self.watch_list.abandon_all()
        else:
            self.watch_list.cancel_all()
        if self.backend.hooks is not None:
            self.backend.hooks.stop()
        if self.backend.downloads is not None:
            self.backend.downloads.stop()
        if self.backend.branches is not None:
            self.backend.branches.stop()

    def close(self, seconds: float) -> None:
        """Write pending changes and close the services; blocks for at most about `seconds`."""
        self.store_writer.close(seconds)
        self.backend.close()

    def _save(self, row: WatchedRun, *, added: bool = False, restore_position: bool = False) -> None:
        stored = row.stored(self.now, self.backend.poll_policy.times)
        self.store_writer.save(stored, row.line_count, row.log, added=added, restore_position=restore_position)


def _succeeded_elsewhere(row: WatchedRun, stored: StoredRun) -> bool:
    """Whether the attempt that failed here has met the same goal in another dashboard."""
    same = (row.attempt, row.goal) == (stored.attempt, stored.goal)
    return same and row.state in {State.FAILED, State.TIMED_OUT} and stored.state is State.AVAILABLE


def _try(post: Callable[[Message], bool], message: Message) -> None:
    try:
        post(message)
    except RuntimeError:
        # The loop has just closed; there is nothing left to notify.
        return
