"""The library: wait for run histories from a script.

`RunMonitor` signs in once and watches any number of runs; `MonitorGroup` coordinates many of them; the functions
`wait_for_history`, `fork_when_ready` and `download_history` each do a whole job in one call.
"""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, Self

from wandb_tui.core.account import WandBCredentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import RunNotFoundError, WandbTuiError
from wandb_tui.core.events import MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.validation import checked_seconds
from wandb_tui.library.event import Callback
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.results import MonitorResult
from wandb_tui.wiring import Wiring

_CLEANED_UP = "The monitor has been cleaned up."


class RunMonitor:
    """Signs in, visits run pages, and waits for history artifacts.

    One monitor may watch several runs, one after the other or each in a thread of its own.
    """

    def __init__(
        self,
        credentials: WandBCredentials | None = None,
        headless: bool = True,
        callback: Callback | None = None,
        *,
        api_key: str | None = None,
        host: str | None = None,
    ) -> None:
        """Prepare; nothing starts yet.

        Args:
            credentials: For the browser sign-in; without them, the environment or the keyring.
            headless: Whether the browser works without a window.
            callback: Receives the status lines, see `Callback`; without one they are printed.
            api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
            host: The W&B server; without one, as the SDK chooses it.

        Raises:
            UsageError: The settings or the server's address cannot be read.
        """
        self._wiring = Wiring(
            host=host, credentials=credentials, api_key=api_key, headless=headless, anonymous_ok=False
        )
        self._callback = callback or print_status
        self._group: MonitorGroup | None = None
        self._lock = threading.Lock()

    def login(self) -> bool:
        """Sign the browser in, from the saved session or with the credentials; returns whether that worked.

        A status line gives the reason for a failure. A refused password is not tried a second time.
        """
        self._report(MonitorStatus.SIGNING_IN, "Signing in to W&B…")
        try:
            identity = self._wiring.visitor.sign_in().result()
        except (WandbTuiError, CancelledError) as error:
            self._report(MonitorStatus.SIGNING_IN, f"Sign-in failed: {str(error) or _CLEANED_UP}")
            return False
        return not identity.anonymous

    def visit_run_page(self, entity: str, project: str, run_id: str) -> bool:
        """Open the run's page and let its scripts run, which starts the export; returns whether the run loaded.

        Args:
            entity: The run's entity.
            project: The run's project.
            run_id: The run's id.
        """
        shown = f"{entity}/{project}/{run_id}"
        self._report(MonitorStatus.VISITING, "Visiting run page…", run=shown)
        try:
            run = RunAddress(entity, project, run_id)
            visitor = self._wiring.visitor
            if not visitor.signed_in():
                visitor.sign_in().result()
            visitor.visit(run).result()
        except (WandbTuiError, CancelledError) as error:
            self._report(MonitorStatus.VISITING, f"Visit failed: {str(error) or _CLEANED_UP}", run=shown)
            return False
        return True

    def monitor_artifact_availability(
        self, entity: str, project: str, run_id: str, check_interval: float = 5.0, max_wait_time: float = 300.0
    ) -> bool:
        """Wait, without visiting, until the run's history artifact exists; returns whether it does.

        Args:
            entity: The run's entity.
            project: The run's project.
            run_id: The run's id.
            check_interval: Seconds between two checks.
            max_wait_time: Seconds until giving up; 0 waits for ever.

        Raises:
            UsageError: The address, the goal or a time is not valid.
        """
        with MonitorGroup(
            visit=False,
            callback=self._callback,
            check_interval=check_interval,
            max_wait_time=max_wait_time,
            wiring=self._wiring,
        ) as group:
            return group.wait(group.add(RunAddress(entity, project, run_id))).success

    def run_threaded_monitor(
        self, entity: str, project: str, run_id: str, check_interval: float = 5.0, max_wait_time: float = 300.0
    ) -> threading.Thread:
        """Visit the run's page and wait for its history artifact in a new thread, which is returned.

        Args:
            entity: The run's entity.
            project: The run's project.
            run_id: The run's id.
            check_interval: Seconds between two checks.
            max_wait_time: Seconds until giving up; 0 waits for ever.

        Raises:
            UsageError: The address, the goal or a time is not valid.
        """
        group = self._own_group()
        run = group.add(RunAddress(entity, project, run_id), check_interval=check_interval, max_wait_time=max_wait_time)
        return group.thread(run)

    def watch(
        self, run: object, until: str | Goal = "exists", *, check_interval: float = 5.0, max_wait_time: float = 300.0
    ) -> Future[MonitorResult]:
        """Visit and wait in the background; returns a future of the result.

        Args:
            run: An address, a run object of the SDK, or an `Api` run.
            until: The goal.
            check_interval: Seconds between two checks.
            max_wait_time: Seconds until giving up; 0 waits for ever.

        Raises:
            UsageError: The address, the goal or a time is not valid.
        """
        group = self._own_group()
        address = group.add(run, until, check_interval=check_interval, max_wait_time=max_wait_time)
        return DaemonPool(f"wandb-tui result of {address}").submit(group.wait, address)

    def result(self, entity: str, project: str, run_id: str) -> MonitorResult:
        """The result of a run watched by `run_threaded_monitor` or `watch`, or its state so far.

        Args:
            entity: The run's entity.
            project: The run's project.
            run_id: The run's id.

        Raises:
            RunNotFoundError: This monitor does not watch that run.
        """
        run = RunAddress(entity, project, run_id)
        if self._group is None:
            raise RunNotFoundError(f"{run} is not watched.")
        return self._group.wait(run, timeout=0)

    def cleanup(self) -> None:
        """Cancel all attempts and close the browser; a second call does nothing."""
        with self._lock:
            group, self._group = self._group, None
        if group is not None:
            group.close()
        self._wiring.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.cleanup()

    def _own_group(self) -> MonitorGroup:
        with self._lock:
            if self._group is None:
                self._group = MonitorGroup(callback=self._callback, wiring=self._wiring)
            return self._group

    def _report(self, status: MonitorStatus, message: str, run: str | None = None) -> None:
        self._callback(status, {"message": f"{status.emoji} {message}", "run": run})


SimpleWandBMonitor = RunMonitor
"""`RunMonitor` under the name of the first version of these tools."""


def wait_for_history(
    run: object,
    until: str | Goal = "exists",
    timeout: float = 300.0,
    *,
    check_interval: float = 5.0,
    visit: bool = True,
    credentials: WandBCredentials | None = None,
    api_key: str | None = None,
    host: str | None = None,
    callback: Callback | None = None,
) -> MonitorResult:
    """Wait until a run's history artifact meets a goal.

    Args:
        run: An address, a run object of the SDK, or an `Api` run.
        until: ``exists``, ``v3``, ``newer``, ``step:200``, ``complete`` or ``ended``.
        timeout: Seconds until giving up; 0 waits for ever.
        check_interval: Seconds between two checks.
        visit: Whether to visit the run's page, which starts the export.
        credentials: For the browser sign-in; without them, the environment or the keyring.
        api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
        host: The W&B server; without one, as the SDK chooses it.
        callback: Receives the status lines.

    Returns:
        The result; its `success` is true.

    Raises:
        UsageError: The address, the goal or a time is not valid.
        WaitTimeoutError: The goal was not met in time.
        SignInError: The browser could not be signed in.
        ApiKeyError: The server refused the API key.
        RunNotFoundError: There is no such run, or the key may not see it.
        NoBrowserError: There is no browser on this machine.
    """
    with MonitorGroup(
        credentials,
        api_key=api_key,
        host=host,
        visit=visit,
        callback=callback,
        check_interval=check_interval,
        max_wait_time=checked_seconds("timeout", timeout),
    ) as group:
        result = group.wait(group.add(run, until))
    result.raise_if_not_met()
    return result


def print_status(_: MonitorStatus, data: dict[str, Any]) -> None:
    """Print a status line; the callback of monitors without one."""
    # In one piece: with PYTHONUNBUFFERED set, another monitor's line would come between this one and its end.
    print(f"{data['message']}\n", end="", flush=True)  # noqa: T201 - the first version printed it, and scripts read it
