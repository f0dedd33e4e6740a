"""Offline runs as rows of a watch list: each is asked about only once it has been synced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.goal import Goal
from wandb_tui.core.offline_runs import SyncPlan
from wandb_tui.core.ports import Prober, Services
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.core.sync_progress import SyncProgress, SyncState
from wandb_tui.library.offline_sync import OfflineSync, OnChange

if TYPE_CHECKING:
    from wandb_tui.wiring import Wiring


class OfflineRows:
    """Syncs the runs of a plan while a dashboard shows them, and starts their exports by its own visits.

    Attributes:
        goals: Each run with the goal of its row: an export that its last fork needs, else any.
    """

    def __init__(self, wiring: Wiring, plan: SyncPlan, *, timeout: float, verify: bool, on_change: OnChange) -> None:
        """Prepare; nothing is sent yet.

        Args:
            wiring: The services.
            plan: The runs.
            timeout: Seconds to wait for a sign of progress of an upload; 0 waits for ever.
            verify: Whether to compare the histories.
            on_change: Receives each change.
        """
        self._plan, self._on_change = plan, on_change
        # The rows themselves visit the pages, and a dialog of the dashboard asks for what a sign-in needs.
        self._sync = OfflineSync(wiring, timeout=timeout, visit=False, verify=verify, on_change=self._take)
        self._lock = threading.Lock()
        self._pending: dict[RunAddress, list[Callable[[], object]]] = {run: [] for run in plan.runs}
        self._failed: dict[RunAddress, str] = {}
        # Written by the sync's threads, one key each; replacing a value is atomic.
        self._doing: dict[RunAddress, str] = {}
        self._thread: threading.Thread | None = None
        self.goals = [(str(run), self._goal(run)) for run in plan.runs]

    def services(self, services: Services) -> Services:
        """The same services for the monitors of these rows; the sync begins."""
        with self._lock:
            if self._thread is None:
                self._thread = start_daemon(lambda: self._sync.run(self._plan), "wandb-tui sync")
        # Feeds answer by themselves, also about a run that is not there yet.
        return replace(services, prober=_SyncedProber(services.prober, self), feeds=None)

    def stop(self) -> None:
        """End what is under way; a later call continues."""
        if self._thread is not None:
            self._sync.stop()
            self._thread.join()

    def when_ended(self, run: RunAddress, then: Callable[[], object]) -> None:
        """Call `then`, from any thread, once the sync of a run has ended; at once for a run that has no file."""
        with self._lock:
            if (waiting := self._pending.get(run)) is not None:
                waiting.append(then)
                return
        then()

    def doing(self, run: RunAddress) -> str:
        """The current step of syncing a run; empty once that has ended, and for a run that has no file."""
        return (self._doing.get(run) or "Waiting for its turn") if run in self._pending else ""

    def failure(self, run: RunAddress) -> str:
        """The reason why a run was not synced; empty if it was."""
        return self._failed.get(run, "")

    def _goal(self, run: RunAddress) -> Goal:
        steps = [fork.step or 0 for fork in self._plan.forks(run) if fork.run not in self._plan.problems]
        return Goal.parse(f"step:{max(steps)}") if steps else Goal()

    def _take(self, run: RunAddress, progress: SyncProgress) -> None:
        if progress.state is SyncState.FAILED:
            self._failed[run] = progress.message
        self._doing[run] = progress.message
        if not progress.state.final:
            self._on_change(run, progress)
            return
        with self._lock:
            waiting = self._pending.pop(run, [])
        self._on_change(run, progress)
        for then in waiting:
            then()


class _SyncedProber:
    """Asks about a run only once it has been synced; for a run that was not, the answer is the reason."""

    def __init__(self, prober: Prober, rows: OfflineRows) -> None:
        self._prober, self._rows = prober, rows

    def probe(self, run: RunAddress, *, coverage: bool = False) -> Future[Probe]:
        """See `Prober.probe`; the future stays open until the run's sync has ended."""
        future: Future[Probe] = Future()

        def ask() -> None:
            if reason := self._rows.failure(run):
                _answer(future, Probe(ProbeOutcome.NOT_FOUND, message=reason))
            elif not future.cancelled():
                asked = self._prober.probe(run, coverage=coverage)
                asked.add_done_callback(lambda done: None if done.cancelled() else _answer(future, done.result()))

        self._rows.when_ended(run, ask)
        return future

    def limiting(self) -> float:
        """See `Prober.limiting`."""
        return self._prober.limiting()

    def close(self) -> None:
        """See `Prober.close`."""
        self._prober.close()


def _answer(future: Future[Probe], probe: Probe) -> None:
    # Its monitor may have been cancelled meanwhile.
    if future.set_running_or_notify_cancel():
        future.set_result(probe)
