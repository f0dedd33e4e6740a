"""The library: wait for run histories from a script.

`RunMonitor` signs in once and watches any number of runs; `MonitorGroup` coordinates many of them; the functions
`wait_for_history`, `fork_when_ready` and `download_history` each do one whole job in one call.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import (
    ApiKeyError,
    NoBrowserError,
    RunNotFoundError,
    SignInError,
    SignInProblem,
    WaitTimeoutError,
    WandbTuiError,
)
from wandb_tui.core.events import AttemptEnded, Event, Failure, MonitorStatus, Said
from wandb_tui.core.goal import Goal
from wandb_tui.core.ports import Credentials
from wandb_tui.core.schedule import Pace
from wandb_tui.core.state import State
from wandb_tui.core.watch import Watch, Watched
from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

WandBCredentials = Credentials
"""A user name (or e-mail address) and a password for the browser sign-in; the password never shows in a repr."""

Callback = Callable[[MonitorStatus, dict[str, Any]], object]
"""Called from the monitor's thread with each status line: the status, and what belongs to it.

The data has ``message`` (the line with its emoji), ``run`` (``entity/project/run_id``), ``state``, ``attempt``,
``artifact`` (with its version, or None), ``elapsed`` (seconds) and ``next_check`` (seconds, or None).
"""


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """How waiting for one run ended.

    Attributes:
        success: Whether the goal was met.
        artifact_available: Whether any version of the history artifact was seen.
        artifact_name: ``entity/project/run-<id>-history:v0`` of the newest version seen, or None.
        wait_time: Seconds waited, without the time in which the user was needed.
        error_message: Why the goal was not met, or None.
        state: The last state.
        failure: Which kind of failure, in state `failed`.
    """

    success: bool
    artifact_available: bool
    artifact_name: str | None
    wait_time: float
    error_message: str | None
    state: State = State.AVAILABLE
    failure: Failure | None = None


class MonitorGroup:
    """Watches many runs with one browser and one poller. Safe to use from several threads."""

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        api_key: str | None = None,
        host: str | None = None,
        headless: bool | None = None,
        visit: bool = True,
        callback: Callback | None = None,
        on_event: Callable[[Event], object] | None = None,
        check_interval: float = 5.0,
        max_wait_time: float = 300.0,
        wiring: Wiring | None = None,
    ) -> None:
        """Prepare; the browser starts with the first visit.

        Args:
            credentials: For the browser sign-in; without them, the environment or the keyring.
            api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
            host: The W&B server; without one, as the SDK chooses it.
            headless: Whether the browser works without a window; None leaves it to the settings.
            visit: Whether to visit pages at all, or only poll.
            callback: Hears the status lines.
            on_event: Hears everything.
            check_interval: Seconds between two probes of a run.
            max_wait_time: Seconds until a monitor gives up; 0 waits for ever.
            wiring: Services built elsewhere; they stay open when the group closes.

        Raises:
            UsageError: The settings or the server's address cannot be read.
        """
        self._owns_wiring = wiring is None
        self._wiring = wiring or Wiring(
            host=host, credentials=credentials, api_key=api_key, headless=headless, anonymous_ok=True
        )
        self._pace = Pace(check_interval=check_interval, max_wait_time=max_wait_time)
        self._callback = callback
        self._on_event = on_event
        self._watch = Watch(self._wiring.services(visit=visit), self._spawn, self._publish)
        self._last: dict[RunAddress, Event] = {}
        self._threads: dict[RunAddress, threading.Thread] = {}

    @property
    def results(self) -> dict[RunAddress, MonitorResult]:
        """How each run that has ended did."""
        return {row.run: self._result(row) for row in self._watch if not row.active}

    def add(
        self,
        run: object,
        until: str | Goal = "exists",
        *,
        check_interval: float | None = None,
        max_wait_time: float | None = None,
    ) -> RunAddress:
        """Begin to watch a run.

        Args:
            run: An address, a run object of the SDK, or an `Api` run.
            until: The goal: ``exists``, ``v3``, ``newer``, ``step:200`` or ``complete``.
            check_interval: Seconds between two probes, if other than the group's.
            max_wait_time: Seconds until this monitor gives up, if other than the group's.

        Raises:
            UsageError: The address or the goal is none.
        """
        address = self._address(run)
        goal = until if isinstance(until, Goal) else Goal.parse(until)
        pace = Pace(
            check_interval=self._pace.check_interval if check_interval is None else check_interval,
            max_wait_time=self._pace.max_wait_time if max_wait_time is None else max_wait_time,
        )
        row = self._watch.get(address)
        if row is not None and not row.active:
            row.goal, row.pace = goal, pace
            self._watch.restart(address)
        else:
            self._watch.add(address, goal, pace)
        return address

    def cancel(self, run: object) -> None:
        """End the attempt under way for a run."""
        self._watch.cancel(self._address(run))

    def restart(self, run: object) -> None:
        """Begin the next attempt for a run."""
        self._watch.restart(self._address(run))

    def wait_any(self, timeout: float | None = None) -> dict[RunAddress, MonitorResult]:
        """Block until one run's goal is met, or all have ended, or `timeout` seconds are over; the results so far."""
        self._watch.wait(lambda: self._all_ended() or self._any_met(), timeout)
        return self.results

    def wait_all(self, timeout: float | None = None) -> dict[RunAddress, MonitorResult]:
        """Block until all runs have ended, or `timeout` seconds are over; the results so far."""
        self._watch.wait(self._all_ended, timeout)
        return self.results

    def wait(self, run: object, timeout: float | None = None) -> MonitorResult:
        """Block until one run has ended, or `timeout` seconds are over, and tell how it did or stands."""
        row = self._watch[self._address(run)]
        self._watch.wait(lambda: not row.active, timeout)
        return self._result(row)

    def thread(self, run: object) -> threading.Thread:
        """The thread in which a run is watched."""
        return self._threads[self._address(run)]

    def close(self) -> None:
        """Cancel what is under way and end the browser; a second call does nothing."""
        self._watch.cancel_all()
        self._watch.wait(self._all_ended, timeout=2.0)
        if self._owns_wiring:
            self._wiring.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _address(self, run: object) -> RunAddress:
        return address_of(run, self._wiring)

    def _all_ended(self) -> bool:
        return not self._watch.active

    def _any_met(self) -> bool:
        return any(row.state is State.AVAILABLE for row in self._watch)

    def _result(self, row: Watched) -> MonitorResult:
        met = row.state is State.AVAILABLE
        return MonitorResult(
            success=met,
            artifact_available=row.artifact is not None,
            artifact_name=row.artifact,
            wait_time=row.elapsed(time.monotonic()),
            error_message=None if met else row.message,
            state=row.state,
            failure=row.failure,
        )

    def _spawn(self, run: RunAddress, work: Callable[[], None]) -> None:
        # A daemon, so that a script which ends does not hang on a monitor that it forgot.
        thread = threading.Thread(target=work, name=f"wandb-tui {run}", daemon=True)
        self._threads[run] = thread
        thread.start()

    def _publish(self, said: Said) -> None:
        row = self._watch.fold(said)
        if row is None or isinstance(said, AttemptEnded):
            return
        try:
            if self._on_event is not None:
                self._on_event(said)
            if self._callback is not None and said.status is not None:
                self._callback(said.status, _data(said))
        except Exception:
            # A fault in the caller's own function must not end the monitor that called it.
            log.exception("The callback for %s failed", said.run)


class RunMonitor:
    """Signs in, visits run pages, and waits for history artifacts.

    One monitor may watch several runs, one after the other or each in a thread of its own.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        headless: bool = True,
        callback: Callback | None = None,
        *,
        api_key: str | None = None,
        host: str | None = None,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            credentials: For the browser sign-in; without them, the environment or the keyring.
            headless: Whether the browser works without a window.
            callback: Hears the status lines; without one they are printed.
            api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
            host: The W&B server; without one, as the SDK chooses it.

        Raises:
            UsageError: The settings or the server's address cannot be read.
        """
        self._wiring = Wiring(
            host=host, credentials=credentials, api_key=api_key, headless=headless, anonymous_ok=False
        )
        self._callback = callback or _print_status
        self._group: MonitorGroup | None = None
        self._lock = threading.Lock()

    def login(self) -> bool:
        """Sign the browser in, from the saved session or with the credentials; whether that worked."""
        self._tell(MonitorStatus.SIGNING_IN, "Signing in to W&B…")
        try:
            identity = self._wiring.visitor.sign_in().result()
        except WandbTuiError as error:
            self._tell(MonitorStatus.SIGNING_IN, f"Sign-in failed: {error}")
            return False
        return not identity.anonymous

    def visit_run_page(self, entity: str, project: str, run_id: str) -> bool:
        """Open the run's page and let its scripts run, which starts the export; whether the run really loaded."""
        self._tell(MonitorStatus.VISITING, "Visiting run page…", run=f"{entity}/{project}/{run_id}")
        try:
            run = RunAddress(entity, project, run_id)
            visitor = self._wiring.visitor
            if not visitor.signed_in():
                visitor.sign_in().result()
            visitor.visit(run).result()
        except WandbTuiError as error:
            self._tell(MonitorStatus.VISITING, f"Visit failed: {error}", run=f"{entity}/{project}/{run_id}")
            return False
        return True

    def monitor_artifact_availability(
        self, entity: str, project: str, run_id: str, check_interval: float = 5.0, max_wait_time: float = 300.0
    ) -> bool:
        """Wait, without visiting, until the run's history artifact exists; whether it does.

        Args:
            entity: The run's entity.
            project: The run's project.
            run_id: The run's id.
            check_interval: Seconds between two looks.
            max_wait_time: Seconds until giving up; 0 waits for ever.
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
        """Visit the run's page and wait for its history artifact, in a thread of its own, which is returned.

        Args:
            entity: The run's entity.
            project: The run's project.
            run_id: The run's id.
            check_interval: Seconds between two looks.
            max_wait_time: Seconds until giving up; 0 waits for ever.
        """
        group = self._own_group()
        run = group.add(RunAddress(entity, project, run_id), check_interval=check_interval, max_wait_time=max_wait_time)
        return group.thread(run)

    def watch(
        self, run: object, until: str | Goal = "exists", *, check_interval: float = 5.0, max_wait_time: float = 300.0
    ) -> Future[MonitorResult]:
        """Visit and wait in the background; the future's result tells how it ended.

        Args:
            run: An address, a run object of the SDK, or an `Api` run.
            until: The goal.
            check_interval: Seconds between two looks.
            max_wait_time: Seconds until giving up; 0 waits for ever.
        """
        group = self._own_group()
        address = group.add(run, until, check_interval=check_interval, max_wait_time=max_wait_time)
        future: Future[MonitorResult] = Future()

        def finish() -> None:
            future.set_result(group.wait(address))

        threading.Thread(target=finish, name=f"wandb-tui result of {address}", daemon=True).start()
        return future

    def result(self, entity: str, project: str, run_id: str) -> MonitorResult:
        """How a run watched by `run_threaded_monitor` did, or how it stands.

        Raises:
            RunNotFoundError: This monitor does not watch that run.
        """
        run = RunAddress(entity, project, run_id)
        if self._group is None:
            raise RunNotFoundError(f"{run} is not watched.")
        try:
            return self._group.wait(run, timeout=0)
        except KeyError:
            raise RunNotFoundError(f"{run} is not watched.") from None

    def cleanup(self) -> None:
        """Cancel what is under way and end the browser; a second call does nothing."""
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

    def _tell(self, status: MonitorStatus, message: str, run: str | None = None) -> None:
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
    credentials: Credentials | None = None,
    api_key: str | None = None,
    host: str | None = None,
    callback: Callback | None = None,
) -> MonitorResult:
    """Wait until a run's history artifact meets a goal.

    Args:
        run: An address, a run object of the SDK, or an `Api` run.
        until: ``exists``, ``v3``, ``newer``, ``step:200`` or ``complete``.
        timeout: Seconds until giving up; 0 waits for ever.
        check_interval: Seconds between two looks.
        visit: Whether to visit the run's page, which starts the export.
        credentials: For the browser sign-in; without them, the environment or the keyring.
        api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
        host: The W&B server; without one, as the SDK chooses it.
        callback: Hears the status lines.

    Returns:
        How it went; its `success` is true.

    Raises:
        UsageError: The address or the goal is none.
        WaitTimeoutError: The goal was not met in time.
        SignInError: The browser could not be signed in.
        ApiKeyError: The server refused the API key.
        RunNotFoundError: There is no such run, or the key may not see it.
        NoBrowserError: No browser is on this machine.
    """
    with MonitorGroup(
        credentials,
        api_key=api_key,
        host=host,
        visit=visit,
        callback=callback,
        check_interval=check_interval,
        max_wait_time=timeout,
    ) as group:
        result = group.wait(group.add(run, until))
    _raise_for(result)
    return result


def download_history(run: object, directory: str | Path, timeout: float = 300.0, **options: Any) -> list[Path]:
    """Wait until a run's export is complete, then download its Parquet files.

    Args:
        run: An address, a run object of the SDK, or an `Api` run.
        directory: Where the files go; it is made if need be.
        timeout: Seconds until giving up; 0 waits for ever.
        options: As for `wait_for_history`.

    Returns:
        The files.

    Raises:
        WandbTuiError: As for `wait_for_history`.
    """
    import wandb

    result = wait_for_history(run, "complete", timeout, **options)
    wiring = Wiring(host=options.get("host"), api_key=options.get("api_key"))
    try:
        api = wandb.Api(overrides={"base_url": wiring.server.info.base_url}, api_key=wiring.account.api_key())
        artifact = api.artifact(str(result.artifact_name), type="wandb-history")
        folder = Path(artifact.download(root=str(directory)))
    finally:
        wiring.close()
    return sorted(folder.rglob("*.parquet"))


_PATIENCE_PER_TRY = 20.0
_STILL_NOT_THERE = ("materialized", "contact support", "greater than the run's last step", "timed out while retrying")


def fork_when_ready(run: object, step: int, *, timeout: float = 300.0, **init: Any) -> Any:
    """Wait until the export of a run covers `step`, then fork it there.

    Args:
        run: The parent: an address, a run object of the SDK, or an `Api` run.
        step: The step to fork at.
        timeout: Seconds until giving up; 0 waits for ever.
        init: Passed on to ``wandb.init``.

    Returns:
        The forked run, as ``wandb.init`` returns it.

    Raises:
        WandbTuiError: As for `wait_for_history`; `WaitTimeoutError` also where the server goes on refusing the fork.
    """
    import wandb

    wiring = Wiring(anonymous_ok=True)
    address = address_of(run, wiring)
    started = time.monotonic()
    init.setdefault("entity", address.entity)
    init.setdefault("project", address.project)
    settings = init.pop("settings", None) or wandb.Settings()
    settings = settings if isinstance(settings, wandb.Settings) else wandb.Settings(**settings)
    settings.init_timeout = _PATIENCE_PER_TRY
    goal = f"step:{step}"
    try:
        while True:
            left = max(1.0, timeout - (time.monotonic() - started)) if timeout else 0.0
            with MonitorGroup(wiring=wiring, max_wait_time=left) as group:
                _raise_for(group.wait(group.add(address, goal)))
            try:
                return wandb.init(fork_from=f"{address.run_id}?_step={step}", settings=settings, **init)
            except (wandb.errors.CommError, wandb.errors.Error) as error:
                words = str(error).lower()
                if not any(sign in words for sign in _STILL_NOT_THERE):
                    raise
                if timeout and time.monotonic() - started >= timeout:
                    raise WaitTimeoutError(
                        f"The server still refuses to fork {address} at step {step} after {timeout:.0f} s."
                    ) from None
                # The export lags behind what the API said: the next round visits the page again on purpose.
                goal = "newer"
    finally:
        wiring.close()


def address_of(run: object, wiring: Wiring) -> RunAddress:
    """The address of what a caller means by a run.

    Raises:
        UsageError: It is no address and no run object.
    """
    if isinstance(run, RunAddress):
        return run
    if isinstance(run, str):
        return wiring.addresses.parse(run)
    entity, project = getattr(run, "entity", None), getattr(run, "project", None)
    run_id = getattr(run, "id", None)
    if entity and project and run_id:
        return RunAddress(str(entity), str(project), str(run_id))
    return wiring.addresses.parse(str(run))


_ERRORS: Mapping[Failure, Callable[[str], WandbTuiError]] = {
    Failure.SIGN_IN: lambda message: SignInError(SignInProblem.NO_CREDENTIALS, message),
    Failure.API_KEY: ApiKeyError,
    Failure.NOT_FOUND: RunNotFoundError,
    Failure.NO_BROWSER: NoBrowserError,
    Failure.INTERNAL: WandbTuiError,
}


def _raise_for(result: MonitorResult) -> None:
    if result.success:
        return
    message = result.error_message or "The goal was not met."
    if result.state is State.TIMED_OUT:
        raise WaitTimeoutError(message)
    raise _ERRORS[result.failure or Failure.INTERNAL](message)


def _data(event: Event) -> dict[str, Any]:
    return {
        "message": event.line,
        "run": str(event.run),
        "state": event.state.value,
        "attempt": event.attempt,
        "artifact": event.artifact,
        "elapsed": event.elapsed,
        "next_check": event.next_probe,
    }


def _print_status(_: MonitorStatus, data: dict[str, Any]) -> None:
    print(data["message"], flush=True)  # noqa: T201 - the first version printed its status, and scripts read it
