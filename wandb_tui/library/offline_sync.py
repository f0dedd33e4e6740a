"""Uploads offline runs and their offline forks in the order in which the server can take them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.branch_note import BranchNote
from wandb_tui.core.daemon_pool import DaemonPool, start_daemon
from wandb_tui.core.errors import ServerError, WandbTuiError
from wandb_tui.core.offline_runs import OfflineFile, OfflineRun, SyncPlan, plan_sync
from wandb_tui.core.sync_progress import SyncProgress, SyncState
from wandb_tui.library.event import Callback
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.offline_check import compare
from wandb_tui.library.offline_upload import INTERRUPTED, OfflineUpload, online_state
from wandb_tui.services.disk.sync_failures import SyncFailures
from wandb_tui.wiring import Wiring

if TYPE_CHECKING:
    from wandb_tui.library.event import Event

log = logging.getLogger(__name__)

_UPLOADS_AT_ONCE = 4
"""Runs that are uploaded at a time; each takes a process of the SDK."""

_STOP_TIMEOUT_S = 4.0

OnChange = Callable[[RunAddress, SyncProgress], object]
"""Receives each change of a run's sync, from any thread."""


class OfflineSync:
    """Syncs the runs of a plan; `run` may be called once."""

    def __init__(
        self,
        wiring: Wiring,
        *,
        timeout: float,
        visit: bool = True,
        verify: bool = False,
        on_change: OnChange = lambda _run, _progress: None,
        callback: Callback | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            wiring: The services.
            timeout: Seconds to wait for each export, and for a sign of progress of an upload; 0 waits for ever.
            visit: Whether to visit the parents' pages.
            verify: Whether to compare the histories.
            on_change: Receives each change.
            callback: Receives the status lines of the waits.
            on_event: Receives the events of the waits.
        """
        self.stopped = threading.Event()
        self._wiring, self._verify = wiring, verify
        self._timeout, self._on_change = timeout, on_change
        self._upload = OfflineUpload(wiring, self.stopped, timeout)
        self._group = MonitorGroup(
            wiring=wiring, visit=visit, max_wait_time=timeout, callback=callback, on_event=on_event
        )
        self._pool = DaemonPool("wandb-tui sync", _UPLOADS_AT_ONCE)
        self._failures = SyncFailures(wiring.paths.sync, wiring.server.key)
        self._changed = threading.Condition()
        self._plan = SyncPlan()
        self._stand: dict[RunAddress, SyncProgress] = {}
        self._active = 0

    def run(self, plan: SyncPlan) -> dict[RunAddress, SyncProgress]:
        """Sync all runs, until each has ended or `stop` is called; how each has ended."""
        self._plan = plan
        self._stand = dict.fromkeys(plan.runs, SyncProgress())
        try:
            for run, problem in plan.problems.items():
                self._set(run, SyncProgress(SyncState.FAILED, problem))
            for one in plan.runs.values():
                if one.parent is None:
                    self._pool.submit(self._sync, one)
            for parent in plan.online_parents:
                self._release_forks(parent)
            with self._changed:
                self._changed.wait_for(lambda: all(stand.state.final for stand in self._stand.values()))
                # After `stop`, the SDK's commands are being ended.
                self._changed.wait_for(lambda: not self._active, _STOP_TIMEOUT_S)
        finally:
            self._group.close()
        self._failures.update({run: _lasting_failure(stand) for run, stand in self._stand.items()})
        return dict(self._stand)

    def stop(self) -> None:
        """End what is under way; a later call continues."""
        self.stopped.set()
        self._group.close()
        for run in self._stand:
            self._set(run, SyncProgress(SyncState.FAILED, INTERRUPTED))

    def _sync(self, one: OfflineRun) -> None:
        with self._changed:
            if self._stand[one.run].state.final:
                return
            self._active += 1
        try:
            self._try_to_sync(one)
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def _try_to_sync(self, one: OfflineRun) -> None:
        try:
            skipped = self._upload.is_online(one, online_state(one.run, self._wiring))
            if not skipped:
                self._upload.upload(one, lambda text: self._set(one.run, SyncProgress(SyncState.SYNCING, text)))
            self._note(one)
            ended = SyncProgress(*_ending(one, skipped=skipped))
            self._set(one.run, self._verified(one, ended) if self._verify else ended)
        except WandbTuiError as error:
            self._fail(one.run, str(error), error)
            if not isinstance(error, _DifferenceError):
                return
        except OSError as error:
            self._fail(one.run, f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
            return
        except Exception as error:
            log.exception("The sync of %s failed", one.run)
            self._fail(one.run, f"The sync failed ({type(error).__name__}).")
            return
        self._release_forks(one.run)

    def _note(self, one: OfflineRun) -> None:
        """Note what the run's record says of its parent: the config loses it once the run is resumed."""
        if one.parent is not None and one.step is not None:
            self._wiring.branch_notes.add(BranchNote.of(one.run, BranchKind.FORK, one.parent, one.step, made=True))

    def _verified(self, one: OfflineRun, ended: SyncProgress) -> SyncProgress:
        self._set(one.run, SyncProgress(SyncState.SYNCING, "Comparing with the server"))
        found = compare(one.run, self._plan.runs, self._wiring.inspector.rows)
        if found.differing:
            raise _DifferenceError(f"{found.differing:,} of {found.steps:,} steps differ: {found.first}")
        steps = f"{found.steps:,} step{'' if found.steps == 1 else 's'}"
        equal = f"{steps} equal" if found.steps else "no steps to compare"
        return replace(ended, message=f"{ended.message}; verified: {equal}", verified=found.steps)

    def _release_forks(self, parent: RunAddress) -> None:
        """Begin the forks of a run that is on the server, as soon as its export covers their steps."""
        if forks := [one for one in self._plan.forks(parent) if not self._stand[one.run].state.final]:
            start_daemon(lambda: self._wait_for(parent, forks), f"wandb-tui sync {parent}")

    def _wait_for(self, parent: RunAddress, forks: list[OfflineRun]) -> None:
        # A fork that the server has already needs no export any more.
        pending = [one for one in forks if not self._guarded(one, parent, self._submit_if_online)]
        for one in pending:
            self._set(one.run, SyncProgress(SyncState.WAITING, f"Waiting for the export of {parent.run_id}"))
        for one in pending:
            if self._guarded(one, parent, self._covers) and not self.stopped.is_set():
                self._pool.submit(self._sync, one)

    def _submit_if_online(self, one: OfflineRun, _parent: RunAddress) -> bool:
        online = self._upload.is_online(one, online_state(one.run, self._wiring))
        if online:
            self._pool.submit(self._sync, one)
        return online

    def _covers(self, one: OfflineRun, parent: RunAddress) -> bool:
        """Wait until the parent's export covers the step of a fork."""
        self._group.wait(self._group.add(parent, f"step:{one.step}")).raise_if_not_met()
        return True

    def _guarded(self, one: OfflineRun, parent: RunAddress, ask: Callable[[OfflineRun, RunAddress], bool]) -> bool:
        """The answer to a question about a fork; False, and the fork has failed, where there is none."""
        if self._stand[one.run].state.final:
            return False
        try:
            return ask(one, parent)
        except WandbTuiError as error:
            self._fail(one.run, f"The export of its parent {parent} is not there: {error}", error)
        except Exception as error:
            log.exception("Waiting for the export of %s failed", parent)
            self._fail(one.run, f"The wait for the export of its parent failed ({type(error).__name__}).")
        return False

    def _fail(self, run: RunAddress, message: str, error: WandbTuiError | None = None) -> None:
        self._set(run, SyncProgress(SyncState.FAILED, message, error))
        if isinstance(error, _DifferenceError):
            return
        for fork in self._plan.forks(run):
            if not self._stand[fork.run].state.final:
                self._fail(fork.run, f"Its parent {run} was not synced.", error)

    def _set(self, run: RunAddress, progress: SyncProgress) -> None:
        with self._changed:
            if self._stand[run].state.final or self._stand[run] == progress:
                return
            self._stand[run] = progress
            self._on_change(run, progress)
            self._changed.notify_all()


def plan_online(files: Iterable[OfflineFile], wiring: Wiring) -> SyncPlan:
    """The plan for these files; the server is asked about parents that have no file.

    Raises:
        WandbTuiError: The server cannot be asked.
    """
    return plan_sync(files, lambda run: online_state(run, wiring) is not None)


class _DifferenceError(ServerError):
    """A run is on the server, but not as it was logged; its forks are synced all the same."""


def _lasting_failure(progress: SyncProgress) -> str:
    """The reason why a run failed; empty if it did not, or was only interrupted."""
    failed = progress.state is SyncState.FAILED and progress.message != INTERRUPTED
    return progress.message if failed else ""


def _ending(one: OfflineRun, *, skipped: bool) -> tuple[SyncState, str]:
    if skipped:
        return SyncState.SKIPPED, "Already synced"
    shared = ", which have steps in common" if one.shares_steps else ""
    pieces = f" from {len(one.files)} files{shared}" if len(one.files) > 1 else ""
    rows = f"{one.rows:,} row{'' if one.rows == 1 else 's'}"
    return SyncState.SYNCED, f"Synced, {rows}{pieces}"


def remembered_failures(wiring: Wiring) -> Mapping[str, str]:
    """The reasons why runs of this server could not be synced at the last attempt, by address."""
    return SyncFailures(wiring.paths.sync, wiring.server.key).read()
