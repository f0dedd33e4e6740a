"""Ray and Ray Tune: one browser and one poller for a whole cluster.

The trials of an experiment ask one shared monitor, a detached actor on the cluster's head node, instead of each
starting a browser of its own. The actor reads its secrets there, from the environment or the keyring; none is ever
passed to it.

    tuner = tune.Tuner(train, run_config=tune.RunConfig(callbacks=[HistoryCallback()]))

and in the trials:

    run = fork_when_ready("lab/forks/abc123", step=200)
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ParamSpec, TypeVar

import ray
from ray.exceptions import ActorUnavailableError, RayActorError, RayTaskError
from ray.tune import Callback

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WaitTimeoutError, WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.core.state import State
from wandb_tui.core.validation import checked_seconds
from wandb_tui.library.fork import fork
from wandb_tui.library.group import MonitorGroup, address_of
from wandb_tui.library.results import MonitorResult
from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_NAMESPACE = "wandb-tui"
# Ray gives this resource to the head node alone; a little of it ties an actor there.
_ON_HEAD = {"node:__internal_head__": 0.001}
_MOST_WAITING = 1000
# An actor that dies this often while somebody waits for one run cannot live at all.
_DEATHS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0


class HistoryCallback(Callback):
    """A callback for Ray Tune: the cluster's shared monitor starts with the experiment and ends after the last one."""

    def __init__(self, host: str | None = None) -> None:
        """Prepare; nothing is started yet.

        Args:
            host: The W&B server; without one, as the SDK chooses it on the head node.
        """
        self._monitor = SharedMonitor(host)
        self._experiment = uuid.uuid4().hex

    def setup(self, *_: object, **__: object) -> None:
        """Start the shared monitor, or join the one that another experiment has started."""
        self._monitor.enter(self._experiment)

    def on_experiment_end(self, *_: object, **__: object) -> None:
        """Leave the shared monitor; the last experiment ends it, and its browser."""
        self._monitor.leave(self._experiment)


def wait_for_history(
    run: object, until: str | Goal = "exists", timeout: float = 300.0, *, host: str | None = None
) -> MonitorResult:
    """Wait until a run's history artifact meets a goal, by way of the cluster's shared monitor.

    Args:
        run: An address, a run object of the SDK, or an `Api` run.
        until: ``exists``, ``v3``, ``newer``, ``step:200`` or ``complete``.
        timeout: Seconds until giving up; 0 waits for ever.
        host: The W&B server; without one, as the SDK chooses it on the head node.

    Returns:
        How it went; its `success` is true.

    Raises:
        WandbTuiError: As for `wandb_tui.wait_for_history`.
    """
    with _wiring(host) as wiring:
        result = SharedMonitor(host).wait(address_of(run, wiring), until, timeout)
    result.raise_if_not_met()
    return result


def fork_when_ready(run: object, step: int, *, timeout: float = 300.0, host: str | None = None, **init: Any) -> Any:
    """Wait until the export of a run covers `step`, by way of the cluster's shared monitor, then fork it there.

    Args:
        run: The parent: an address, a run object of the SDK, or an `Api` run.
        step: The step to fork at.
        timeout: Seconds until giving up; 0 waits for ever.
        host: The W&B server; without one, as the SDK chooses it on the head node.
        init: Passed on to ``wandb.init``, which is called here, in the trial.

    Returns:
        The forked run, as ``wandb.init`` returns it.

    Raises:
        WandbTuiError: As for `wandb_tui.fork_when_ready`.
    """
    with _wiring(host) as wiring:
        return fork(address_of(run, wiring), step, timeout, init, wiring=wiring, wait=SharedMonitor(host).wait)


class SharedMonitor:
    """The way to the cluster's shared monitor, from any of its nodes; it is started by whoever needs it first."""

    def __init__(self, host: str | None = None) -> None:
        """Name the monitor; nothing is started yet.

        Args:
            host: The W&B server; without one, as the SDK chooses it on the head node. Each server has its own monitor.
        """
        self._host = host

    def wait(self, run: RunAddress, until: str | Goal, timeout: float) -> MonitorResult:
        """Wait until a run meets a goal, also where the monitor dies meanwhile and has to begin anew.

        Args:
            run: The run.
            until: The goal.
            timeout: Seconds until giving up; 0 waits for ever.

        Raises:
            UsageError: The goal or the time is none, or the settings on the head node cannot be read.
            WaitTimeoutError: The monitor could not be had in time.
            WandbTuiError: The monitor cannot live on the head node.
        """
        goal = until if isinstance(until, Goal) else Goal.parse(until)
        timeout = checked_seconds("timeout", timeout)
        end = time.monotonic() + timeout
        deaths, pause = 0, _FIRST_PAUSE
        while not timeout or time.monotonic() < end:
            left = end - time.monotonic() if timeout else None
            try:
                result: MonitorResult = _get(self._actor().wait.remote(run, goal, left))
            except ActorUnavailableError:
                # It is being started again, which may take its time.
                log.info("The shared monitor is being started again")
            except RayActorError as error:
                deaths += 1
                log.warning("The shared monitor has died, and is asked again")
                if deaths == _DEATHS:
                    raise WandbTuiError(
                        "The shared monitor cannot live on the cluster's head node.",
                        f"Is wandb-run-monitor[ray] installed there? Ray says: {str(error)[:300]}",
                    ) from None
            else:
                return result
            threading.Event().wait(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)
        raise WaitTimeoutError(f"The cluster's shared monitor did not answer about {run} within {timeout:.0f} s.")

    def enter(self, user: str) -> None:
        """Start the monitor, if it is not there, and count an experiment in.

        Args:
            user: Any name of the experiment's own.
        """
        _get(self._actor().enter.remote(user))

    def leave(self, user: str) -> None:
        """Count an experiment out; the monitor ends with the last.

        Args:
            user: The name that it was counted in with.
        """
        actor = self._actor()
        if _get(actor.leave.remote(user)):
            ray.kill(actor)

    def _actor(self) -> Any:
        options = {
            "name": f"wandb-tui {self._host}" if self._host else "wandb-tui",
            "namespace": _NAMESPACE,
            "get_if_exists": True,
            "lifetime": "detached",
            "num_cpus": 0,
            "resources": _ON_HEAD,
            "max_restarts": -1,
            "max_concurrency": _MOST_WAITING,
        }
        return ray.remote(_Monitors).options(**options).remote(self._host)


@dataclass(slots=True)
class _Shared:
    """One monitor, and how many wait for it."""

    group: MonitorGroup
    waiting: int = 0


class _Monitors:
    """The actor: waits for whoever asks, with one browser and one poller. All calls run in one event loop."""

    def __init__(self, host: str | None) -> None:
        self._host = host
        self._threads = ThreadPoolExecutor(_MOST_WAITING, thread_name_prefix="wandb-tui waiting")
        self._shared: dict[tuple[RunAddress, Goal], _Shared] = {}
        self._users: set[str] = set()

    @cached_property
    def _wiring(self) -> Wiring:
        # Built with the first question, so that what is wrong with it is said to whoever asks.
        return Wiring(host=self._host, anonymous_ok=True)

    async def wait(self, run: RunAddress, goal: Goal, patience: float | None) -> MonitorResult:
        """Wait until a run meets a goal; all who ask for the same share one monitor."""
        shared = self._join(run, goal)
        try:
            result = await self._off_loop(shared.group.wait, run, patience)
        finally:
            await self._part(run, goal, shared)
        if result.state.final:
            return result
        why = result.error_message or ""
        return replace(result, state=State.TIMED_OUT, error_message=f"Timeout reached: {why[:1].lower()}{why[1:]}")

    async def enter(self, user: str) -> None:
        """Count an experiment in."""
        self._users.add(user)

    async def leave(self, user: str) -> bool:
        """Count an experiment out; after the last the browser is ended, and True given."""
        self._users.discard(user)
        if not self._users:
            await self._off_loop(self._wiring.close)
        return not self._users

    def _join(self, run: RunAddress, goal: Goal) -> _Shared:
        shared = self._shared.get((run, goal))
        if shared is None:
            shared = self._shared[run, goal] = _Shared(MonitorGroup(wiring=self._wiring, max_wait_time=0))
            shared.group.add(run, goal)
        shared.waiting += 1
        return shared

    async def _part(self, run: RunAddress, goal: Goal, shared: _Shared) -> None:
        shared.waiting -= 1
        ended = run in shared.group.results
        if (ended or not shared.waiting) and self._shared.get((run, goal)) is shared:
            # Whoever asks from now on begins anew.
            del self._shared[run, goal]
        if not shared.waiting:
            await self._off_loop(shared.group.close)

    async def _off_loop(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))


@contextmanager
def _wiring(host: str | None) -> Iterator[Wiring]:
    """What a trial itself needs to know of the server: how a run is addressed, and the API key for a fork."""
    wiring = Wiring(host=host)
    try:
        yield wiring
    finally:
        wiring.close()


def _get(reference: Any) -> Any:
    try:
        return ray.get(reference)
    except RayTaskError as error:
        # Ray's own error carries the traceback of another machine; the cause says it all.
        cause = error.cause
        raise (cause if isinstance(cause, WandbTuiError) else error) from None
