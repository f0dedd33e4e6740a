"""Forks and rewinds runs in the background, while something else is on the screen."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import WandbTuiError

if TYPE_CHECKING:
    # The first order imports these.
    from wandb_tui.core.branch_order import BranchFinding, BranchOrder, BranchProgress
    from wandb_tui.library.event import Event
    from wandb_tui.library.group import MonitorGroup
    from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

_ORDERS_AT_ONCE = 4


class BackgroundBranches:
    """Carries out orders. May be called from any thread; `start` and `stop` do not block."""

    def __init__(self, wiring: Wiring) -> None:
        """Prepare; nothing is sent yet.

        Args:
            wiring: The services.
        """
        self._wiring = wiring
        self._pool = DaemonPool("wandb-tui branch", _ORDERS_AT_ONCE)
        self._lock = threading.Lock()
        self._groups: dict[BranchOrder, MonitorGroup] = {}
        self._cancelled: set[BranchOrder] = set()
        self._stopped = False

    def preview(self, order: BranchOrder) -> Iterator[BranchFinding]:
        """Yield the findings that are known beforehand, one after the other; each step may block.

        Args:
            order: The order.
        """
        from wandb_tui.library.branch_preview import preview

        return preview(self._wiring, order)

    def start(self, order: BranchOrder, on_change: Callable[[BranchProgress], object]) -> None:
        """Carry out an order.

        Args:
            order: The order.
            on_change: Called from another thread with each change, at last with a final one.
        """
        self._cancelled.discard(order)
        self._pool.submit(self._run, order, on_change)

    def cancel(self, order: BranchOrder) -> None:
        """Give up an order while it waits; a run that is being made at this moment is still made.

        Args:
            order: The order.
        """
        with self._lock:
            self._cancelled.add(order)
            group = self._groups.get(order)
        if group is not None:
            # It waits for its threads.
            threading.Thread(target=group.close, name="wandb-tui branch end", daemon=True).start()

    def stop(self) -> None:
        """Give up all orders, as `cancel` does, and take no more."""
        with self._lock:
            self._stopped = True
            orders = list(self._groups)
        for order in orders:
            self.cancel(order)

    def _run(self, order: BranchOrder, on_change: Callable[[BranchProgress], object]) -> None:
        progress = order.begun

        def change(**changes: Any) -> None:
            nonlocal progress
            progress = replace(progress, **changes)
            on_change(progress)

        def warn(text: str) -> None:
            if text not in progress.warnings:
                change(warnings=(*progress.warnings, text))

        try:
            for run in self._branches(order, lambda event: change(message=event.message), warn):
                change(children=(*progress.children, RunAddress(run.entity, run.project, run.id)))
        except WandbTuiError as error:
            reason = "Cancelled" if order in self._cancelled else str(error)
            change(message=reason, final=True, failed=True)
        except Exception as error:
            log.exception("%s was not %s", order.run, order.kind)
            change(message=f"It failed ({type(error).__name__}).", final=True, failed=True)
        else:
            change(message="", final=True)

    def _branches(
        self, order: BranchOrder, tell: Callable[[Event], object], warn: Callable[[str], object]
    ) -> Iterator[Any]:
        from wandb_tui.library.branch_series import branches
        from wandb_tui.library.branch_target import FORK, REWIND
        from wandb_tui.library.group import MonitorGroup
        from wandb_tui.library.replay import REPLAY

        self._wiring.check_api_key()
        timeout = self._wiring.settings.poll_policy.max_wait_time
        with MonitorGroup(wiring=self._wiring, max_wait_time=timeout, on_event=tell) as group:
            with self._lock:
                if self._stopped or order in self._cancelled:
                    raise WandbTuiError("Cancelled")
                self._groups[order] = group
            try:
                yield from branches(
                    order.run,
                    order.target,
                    REWIND if order.kind is BranchKind.REWIND else FORK,
                    order.times,
                    timeout,
                    wiring=self._wiring,
                    group=group,
                    warn=warn,
                    fallback=REPLAY if order.replays else None,
                )
            finally:
                with self._lock:
                    del self._groups[order]
