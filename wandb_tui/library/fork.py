"""`fork_when_ready`: wait until a run can be forked at a step, then fork it."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from wandb_tui.core.account import WandBCredentials
from wandb_tui.core.errors import ApiKeyError, ForkError, UsageError, WaitTimeoutError
from wandb_tui.core.validation import checked_seconds
from wandb_tui.library.group import Callback, MonitorGroup, address_of
from wandb_tui.services.credentials.redaction import learn, redact
from wandb_tui.services.proxies import keep_sdk_off_proxy
from wandb_tui.services.wandb_api.sdk import (
    another_run_is_active,
    branch_point,
    free_run_id,
    process_settings,
    unknown_init_arguments,
)
from wandb_tui.wiring import Wiring

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.library.results import MonitorResult

log = logging.getLogger(__name__)

Wait = Callable[["RunAddress", str, float], "MonitorResult"]
"""Waits until a run meets a goal, for so many seconds; 0 for ever."""

# How a server refuses while there is no export yet, or only one that is too old.
_RETRYABLE_MARKS = (
    "materialized",
    "contact support",
    "greater than the run's last step",
    "timed out while retrying",
    "in use",
)
_PERMANENT_MARKS = ("not supported", "unsupported", "not enabled", "disabled")
_MAX_UNKNOWN_REFUSALS = 5
"""How often an unknown refusal is taken for a server that is not ready yet."""

_FIRST_INIT_TIMEOUT_S, _MAX_INIT_TIMEOUT_S = 10.0, 60.0
"""Seconds for which the SDK itself may retry within one try."""

_FIRST_PAUSE_S, _MAX_PAUSE_S = 2.0, 30.0
"""Seconds from a visit to the next try, unless a new version comes first."""


def fork_when_ready(
    run: object,
    step: int,
    *,
    timeout: float = 300.0,
    credentials: WandBCredentials | None = None,
    api_key: str | None = None,
    host: str | None = None,
    callback: Callback | None = None,
    **init: Any,
) -> Any:
    """Wait until the export of a run covers `step`, then fork it there.

    A refusal is answered by visiting the run's page again and trying again, until `timeout`. While another run is
    active in the process, the fork is made beside it (``reinit="create_new"``) unless `init` says otherwise.

    Args:
        run: The parent: an address, a run object of the SDK, or an `Api` run.
        step: The step to fork at, 0 or above.
        timeout: Seconds until giving up; 0 waits for ever.
        credentials: For the browser sign-in; without them, the environment or the keyring.
        api_key: The API key, for the fork too; without one, the environment, ``~/.netrc`` or the keyring.
        host: The W&B server; without one, as the SDK chooses it.
        callback: Receives the status lines.
        init: Passed on to ``wandb.init``: ``id``, ``config``, ``reinit``, ``settings`` and so on. The parent's
            entity and project are used unless given; ``settings.init_timeout`` is set for each try.

    Returns:
        The forked run, as ``wandb.init`` returns it. Its ``starting_step`` is the step to log next; its ``step`` says 0
        until the first log (SDK 0.27 on).

    Raises:
        UsageError: The address, the step or an argument for ``wandb.init`` is not valid.
        WaitTimeoutError: The export did not come in time, or the server went on refusing the fork.
        ForkError: The server refuses the fork for good.
        SignInError: The browser could not be signed in.
        ApiKeyError: The server refused the API key.
        RunNotFoundError: There is no such run, or the key may not see it.
        NoBrowserError: There is no browser on this machine.
    """
    wiring = Wiring(host=host, credentials=credentials, api_key=api_key, anonymous_ok=True)
    try:
        with MonitorGroup(wiring=wiring, callback=callback) as group:

            def wait(parent: RunAddress, goal: str, timeout: float) -> MonitorResult:
                return group.wait(group.add(parent, goal, max_wait_time=timeout))

            return fork(address_of(run, wiring), step, timeout, init, wiring=wiring, wait=wait)
    finally:
        wiring.close()


def fork(parent: RunAddress, step: int, timeout: float, init: dict[str, Any], *, wiring: Wiring, wait: Wait) -> Any:
    """Like `fork_when_ready`, with another function to wait for the export.

    Args:
        parent: The run to fork.
        step: The step to fork at.
        timeout: Seconds until giving up; 0 waits for ever.
        init: Passed on to ``wandb.init``.
        wiring: Names the server and the API key for ``wandb.init``.
        wait: Waits, visits included.

    Raises:
        WandbTuiError: As for `fork_when_ready`.
    """
    given: object = step
    # NumPy's integers are Integral as well.
    if isinstance(given, bool) or not isinstance(given, Integral) or given < 0:
        raise UsageError(f"{step!r} is not a step to fork at.", "A step is a whole number, 0 or above.")
    if clash := {"fork_from", "resume_from", "resume"} & {name for name, value in init.items() if value is not None}:
        raise UsageError(f"fork_when_ready cannot be combined with {', '.join(sorted(clash))}.")
    return _ForkAttempts(parent, int(step), checked_seconds("timeout", timeout), init, wiring=wiring, wait=wait).make()


@dataclass(frozen=True, slots=True)
class _Refusal:
    """The reason for which the server, or the SDK, refused one try."""

    message: str


class _ForkAttempts:
    """One fork to be made, over as many tries as it takes."""

    def __init__(
        self, parent: RunAddress, step: int, timeout: float, init: dict[str, Any], *, wiring: Wiring, wait: Wait
    ) -> None:
        self._parent, self._step = parent, step
        self._timeout = timeout
        self._wiring, self._wait = wiring, wait
        self._started = time.monotonic()
        self._init = {"entity": parent.entity, "project": parent.project} | init
        self._settings = self._init.pop("settings", None)
        self._branch_point = branch_point(parent.run_id, step)
        self._refusals = self._unknown = 0

    def make(self) -> Any:
        """The forked run."""
        self._prepare()
        self._wait(self._parent, f"step:{self._step}", self._left() or 0.0).raise_if_not_met()
        while True:
            refusal = self._try()
            if not isinstance(refusal, _Refusal):
                return refusal
            self._check_refusal(refusal)
            self._visit_again()

    def _prepare(self) -> None:
        """Prepare what is the same for all tries, and reject arguments with which no try can succeed.

        Raises:
            UsageError: The SDK would refuse the arguments or the environment, after all the waiting.
        """
        import wandb

        if unknown := unknown_init_arguments(self._init):
            raise UsageError(f"wandb.init has no argument {', '.join(unknown)}.")
        given = self._settings
        if isinstance(given, dict):
            # The SDK quotes values that it rejects.
            learn(given.get("api_key"))
        try:
            self._settings = wandb.Settings(**given) if isinstance(given, dict) else given or wandb.Settings()
        except ValueError as error:
            raise UsageError(f"The settings for wandb.init cannot be read: {_one_line(error)}") from None
        self._run_id = self._init.get("id") or self._settings.run_id or process_settings().run_id
        self._settings.api_key = self._settings.api_key or self._wiring.account.api_key()
        if "base_url" not in self._settings.model_fields_set:
            self._settings.base_url = self._wiring.server.info.base_url
        self._check_conflicts()
        self._choose_reinit()
        keep_sdk_off_proxy(self._settings.base_url)

    def _check_conflicts(self) -> None:
        for source, settings in (("settings", self._settings), ("the environment", process_settings())):
            for name in ("resume", "resume_from", "fork_from"):
                value = getattr(settings, name, None)
                if value is None:
                    continue
                if source != "settings" and name == "resume" and os.environ.get("WANDB_RESUME"):
                    raise UsageError(f"WANDB_RESUME={value} is set, and a fork cannot resume a run.", "Unset it.")
                raise UsageError(f"{name} is set in {source}, which cannot be combined with a fork.")
        if self._run_id == self._parent.run_id:
            raise UsageError(f"{self._run_id} is the parent's own id.", "Give the fork another id, or none.")

    def _choose_reinit(self) -> None:
        reinit = self._init.get("reinit")
        reinit = self._settings.reinit if reinit is None else reinit
        if reinit == "default" and another_run_is_active():
            # The SDK's own default would return the active run, and fork nothing.
            self._init["reinit"] = "create_new"
        elif reinit in {"return_previous", False} and another_run_is_active():
            raise UsageError(
                f"reinit={reinit!r} would return the active run instead of a fork.",
                'Leave it out, or pass reinit="create_new" or "finish_previous".',
            )

    def _try(self) -> Any:
        """The fork, or how it was refused."""
        import wandb

        # wandb.init changes the settings it gets, so each try has its own copy.
        settings = deepcopy(self._settings)
        timeout = min(_MAX_INIT_TIMEOUT_S, _FIRST_INIT_TIMEOUT_S * (1 + self._refusals))
        settings.init_timeout = min(timeout, max(1.0, self._left() or timeout))
        try:
            return wandb.init(fork_from=self._branch_point, settings=settings, **self._init)
        except wandb.errors.AuthenticationError as error:
            raise ApiKeyError(f"The server refused the API key for the fork: {_one_line(error)}") from None
        except (wandb.errors.UsageError, TypeError, ValueError) as error:
            raise UsageError(f"wandb.init rejects its arguments: {_one_line(error)}") from None
        except Exception as error:  # noqa: BLE001 - the SDK raises some that are not its own base class's
            return _Refusal(_one_line(error))

    def _check_refusal(self, refusal: _Refusal) -> None:
        """Return if another try is worthwhile.

        Raises:
            ForkError: No try will succeed.
            UsageError: The id is taken by another run of this process.
            WaitTimeoutError: The time is over.
        """
        message = refusal.message.lower()
        log.info("The fork of %s at step %d was refused: %s", self._parent, self._step, refusal.message)
        if "in use" in message and not self._refusals:
            raise UsageError(f"The id {self._run_id} belongs to another run of this process.", "Give another id.")
        self._refusals += 1
        permanent = any(mark in message for mark in _PERMANENT_MARKS)
        if not any(mark in message for mark in _RETRYABLE_MARKS):
            self._unknown += 1
        if permanent or self._unknown >= _MAX_UNKNOWN_REFUSALS:
            raise ForkError(
                f"The server does not fork {self._parent} at step {self._step}: {refusal.message}",
                "Forking is a preview on W&B's cloud and absent on self-managed servers.",
            )
        left = self._left()
        if left is not None and left <= 0:
            raise WaitTimeoutError(
                f"The server still refuses to fork {self._parent} at step {self._step} "
                f"after {self._timeout:.0f} s: {refusal.message}"
            )
        self._free_id()

    def _free_id(self) -> None:
        if self._run_id and not free_run_id(self._run_id):
            raise ForkError(
                f"The fork was refused, and this version of the SDK cannot use the id {self._run_id} a second time.",
                "Leave the id out, or try again in a new process.",
            )

    def _visit_again(self) -> None:
        """Visit the page, and pause until a new version is there or it is time for another try anyway."""
        pause = min(_MAX_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (self._refusals - 1))
        left = self._left()
        pause = pause if left is None else min(pause, max(0.5, left))
        result = self._wait(self._parent, "newer", pause)
        if result.failure is not None:
            result.raise_if_not_met()

    def _left(self) -> float | None:
        """Seconds until the time-out; None for none."""
        return self._timeout - (time.monotonic() - self._started) if self._timeout else None


def _one_line(error: Exception) -> str:
    """The refusal in one line, without secrets and without the SDK's advice to wait longer or to read its help."""
    text = re.split(r"\nConsider increasing|\s+For further information", str(error), maxsplit=1)[0]
    return redact(" ".join(text.split())) or type(error).__name__
