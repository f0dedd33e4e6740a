"""Forking or rewinding a run, over as many tries as it takes: `fork_when_ready` and `rewind_when_ready` share this."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ApiKeyError, ForkError, ServerError, UsageError, WaitTimeoutError
from wandb_tui.core.validation import checked_seconds
from wandb_tui.library.branch_check import BranchCheck
from wandb_tui.library.branch_target import Branching, Wait, find_branch_step
from wandb_tui.services.credentials.redaction import learn, redact
from wandb_tui.services.sdk_environment import sdk_environment
from wandb_tui.services.wandb_api.run_values import FORKED_FROM
from wandb_tui.services.wandb_api.sdk import (
    active_run_ids,
    branch_point,
    free_run_id,
    process_settings,
    unknown_init_arguments,
)

if TYPE_CHECKING:
    from wandb_tui.library.metric_step import MetricStep, MetricValue
    from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

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


def branch(
    parent: RunAddress,
    target: int | MetricValue,
    branching: Branching,
    timeout: float,
    init: dict[str, Any],
    *,
    wiring: Wiring,
    wait: Wait,
    warn: Callable[[str], object] = lambda _: None,
) -> Any:
    """Like `fork_when_ready` or `rewind_when_ready`, with another function to wait for the export.

    Args:
        parent: The run to fork or rewind.
        target: Where to do it, as `branch_target` gives it.
        branching: Which of the two.
        timeout: Seconds until giving up; 0 waits for ever.
        init: Passed on to ``wandb.init``.
        wiring: Names the server and the API key for ``wandb.init``.
        wait: Waits, visits included.
        warn: Receives what may surprise in the fork, as sentences; they are logged, too.

    Raises:
        WandbTuiError: As for `fork_when_ready`.
    """
    if clash := {"fork_from", "resume_from", "resume"} & {name for name, value in init.items() if value is not None}:
        raise UsageError(f"{branching.function} cannot be combined with {', '.join(sorted(clash))}.")
    timeout = checked_seconds("timeout", timeout)
    return _BranchAttempts(parent, target, branching, timeout, init, wiring=wiring, wait=wait, warn=warn).make()


@dataclass(frozen=True, slots=True)
class _Refusal:
    """The reason for which the server, or the SDK, refused one try."""

    message: str


class _BranchAttempts:
    """One run to be forked or rewound, over as many tries as it takes."""

    def __init__(
        self,
        parent: RunAddress,
        target: int | MetricValue,
        branching: Branching,
        timeout: float,
        init: dict[str, Any],
        *,
        wiring: Wiring,
        wait: Wait,
        warn: Callable[[str], object],
    ) -> None:
        self._parent, self._target = parent, target
        self._step = target if isinstance(target, int) else 0
        self._branching = branching
        self._timeout = timeout
        self._wiring, self._wait, self._warn = wiring, wait, warn
        self._started = time.monotonic()
        self._init = {"entity": parent.entity, "project": parent.project} | init
        self._settings = self._init.pop("settings", None)
        self._refusals = self._unknown = 0

    def make(self) -> Any:
        """The run, once it has been forked or rewound."""
        # The SDK's first call starts its service process.
        with sdk_environment(self._wiring.server.info.base_url):
            self._prepare()
        if self._is_made():
            return self._resume()
        if self._branching.keeps_id:
            self._wait(self._parent, "ended", self._left() or 0.0).raise_if_not_met()
        artifact = self._wait_for_export()
        check = BranchCheck(self._wiring, self._parent, artifact, self._step, self._warn)
        check.before()
        while True:
            made = self._try()
            if not isinstance(made, _Refusal):
                if not self._branching.keeps_id:
                    self._mark(made)
                    check.after(RunAddress(made.entity, made.project, made.id))
                return made
            self._check_refusal(made)
            self._visit_again()

    def _is_made(self) -> bool:
        """Whether the fork exists already under the id that was given, made by an earlier call.

        Raises:
            UsageError: A run with this id exists, and is something else.
        """
        if self._branching.keeps_id or not self._run_id:
            return False
        child = self._child()
        record = self._wiring.history_files.run_record(child)
        if record is None:
            return False
        point = record.branch_point
        if point is not None and point.run_id == self._parent.run_id:
            self._find_step()
            if point.step == self._step:
                return True
        origin = f"a fork of {point.run_id} at step {point.step:,}" if point else "no fork"
        raise UsageError(
            f"{child} exists already, and is {origin}.",
            "Give the fork another id.",
        )

    def _resume(self) -> Any:
        """The fork of an earlier call, resumed."""
        log.info("%s exists already, and is resumed", self._run_id)
        run = self._init_run(deepcopy(self._settings), id=self._run_id, resume="must")
        if isinstance(run, _Refusal):
            self._check_id_is_free(run)
            raise ServerError(f"{self._run_id} exists already, and cannot be resumed: {run.message}", "Try again.")
        self._mark(run)
        return run

    def _mark(self, run: Any) -> None:
        """Let the config of a fork that may be resumed say where it was forked."""
        if self._run_id:
            origin = {"run_id": self._parent.run_id, "step": self._step}
            run.config.update({FORKED_FROM: origin}, allow_val_change=True)

    def _child(self) -> RunAddress:
        """The address of the fork, whose id was given."""
        return RunAddress(
            self._init["entity"] or self._parent.entity, self._init["project"] or self._parent.project, self._run_id
        )

    def _find_step(self) -> MetricStep | None:
        """Look up the step that a metric's value stands for; None where the step itself was given."""
        if isinstance(self._target, int):
            return None
        found = find_branch_step(self._parent, self._target, wiring=self._wiring, wait=self._wait, left=self._left)
        self._step = found.step
        # Python shows warnings even where nobody has set up logging.
        level = logging.INFO if found.value == self._target.value else logging.WARNING
        log.log(level, "%s: %s", self._parent, found.describe(self._target))
        return found

    def _wait_for_export(self) -> str | None:
        """Wait until the export covers the step; a metric's value is looked up in the very version that does.

        Returns:
            The version, ``entity/project/run-<id>-history:v0``.
        """
        while True:
            found = self._find_step()
            result = self._wait(self._parent, f"step:{self._step}", self._left() or 0.0)
            result.raise_if_not_met()
            # An export from before a rewind tells other steps.
            if found is None or found.artifact == result.artifact_name:
                return result.artifact_name

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

    def _check_conflicts(self) -> None:
        kind = self._branching.name
        for source, settings in (("settings", self._settings), ("the environment", process_settings())):
            for name in ("resume", "resume_from", "fork_from"):
                value = getattr(settings, name, None)
                if value is None:
                    continue
                if source != "settings" and name == "resume" and os.environ.get("WANDB_RESUME"):
                    raise UsageError(f"WANDB_RESUME={value} is set, and a {kind} cannot resume a run.", "Unset it.")
                raise UsageError(f"{name} is set in {source}, which cannot be combined with a {kind}.")
        if self._branching.keeps_id:
            if self._run_id not in {None, self._parent.run_id}:
                raise UsageError(f"{self._run_id} is not the id of the run to rewind.", "Leave the id out.")
            self._run_id = self._parent.run_id
        elif self._run_id == self._parent.run_id:
            raise UsageError(f"{self._run_id} is the parent's own id.", "Give the fork another id, or none.")

    def _choose_reinit(self) -> None:
        reinit = self._init.get("reinit")
        reinit = self._settings.reinit if reinit is None else reinit
        active = active_run_ids()
        if reinit == "default" and active:
            # The SDK's own default would return the active run, and fork nothing.
            self._init["reinit"] = "create_new"
        elif reinit in {"return_previous", False} and active:
            raise UsageError(
                f"reinit={reinit!r} would return the active run instead of a {self._branching.name}.",
                'Leave it out, or pass reinit="create_new" or "finish_previous".',
            )
        if self._run_id in active and reinit in {"default", "create_new"} and not self._branching.keeps_id:
            # SDK 0.24 would log both under it.
            raise UsageError(f"The id {self._run_id} belongs to another run of this process.", "Give another id.")

    def _try(self) -> Any:
        """The run, or how it was refused."""
        # wandb.init changes the settings it gets, so each try has its own copy.
        settings = deepcopy(self._settings)
        timeout = min(_MAX_INIT_TIMEOUT_S, _FIRST_INIT_TIMEOUT_S * (1 + self._refusals))
        settings.init_timeout = min(timeout, max(1.0, self._left() or timeout))
        point = branch_point(self._parent.run_id, self._step)
        return self._init_run(settings, **{self._branching.argument: point})

    def _init_run(self, settings: Any, **more: Any) -> Any:
        """The run that ``wandb.init`` returns, or how it was refused."""
        import wandb

        try:
            with sdk_environment(settings.base_url):
                return wandb.init(settings=settings, **self._init | more)
        except wandb.errors.AuthenticationError as error:
            raise ApiKeyError(
                f"The server refused the API key for the {self._branching.name}: {_one_line(error)}"
            ) from None
        except (wandb.errors.UsageError, TypeError, ValueError) as error:
            raise UsageError(f"wandb.init rejects its arguments: {_one_line(error)}") from None
        except Exception as error:  # noqa: BLE001 - the SDK raises some that are not its own base class's
            return _Refusal(_one_line(error))

    def _check_id_is_free(self, refusal: _Refusal) -> None:
        """Raise `UsageError` where the id is taken by another run of this process."""
        if "in use" in refusal.message.lower() and not self._refusals:
            raise UsageError(f"The id {self._run_id} belongs to another run of this process.", "Give another id.")

    def _check_refusal(self, refusal: _Refusal) -> None:
        """Return if another try is worthwhile.

        Raises:
            ForkError: No try will succeed.
            UsageError: The id is taken by another run of this process.
            WaitTimeoutError: The time is over.
        """
        message = refusal.message.lower()
        log.info("Not yet to %s %s at step %d: %s", self._branching.name, self._parent, self._step, refusal.message)
        self._check_id_is_free(refusal)
        self._refusals += 1
        permanent = any(mark in message for mark in _PERMANENT_MARKS)
        if not any(mark in message for mark in _RETRYABLE_MARKS):
            self._unknown += 1
        if permanent or self._unknown >= _MAX_UNKNOWN_REFUSALS:
            raise ForkError(
                f"The server does not {self._branching.name} {self._parent} at step {self._step}: {refusal.message}",
                "Forking is a preview on W&B's cloud and absent on self-managed servers.",
            )
        left = self._left()
        if left is not None and left <= 0:
            raise WaitTimeoutError(
                f"The server still refuses to {self._branching.name} {self._parent} at step {self._step} "
                f"after {self._timeout:.0f} s: {refusal.message}"
            )
        self._free_id()

    def _free_id(self) -> None:
        if self._run_id and not free_run_id(self._run_id):
            raise ForkError(
                f"The server refused, and this version of the SDK cannot use the id {self._run_id} a second time.",
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
