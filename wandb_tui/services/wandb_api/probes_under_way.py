"""Probes that a pool of threads finishes, so that no other probe waits for them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.probe import Probe
from wandb_tui.services.wandb_api.pending_probe import INTERNAL_ERROR, PendingProbe, resolve_all

log = logging.getLogger(__name__)

_POOL_SIZE = 8


class ProbesUnderWay:
    """The probes that are finished in a pool, one for each run. Safe to use from several threads."""

    def __init__(self) -> None:
        self._pool = DaemonPool("wandb-tui prober", _POOL_SIZE)
        self._lock = threading.Lock()
        self._by_run: dict[RunAddress, PendingProbe] = {}

    def finish(self, pending: PendingProbe, work: Callable[[], Probe]) -> None:
        """Answer a probe with what `work` gives, in a thread of the pool."""
        with self._lock:
            self._by_run[pending.run] = pending

        def job() -> None:
            try:
                probe = work()
            except Exception:
                log.exception("A probe failed")
                probe = INTERNAL_ERROR
            with self._lock:
                del self._by_run[pending.run]
            pending.resolve(probe)

        try:
            self._pool.submit(job)
        except RuntimeError:
            # The system has no thread left: this thread does the work, and the other runs wait.
            job()

    def joined_by(self, pending: PendingProbe, repeat: Callable[[PendingProbe], object]) -> bool:
        """Whether a probe of the same run is under way: then this one shares its answer, or is repeated after it.

        Args:
            pending: The probe.
            repeat: Called with it if it asks for more than the one that is under way.
        """
        with self._lock:
            other = self._by_run.get(pending.run)
            if other is None:
                return False
            if other.request.coverage or not pending.request.coverage:
                other.futures += pending.futures
            else:
                other.futures[0].add_done_callback(lambda _: repeat(pending))
            return True

    def abandon(self, probe: Probe) -> None:
        """Answer all of them now."""
        with self._lock:
            left = list(self._by_run.values())
        resolve_all(left, probe)
