"""The dashboard on the watch list of its home, with visits that are over at once: no browser is started.

``python -m tests.benchmarks.programs.dashboard poll`` asks the server at the default interval; ``talk SECONDS`` asks
no server: every monitor reports a line each SECONDS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from wandb_tui.cli.backend import DeferredAccount
from wandb_tui.cli.process_end import end_process, leave_threads
from wandb_tui.core.address import RunAddress
from wandb_tui.core.light_future import LightFuture
from wandb_tui.core.ports import Identity, Services, Visit, VisitBacklog
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.app.terminal import run_app
from wandb_tui.ui.runtime.backend import Backend
from wandb_tui.wiring import Wiring

T = TypeVar("T")


class Absent:
    """A prober for which nothing is ever there."""

    def probe(self, run: RunAddress, *, coverage: bool = False) -> Future[Probe]:
        return _done(Probe(ProbeOutcome.NOT_YET))

    def limiting(self) -> float:
        return 0.0

    def close(self) -> None:
        pass


class Visited:
    """A visitor that has always just been everywhere."""

    def signed_in(self) -> bool:
        return True

    def sign_in(self) -> Future[Identity]:
        return _done(Identity("researcher"))

    def backlog(self) -> VisitBacklog:
        return VisitBacklog()

    def credentials_changed(self) -> Future[None]:
        return _done(None)

    def visit(self, run: RunAddress, opened: Callable[[], object] = lambda: None) -> Future[Visit]:
        opened()
        return _done(Visit(0.5))

    def close(self) -> None:
        pass


def _done(value: T) -> Future[T]:
    future: Future[T] = LightFuture()
    future.set_result(value)
    return future


def main() -> int:
    wiring = Wiring()
    polling = sys.argv[1] == "poll"
    interval = 5.0 if polling else float(sys.argv[2])
    base = wiring.server.display_name
    backend = Backend(
        server=lambda: wiring.server.info if polling else ServerInfo(f"http://{base}", f"http://{base}"),
        host=base,
        services=lambda: Services(
            wiring.prober if polling else Absent(),
            Visited(),
            user_can_fix=True,
            feeds=wiring.prober if polling else None,
        ),
        account=DeferredAccount(wiring),
        addresses=wiring.addresses,
        store=wiring.store,
        poll_policy=PollPolicy(
            check_interval=interval, quick_interval=interval, revisit_interval=3600, max_wait_time=0
        ),
        close=wiring.close,
    )
    return run_app(WandbTuiApp(backend), wiring.paths.log_file)


if __name__ == "__main__":
    leave_threads()
    end_process(main())
