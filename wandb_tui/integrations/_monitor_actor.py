"""The shared monitor of a Ray cluster, as the actor that it is on the head node."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ParamSpec, TypeVar

import ray

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ApiKeyError
from wandb_tui.core.events import Failure
from wandb_tui.core.goal import Goal
from wandb_tui.integrations._leases import Leases
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.results import MonitorResult
from wandb_tui.wiring import Wiring

P = ParamSpec("P")
T = TypeVar("T")

MAX_WAITING_CALLS = 1000
NO_KEY_ON_HEAD = (
    "The shared monitor has no API key on the cluster's head node.",
    "Set WANDB_API_KEY there before ray start, or run wandb login or wandb-tui login there.",
)


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of the shared monitor, in seconds.

    Attributes:
        lease: Without a renewal for this long, an experiment counts as gone, and an unused monitor ends.
        renewal: Between two renewals.
        call: The longest single call to the actor, which limits the wait for a killed caller.
    """

    lease: float = 60.0
    renewal: float = 15.0
    call: float = 20.0


@dataclass(slots=True)
class _Shared:
    """A monitor, the number of calls that wait for it, and the time of its last use."""

    group: MonitorGroup
    waiting: int = 0
    last_use: float = field(default_factory=time.monotonic)


class MonitorActor:
    """Waits for its callers, with one browser and one poller. All calls run in one event loop."""

    def __init__(self, host: str | None, timing: Timing) -> None:
        self._host = host
        self._timing = timing
        self._threads = ThreadPoolExecutor(MAX_WAITING_CALLS, thread_name_prefix="wandb-tui waiting")
        self._shared: dict[tuple[RunAddress, Goal], _Shared] = {}
        self._leases = Leases(timing.lease)
        self._lock = threading.Lock()
        # A thread rather than a task: an actor that Ray has restarted may never be called again.
        threading.Thread(target=self._end_when_unused, name="wandb-tui leases", daemon=True).start()

    @cached_property
    def _wiring(self) -> Wiring:
        # Built by the first call, which then gets its errors.
        return Wiring(host=self._host, anonymous_ok=True)

    async def wait(self, run: RunAddress, goal: Goal, seconds: float) -> MonitorResult:
        """Wait until a run meets a goal, `seconds` at most; all calls for the same share one monitor."""
        self._leases.touch()
        shared = self._join(run, goal)
        try:
            result = await self._off_loop(shared.group.wait, run, seconds)
        finally:
            if self._part(run, goal, shared):
                await self._off_loop(shared.group.close)
        if result.failure is Failure.NOT_FOUND and not await self.has_api_key():
            return replace(result, error=ApiKeyError(*NO_KEY_ON_HEAD), error_message=NO_KEY_ON_HEAD[0])
        return result

    async def enter(self, user: str) -> None:
        """Begin or renew an experiment's lease."""
        self._leases.renew(user)

    async def has_api_key(self) -> bool:
        """Whether there is an API key on this node, or an identity token in its place."""
        return await self._off_loop(lambda: self._wiring.account.is_authorized)

    async def leave(self, user: str) -> bool:
        """End an experiment's lease; after the last the browser is ended, and True given."""
        last = self._leases.release(user)
        if last:
            await self._off_loop(self._wiring.close)
        return last

    async def serves(self, job: str) -> bool:
        """Whether an experiment of this job has a lease."""
        return self._leases.held_by(job)

    def _join(self, run: RunAddress, goal: Goal) -> _Shared:
        with self._lock:
            shared = self._shared.get((run, goal))
            if shared is None:
                shared = self._shared[run, goal] = _Shared(MonitorGroup(wiring=self._wiring, max_wait_time=0))
                shared.group.add(run, goal)
            shared.waiting += 1
            return shared

    def _part(self, run: RunAddress, goal: Goal, shared: _Shared) -> bool:
        """End a call; whether its monitor has ended and no other call needs it."""
        with self._lock:
            shared.waiting -= 1
            shared.last_use = time.monotonic()
            self._leases.touch()
            ended = run in shared.group.results
            if ended and self._shared.get((run, goal)) is shared:
                # A later call starts again.
                del self._shared[run, goal]
            return ended and not shared.waiting

    def _end_when_unused(self) -> None:
        """Close the monitors that no caller waits for any more; end the actor when it has no user left."""
        pause = threading.Event()
        while not pause.wait(min(5.0, self._timing.call / 2)):
            for group in self._take_abandoned():
                group.close()
            with self._lock:
                unused = self._leases.unused and not self._shared
            if unused:
                if "_wiring" in self.__dict__:
                    self._wiring.close()
                ray.kill(ray.get_runtime_context().current_actor)
                return

    def _take_abandoned(self) -> list[MonitorGroup]:
        now = time.monotonic()
        with self._lock:
            abandoned = [
                key
                for key, shared in self._shared.items()
                if not shared.waiting and now - shared.last_use > self._timing.call
            ]
            return [self._shared.pop(key).group for key in abandoned]

    async def _off_loop(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))
