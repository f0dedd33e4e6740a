"""What the dashboard knows and does, without a single widget: the watch list, its keeper, the services to come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from threading import Lock

from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Failure, Level
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import LogLine
from wandb_tui.core.persistence import Json, StoredRun, StoreSnapshot
from wandb_tui.core.schedule import Clock, PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import Spawn, WatchedRun, WatchList
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.add.preview import AddEffect, AddOptions, add_effect
from wandb_tui.ui.dashboard.header_bar import Counts
from wandb_tui.ui.input.key_map import KeyMap
from wandb_tui.ui.runtime.backend import Backend
from wandb_tui.ui.runtime.deferred_services import DeferredServices
from wandb_tui.ui.runtime.event_queue import EventQueue
from wandb_tui.ui.runtime.store_writer import StoreWriter


class Session:
    """The watch list and all that keeps it going. Belongs to the UI thread."""

    def __init__(self, backend: Backend, spawn: Spawn, post: Callable[[Message], bool], clock: Clock) -> None:
        self.backend = backend
        self.clock = clock
        self.keys = KeyMap(backend.keys)
        self.late = DeferredServices()
        self.event_queue = EventQueue(post)
        self.watch_list = WatchList(self.late.services, spawn, self.event_queue.publish, clock=clock, turns=Lock())
        self.store_writer = StoreWriter(backend.store, lambda message: _try(post, message))
        self.view: dict[str, Json] = {}
        self._removed: list[list[WatchedRun]] = []
        self._held: deque[RunAddress] = deque()

    @property
    def now(self) -> float:
        """The time on the watch's clock."""
        return self.clock()

    @property
    def counts(self) -> Counts:
        """How the runs stand."""
        counts = self.watch_list.counts
        final = sum(count for state, count in counts.items() if state.final)
        failed = counts[State.FAILED] + counts[State.TIMED_OUT]
        return Counts(
            len(self.watch_list), counts[State.AVAILABLE], len(self.watch_list) - final, failed, counts[State.CANCELLED]
        )

    @property
    def sign_in_problem(self) -> str:
        """Why monitors wait for the user to sign in; empty where none does."""
        waits = (row for row in self.watch_list if row.state is State.SIGNING_IN and row.clock_stopped)
        return next((event_text(row.notice) for row in waits), "")

    @property
    def can_undo(self) -> bool:
        """Whether a removal can be taken back."""
        return bool(self._removed)

    def restore(self, rows: Iterable[StoredRun], view: dict[str, Json]) -> None:
        """Take everything back from disk."""
        self.view = view | self.view
        for kept in rows:
            self.store_writer.known(kept)
            self.watch_list.restore(kept, self.backend.poll_policy.at(kept.times))

    def release_starts(self) -> None:
        """Let attempts start again; those that were held are started by `start_held`."""
        self._held.extend(self.watch_list.release_starts())

    def start_held(self, count: int) -> bool:
        """Start up to `count` of the attempts that were held; whether there are more."""
        for _ in range(min(count, len(self._held))):
            if (row := self.watch_list.start(self._held.popleft())) is not None:
                self._keep(row)
        return bool(self._held)

    def remember(self, key: str, value: Json) -> None:
        """Keep something of how the dashboard looks, for the next start; it is read again as `view[key]`."""
        if self.view.get(key) != value:
            self.view[key] = value
            self.store_writer.keep_view(key, value)

    def recall(self, run: RunAddress) -> None:
        """Fetch a restored run's log from disk, where that was not done yet; it comes as `Recalled`."""
        row = self.watch_list.get(run)
        if row is not None and not row.log_loaded:
            self.store_writer.recall(run)

    def recalled(self, run: RunAddress, lines: Sequence[LogLine]) -> WatchedRun | None:
        """Put the older lines of a run's log before the others; its row, if it is on the list and had not got them."""
        row = self.watch_list.get(run) or self._was(run)
        return self.watch_list.prepend_log(row, lines) if row else None

    def add(self, run: RunAddress, goal: Goal, poll_policy: PollPolicy | None = None) -> None:
        """Watch a run; at the backend's pace, where no other is given. What was removed here keeps its log."""
        before = self._was(run)
        row = self.watch_list.add(run, goal, poll_policy or self.backend.poll_policy, before=before)
        if before is not None:
            row.line_count = max(row.line_count, len(row.log))
        self._keep(row, added=True)

    def foresee(self, run: RunAddress, terms: AddOptions, said: Goal | None = None) -> AddEffect:
        """What adding a run would do.

        Args:
            run: Which run.
            terms: What all that are added with it wait for.
            said: What this one is to wait for, where that was said.
        """
        return add_effect(run, self.watch_list.get(run) or self._was(run), terms, said, there=run in self.watch_list)

    def _was(self, run: RunAddress) -> WatchedRun | None:
        """The row of a run that was removed, and has not come back."""
        removed = (row for rows in reversed(self._removed) for row in rows if row.run == run)
        return next(removed, None) if run not in self.watch_list else None

    def cancel(self, run: RunAddress) -> None:
        """End the attempt under way."""
        self.watch_list.cancel(run)
        self._keep(self.watch_list[run])

    def restart(self, run: RunAddress) -> None:
        """Begin the next attempt."""
        self.watch_list.restart(run)
        self._keep(self.watch_list[run])

    def change_goal(self, run: RunAddress, goal: Goal) -> None:
        """Wait for something else; what had ended begins anew."""
        self.watch_list.change_goal(run, goal)
        self._keep(self.watch_list[run])

    def remove(self, runs: Iterable[RunAddress]) -> None:
        """Take runs off the list, until they are put back."""
        gone = [self.watch_list[run] for run in runs]
        for row in gone:
            # What is on disk of its log goes with it; it is to come back with it as well.
            self.recall(row.run)
            self.watch_list.remove(row.run)
            self.store_writer.remove(row.run)
        self._removed.append(gone)

    def undo(self) -> tuple[list[RunAddress], list[RunAddress]]:
        """Put back what was removed last, with its log; what was still waiting goes on where it stood.

        Returns:
            What is back, and what was on the list again already.
        """
        rows = self._removed.pop() if self._removed else []
        there = [row.run for row in rows if row.run in self.watch_list]
        back = [row for row in rows if row.run not in self.watch_list]
        for row in back:
            self.watch_list.undo_remove(row)
            row.line_count = max(row.line_count, len(row.log))
            self._keep(row, added=True, restore_position=True)
        return [row.run for row in back], there

    def follow(self, found: StoreSnapshot, as_of: int) -> bool:
        """Take over what another dashboard has changed; whether rows have come or gone.

        What was changed here since the list was read stays as it is here, and is on its way to the disk.
        """
        watched = {row.run for row in self.watch_list}
        there = {kept.run for kept in found.rows}
        if found.replaced:
            self.store_writer.keep_all(watched - there)
        below: RunAddress | None = None
        for kept in reversed(found.rows):
            if not self.store_writer.touched_since(kept.run, as_of):
                self._follow_row(kept, below)
            below = kept.run if kept.run in self.watch_list else below
        gone = set() if found.replaced else {run for run in watched - there if self.store_writer.knows(run)}
        for run in gone:
            if not self.store_writer.touched_since(run, as_of):
                self.watch_list.remove(run)
                self.store_writer.forget(run)
        return {row.run for row in self.watch_list} != watched

    def _follow_row(self, kept: StoredRun, below: RunAddress | None) -> None:
        row, last = self.watch_list.get(kept.run), self.store_writer.knows(kept.run)
        if row is None:
            self.store_writer.known(kept)
            self._keep(self.watch_list.restore(kept, self.backend.poll_policy.at(kept.times), above=below))
            return
        if last is not None and kept.times != last.times:
            row.poll_policy = self.backend.poll_policy.at(kept.times)
            self.store_writer.known(last := replace(last, times=kept.times))
        if last is not None and kept.goal not in {last.goal, row.goal}:
            self.store_writer.known(replace(last, goal=kept.goal))
            self.watch_list.change_goal(kept.run, kept.goal)
        cancelled = kept.state is State.CANCELLED and kept.attempt >= row.attempt
        if cancelled and row.active:
            self.watch_list.cancel(kept.run)
        elif kept.attempt > row.attempt and not cancelled:
            self.watch_list.restart(kept.run, kept.attempt)

    def restart_refused(self) -> int:
        """Begin anew what failed for want of a good API key, or may have; how many those are."""
        # Of a private run the server says to whomever may not see it that it is not there.
        # Who has not been answered yet may have asked without the key, and is about to be refused.
        refused = [
            row.run
            for row in self.watch_list
            if row.failure in {Failure.API_KEY, Failure.NOT_FOUND} or (row.running and row.answered_at is None)
        ]
        for run in refused:
            self.restart(run)
        return len(refused)

    def hear(self, most: int | None = None) -> dict[RunAddress, WatchedRun]:
        """Take in what the monitors have said, so many sayings at the most; the rows that have changed, to `keep`."""
        changed: dict[RunAddress, WatchedRun] = {}
        for message in self.event_queue.take(most):
            row = self.watch_list.apply(message)
            if row is not None:
                changed[row.run] = row
        return changed

    def keep(self, rows: Iterable[WatchedRun]) -> None:
        """Have these rows written as they stand, and what is new in their logs; not those removed meanwhile."""
        for row in rows:
            if self.watch_list.get(row.run) is row:
                self._keep(row)

    def add_warning(self, run: RunAddress, text: str) -> WatchedRun | None:
        """Add a warning to a run's log; its row, if it is on the list."""
        row = self.watch_list.add_remark(run, text, Level.WARNING)
        if row is not None:
            self._keep(row)
        return row

    def stop(self) -> None:
        """Tell every attempt to end. On disk they stay as they were, and go on at the next start."""
        self.event_queue.close()
        self.watch_list.cancel_all()
        if self.backend.hooks is not None:
            self.backend.hooks.stop()

    def close(self, seconds: float) -> None:
        """Write what is unwritten and end the services; blocks for about `seconds` at the most."""
        self.store_writer.close(seconds)
        self.backend.close()

    def _keep(self, row: WatchedRun, *, added: bool = False, restore_position: bool = False) -> None:
        kept = row.stored(self.now, self.backend.poll_policy.times)
        self.store_writer.save(kept, row.line_count, row.log, added=added, restore_position=restore_position)


def _try(post: Callable[[Message], bool], message: Message) -> None:
    try:
        post(message)
    except RuntimeError:
        # The loop has just closed; nobody is left to be told.
        return
