"""Starts attempts: each is a monitor in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from wandb_tui.core.address import RunAddress
from wandb_tui.core.attempt_handle import AttemptHandle
from wandb_tui.core.events import AttemptEnded, MonitorMessage
from wandb_tui.core.monitor import Monitor, Turns
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.core.ports import Services
from wandb_tui.core.schedule import Clock, resumed
from wandb_tui.core.state import State
from wandb_tui.core.watched_run import WatchedRun

Spawn = Callable[[RunAddress, Callable[[], None]], None]
"""Starts a thread for a run; raises `RuntimeError` if the system has no thread left."""


class AttemptLauncher:
    """Starts the attempts of watched runs, or holds them back. The watch list calls it under its lock."""

    def __init__(
        self,
        services: Services,
        spawn: Spawn,
        publish: Callable[[MonitorMessage], None],
        *,
        clock: Clock,
        turns: Turns | None,
    ) -> None:
        """Hold nothing back.

        Args:
            services: The services to use.
            spawn: Starts a thread.
            publish: Receives the messages of the monitors.
            clock: The watch list's clock.
            turns: Held by each monitor while it works.
        """
        self._services = services
        self._spawn = spawn
        self._publish = publish
        self._clock = clock
        self._turns = turns
        self._held = False
        self._hold_notice: Notice | None = None

    def hold(self, reason: Notice | None) -> None:
        """Start no attempt until `release`; runs show `reason` meanwhile, if there is one."""
        self._held, self._hold_notice = True, reason

    def release(self) -> None:
        """Start attempts again."""
        self._held = False

    def launch(self, row: WatchedRun) -> bool:
        """Start the thread of a run's next attempt, or of the one that is resumed; whether that succeeded."""
        if self._held:
            row.state, row.notice = State.QUEUED, self._hold_notice or row.notice
            row.failure, row.error, row.restart_wanted = None, None, False
            return False
        before, resuming = row.attempt, row.resumes
        handle = self._begin(row, resuming=resuming)
        try:
            self._spawn(row.run, self._work(row, handle))
        except RuntimeError:
            row.attempt, row.handle, row.running = before, None, False
            row.clock_stopped = True
            row.report(State.QUEUED, Notice(EventKind.NO_THREAD_LEFT))
            return False
        row.resumes, row.carried = False, None
        return True

    def _begin(self, row: WatchedRun, *, resuming: bool) -> AttemptHandle:
        """Bring a row into the state in which its attempt begins; the attempt's handle."""
        row.restart_wanted = False
        # An attempt that was only queued, as by a command while no dashboard was open, begins now.
        only_queued = row.notice is not None and row.notice.kind in {EventKind.QUEUED, EventKind.ATTEMPT_STARTED}
        if not resuming:
            row.attempt = max(row.attempt + 1, row.next_attempt)
            row.elapsed_then, row.baseline = row.carried or (0.0, None)
        if row.carried or (resuming and not only_queued):
            row.elapsed_then = resumed(row.elapsed_then, row.poll_policy)
            notice = Notice(EventKind.RESUMED, seconds=row.elapsed_then)
        else:
            first = row.attempt == 1
            notice = Notice(EventKind.QUEUED) if first else Notice(EventKind.ATTEMPT_STARTED, attempt=row.attempt)
        handle = AttemptHandle(row.goal)
        row.handle, row.running = handle, True
        row.failure = row.error = None
        row.reported_goal, row.warnings = row.goal, ()
        row.reported_at, row.clock_stopped = self._clock(), False
        row.report(State.QUEUED, notice)
        return handle

    def _work(self, row: WatchedRun, handle: AttemptHandle) -> Callable[[], None]:
        """The work of the attempt's thread."""
        monitor = Monitor(
            row.run,
            self._services,
            handle,
            self._publish,
            poll_policy=row.poll_policy,
            attempt=row.attempt,
            clock=self._clock,
            turns=self._turns,
            elapsed=row.elapsed_then,
            baseline=row.baseline,
        )
        return partial(_run_attempt, monitor, self._publish, AttemptEnded(row.run, row.attempt))


def _run_attempt(monitor: Monitor, publish: Callable[[MonitorMessage], None], ended: AttemptEnded) -> None:
    try:
        monitor.run()
    finally:
        publish(ended)
