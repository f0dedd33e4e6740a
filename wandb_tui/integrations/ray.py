"""Ray and Ray Tune: one browser and one poller for a whole cluster.

The trials of an experiment use one shared monitor, a detached actor on the cluster's head node, instead of each
starting its own browser. The actor reads its secrets there, from the environment or the keyring; none is ever
passed to it. It ends, with its browser, when the last experiment has ended or has stopped renewing its lease: so a
killed experiment leaves nothing behind.

    tuner = tune.Tuner(train, run_config=tune.RunConfig(callbacks=[HistoryCallback()]))

and in the trials:

    run = fork_when_ready("lab/forks/abc123", step=200)
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import ray
from ray.exceptions import ActorUnavailableError, RayActorError, RayTaskError
from ray.tune import Callback

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ApiKeyError, WaitTimeoutError, WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.core.state import State
from wandb_tui.core.validation import checked_seconds
from wandb_tui.integrations._monitor_actor import MAX_WAITING_CALLS, NO_KEY_ON_HEAD, MonitorActor, Timing
from wandb_tui.library.arguments import address_of
from wandb_tui.library.branch import branch
from wandb_tui.library.branch_target import FORK, branch_target
from wandb_tui.library.results import MonitorResult
from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

_NAMESPACE = "wandb-tui"
_ACTOR_PREFIX = "wandb-tui "
# Ray gives this resource to the head node alone; a little of it ties an actor there.
_ON_HEAD = {"node:__internal_head__": 0.001}
_MAX_DEATHS = 5
"""An actor that dies this often during one wait cannot run at all."""
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.5, 5.0
_TIMING = Timing()


class HistoryCallback(Callback):
    """A callback for Ray Tune: the cluster's shared monitor starts with the experiment and ends after the last one."""

    def __init__(self, host: str | None = None) -> None:
        """Prepare; nothing is started yet.

        Args:
            host: The W&B server; by default that of the environment here, else the experiment's.
        """
        self._host = host
        self._experiment = uuid.uuid4().hex
        self._ended: threading.Event | None = None

    def setup(self, *_: object, **__: object) -> None:
        """Start the shared monitor, or join the one that another experiment has started.

        Raises:
            ApiKeyError: There is an API key here, but none on the head node, where the shared monitor runs.
        """
        with contextlib.closing(Wiring(host=self._host)) as wiring:
            # Resolved here, since the head node's environment may name another server or none.
            self._host = wiring.server.info.base_url
            has_key = wiring.account.is_authorized
        monitor = SharedMonitor(self._host)
        self._experiment = f"{_job()}{self._experiment}"
        monitor.enter(self._experiment)
        self._ended = threading.Event()
        renew = partial(_keep_renewing, monitor, self._experiment, self._ended)
        threading.Thread(target=renew, name="wandb-tui lease", daemon=True).start()
        if has_key and not monitor.has_api_key():
            self.on_experiment_end()
            raise ApiKeyError(*NO_KEY_ON_HEAD)

    def on_experiment_end(self, *_: object, **__: object) -> None:
        """Leave the shared monitor; the last experiment ends it, and its browser."""
        if self._ended is not None:
            self._ended.set()
        SharedMonitor(self._host).leave(self._experiment)

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles the callbacks of an experiment.
        return self.__dict__ | {"_ended": None}


def _keep_renewing(monitor: SharedMonitor, experiment: str, ended: threading.Event) -> None:
    while not ended.wait(_TIMING.renewal):
        try:
            monitor.enter(experiment)
        except Exception as error:  # noqa: BLE001 - Ray raises many kinds, and the next renewal may succeed
            log.info("The lease of the shared monitor was not renewed (%s)", type(error).__name__)


def wait_for_history(
    run: object, until: str | Goal = "exists", timeout: float = 300.0, *, host: str | None = None
) -> MonitorResult:
    """Wait until a run's history artifact meets a goal, through the cluster's shared monitor.

    Args:
        run: An address, a run object of the SDK, or an `Api` run.
        until: ``exists``, ``v3``, ``newer``, ``step:200``, ``complete`` or ``ended``.
        timeout: Seconds until giving up; 0 waits for ever.
        host: The W&B server; by default that of the environment here, else the experiment's.

    Returns:
        The result; its `success` is true.

    Raises:
        WandbTuiError: As for `wandb_tui.wait_for_history`.
    """
    with _wiring(host) as wiring:
        result = SharedMonitor(wiring.server.info.base_url).wait(address_of(run, wiring), until, timeout)
    result.raise_if_not_met()
    return result


def fork_when_ready(
    run: object,
    step: int | None = None,
    *,
    at: str | None = None,
    nearest: bool = False,
    fallback: Literal["replay"] | None = None,
    timeout: float = 300.0,
    host: str | None = None,
    **init: Any,
) -> Any:
    """Wait until the export of a run covers `step`, through the cluster's shared monitor, then fork it there.

    Args:
        run: The parent: an address, a run object of the SDK, or an `Api` run.
        step: The step to fork at.
        at: A metric and its value in place of the step, as for `wandb_tui.fork_when_ready`.
        nearest: With `at`: as for `wandb_tui.fork_when_ready`.
        fallback: As for `wandb_tui.fork_when_ready`.
        timeout: Seconds until giving up; 0 waits for ever.
        host: The W&B server; by default that of the environment here, else the experiment's.
        init: Passed on to ``wandb.init``, which is called here, in the trial.

    Returns:
        The forked run, as ``wandb.init`` returns it.

    Raises:
        WandbTuiError: As for `wandb_tui.fork_when_ready`.
    """
    target = branch_target(step, at, nearest=nearest, branching=FORK)
    with _wiring(host) as wiring:
        # Without a key `wandb.init` would prompt for it after the wait.
        wiring.check_api_key()
        monitor = SharedMonitor(wiring.server.info.base_url)
        return branch(
            address_of(run, wiring), target, FORK, timeout, init, wiring=wiring, wait=monitor.wait, fallback=fallback
        )


class SharedMonitor:
    """A client of the cluster's shared monitor, for any node; the first call starts the monitor."""

    def __init__(self, host: str | None = None) -> None:
        """Choose the monitor; nothing starts yet.

        Args:
            host: The W&B server; without one, as the SDK chooses it on the head node. Each server has its own monitor.
        """
        self._host = host

    def wait(self, run: RunAddress, until: str | Goal, timeout: float) -> MonitorResult:
        """Wait until a run meets a goal, even if the monitor dies and restarts meanwhile.

        Args:
            run: The run.
            until: The goal.
            timeout: Seconds until giving up; 0 waits for ever.

        Raises:
            UsageError: The goal or the time is not valid, or the settings on the head node cannot be read.
            WaitTimeoutError: The monitor did not answer in time.
            WandbTuiError: The monitor cannot run on the head node.
        """
        goal = until if isinstance(until, Goal) else Goal.parse(until)
        timeout = checked_seconds("timeout", timeout)
        end = time.monotonic() + timeout
        latest: MonitorResult | None = None
        deaths, backoff = 0, _Backoff()
        while not timeout or time.monotonic() < end:
            left = min(_TIMING.call, end - time.monotonic()) if timeout else _TIMING.call
            try:
                result: MonitorResult = _get(self._actor().wait.remote(run, goal, left))
            except ActorUnavailableError:
                # It is restarting, which may take a while.
                log.info("The shared monitor is restarting")
            except RayActorError as error:
                deaths += 1
                log.warning("The shared monitor has died; retrying")
                if deaths == _MAX_DEATHS:
                    raise WandbTuiError(*_cannot_run(error)) from None
            else:
                if result.state.final:
                    return result
                latest, backoff = result, _Backoff()
                continue
            backoff.wait()
        if latest is not None:
            return _timed_out(latest)
        raise WaitTimeoutError(f"The cluster's shared monitor did not answer about {run} within {timeout:.0f} s.")

    def enter(self, user: str) -> None:
        """Start the monitor if it is not running, and begin or renew an experiment's lease.

        Args:
            user: A name that is unique to the experiment.
        """
        self._ask("enter", user)

    def has_api_key(self) -> bool:
        """Whether the monitor finds an API key on the head node."""
        return bool(self._ask("has_api_key"))

    def leave(self, user: str) -> None:
        """End an experiment's lease; the monitor ends with the last.

        Args:
            user: The name given to `enter`.
        """
        with contextlib.suppress(RayActorError):
            # One that has died has no leases left.
            actor = self._actor()
            if _get(actor.leave.remote(user)):
                ray.kill(actor)

    def _ask(self, call: str, *arguments: Any) -> Any:
        """The monitor's answer; one that has just ended is started again."""
        backoff = _Backoff()
        for _ in range(_MAX_DEATHS):
            try:
                return _get(getattr(self._actor(), call).remote(*arguments))
            except RayActorError:
                log.info("The shared monitor has ended; starting it again")
                backoff.wait()
        return _get(getattr(self._actor(), call).remote(*arguments))

    def _actor(self) -> Any:
        options = {
            "name": f"{_ACTOR_PREFIX}{self._host}" if self._host else "wandb-tui",
            "namespace": _NAMESPACE,
            "get_if_exists": True,
            "lifetime": "detached",
            "num_cpus": 0,
            "resources": _ON_HEAD,
            "max_restarts": -1,
            "max_concurrency": MAX_WAITING_CALLS,
        }
        return ray.remote(MonitorActor).options(**options).remote(self._host, _TIMING)


class _Backoff:
    """The pauses between tries, each twice as long as the one before."""

    def __init__(self) -> None:
        self._pause = _FIRST_PAUSE_S

    def wait(self) -> None:
        """Wait until the next try."""
        threading.Event().wait(self._pause)
        self._pause = min(_MAX_PAUSE_S, 2 * self._pause)


def _cannot_run(error: RayActorError) -> tuple[str, str]:
    return (
        "The shared monitor cannot run on the cluster's head node.",
        f"Is wandb-run-monitor[ray] installed there? Ray says: {str(error)[:300]}",
    )


def _timed_out(latest: MonitorResult) -> MonitorResult:
    reason = latest.error_message or ""
    message = f"Timeout reached: {reason[:1].lower()}{reason[1:]}"
    return replace(latest, state=State.TIMED_OUT, error_message=message)


@contextlib.contextmanager
def _wiring(host: str | None) -> Iterator[Wiring]:
    """The services of a trial or driver: they complete a run's address, and hold the API key for a fork."""
    wiring = Wiring(host=host or _experiments_host())
    try:
        yield wiring
    finally:
        wiring.close()


def _experiments_host() -> str | None:
    """The server of the experiment that this trial belongs to, which its driver alone may know; None for no such."""
    if os.environ.get("WANDB_BASE_URL") or not ray.is_initialized():
        return None
    for actor in ray.util.list_named_actors(all_namespaces=True):
        name = str(actor["name"])
        if actor["namespace"] == _NAMESPACE and name.startswith(_ACTOR_PREFIX) and _serves_this_job(name):
            return name.removeprefix(_ACTOR_PREFIX)
    return None


def _serves_this_job(name: str) -> bool:
    try:
        return bool(_get(ray.get_actor(name, namespace=_NAMESPACE).serves.remote(_job())))
    except (ValueError, RayActorError):
        # It has just ended.
        return False


def _job() -> str:
    """The beginning of the lease names of this job, which driver and trials have in common."""
    return f"{ray.get_runtime_context().get_job_id()}:"


def _get(reference: Any) -> Any:
    try:
        return ray.get(reference)
    except RayTaskError as error:
        # Ray's own error carries the traceback of another machine; the cause says it all.
        cause = error.cause
        raise (cause if isinstance(cause, WandbTuiError) else error) from None
