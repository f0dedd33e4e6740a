"""Forking or rewinding a run, over as many tries as it takes: `fork_when_ready` and `rewind_when_ready` share this."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.branch_note import BranchNote
from wandb_tui.core.details import BranchPoint
from wandb_tui.core.errors import ForkError, ServerError, UsageError, WaitTimeoutError
from wandb_tui.core.validation import checked_seconds
from wandb_tui.library.branch_check import BranchCheck, falls
from wandb_tui.library.branch_init import BranchInit, Refusal
from wandb_tui.library.branch_target import Branching, Wait, find_branch_step
from wandb_tui.library.history_reader import check_pyarrow
from wandb_tui.library.replay import REPLAY, Replay, ReplayOrigin
from wandb_tui.services.sdk_environment import sdk_environment
from wandb_tui.services.wandb_api.run_values import FORKED_FROM, REPLAYED_FROM
from wandb_tui.services.wandb_api.sdk import branch_point

if TYPE_CHECKING:
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.library.metric_step import MetricStep
    from wandb_tui.library.results import MonitorResult
    from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

# Words of a refusal while there is no export yet, or only one that is too old.
_RETRYABLE_MARKS = (
    "materialized",
    "contact support",
    "greater than the run's last step",
    "timed out while retrying",
    # SDK 0.24 says so, and nothing of the server's reason.
    "initialization has timed out",
    "in use",
)
_PERMANENT_MARKS = ("not supported", "unsupported", "not enabled", "disabled")
_MAX_UNKNOWN_REFUSALS = 5
"""The number of times that an unknown refusal is taken for a server that is not ready yet."""

_FIRST_INIT_TIMEOUT_S, _MAX_INIT_TIMEOUT_S = 10.0, 60.0
"""Seconds for which the SDK itself may retry within one try."""

_MIN_WAIT_S = 0.1
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
    fallback: str | None = None,
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
        fallback: `REPLAY` for a new run with the parent's history where the server does not fork; None for an error.

    Raises:
        WandbTuiError: As for `fork_when_ready`.
    """
    if clash := {"fork_from", "resume_from", "resume"} & {name for name, value in init.items() if value is not None}:
        raise UsageError(f"{branching.function} cannot be combined with {', '.join(sorted(clash))}.")
    if fallback is not None:
        if fallback != REPLAY:
            raise UsageError(f"There is no fallback {fallback!r}.", f"Give “{REPLAY}”, or none.")
        check_pyarrow("Replaying a run")
    timeout = checked_seconds("timeout", timeout)
    attempts = _BranchAttempts(parent, target, branching, timeout, init, wiring=wiring, wait=wait, warn=warn)
    return attempts.make(replays=fallback is not None)


class _Existing(Enum):
    """The state of the run under the id that was given for a fork."""

    NOTHING = auto()
    WHOLE = auto()
    """The fork, or the whole replay in its place."""
    INTERRUPTED = auto()
    """A replay that has not come to its end."""


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
        self._init = BranchInit(wiring, parent, branching, init)
        self._refusals = self._unknown = 0

    def make(self, *, replays: bool) -> Any:
        """The run, once it has been forked or rewound, or, with `replays`, replayed instead."""
        # The SDK's first call starts its service process.
        with sdk_environment(self._wiring.server.info.base_url):
            self._init.prepare()
        existing = self._existing(replays=replays)
        if existing is _Existing.WHOLE:
            return self._resume()
        if existing is _Existing.INTERRUPTED:
            return self._replay(self._wait_for_export(), lambda _: self._resumed())
        for text in falls(self._wiring, self._parent, self._target):
            log.warning("%s", text)
            self._warn(text)
        if self._branching.keeps_id:
            self._wait(self._parent, "ended", self._seconds()).raise_if_not_met()
        export = self._wait_for_export()
        check = BranchCheck(self._wiring, self._parent, export.artifact_name, self._step, self._warn)
        check.before()
        while True:
            made = self._try()
            if not isinstance(made, Refusal):
                self._note(made, BranchKind.REWIND if self._branching.keeps_id else BranchKind.FORK)
                if not self._branching.keeps_id:
                    self._mark(made)
                    check.after(RunAddress(made.entity, made.project, made.id))
                return made
            try:
                self._check_refusal(made)
            except ForkError as error:
                if not replays:
                    raise
                return self._replay_instead(export, error)
            self._visit_again()

    def _existing(self, *, replays: bool) -> _Existing:
        """The state in which an earlier call has left the run under the id that was given.

        Raises:
            UsageError: A run with this id exists, and is something else.
        """
        if self._branching.keeps_id or not self._init.run_id:
            return _Existing.NOTHING
        child = self._init.child()
        record = self._wiring.history_files.run_record(child)
        if record is None:
            return _Existing.NOTHING
        point, kind, existing, hint = record.branch_point, "fork", _Existing.WHOLE, "Give the fork another id."
        origin = ReplayOrigin.of(record)
        if point is None and origin is not None and origin.run == str(self._parent):
            point, kind = BranchPoint(self._parent.run_id, origin.step), "replay"
            if not origin.complete:
                kind, existing = "replay that was interrupted", _Existing.INTERRUPTED
            if not replays:
                hint = f'Give the fork another id, or fallback="{REPLAY}" to go on with it.'
        if point is not None and point.run_id == self._parent.run_id and (replays or kind == "fork"):
            self._find_step()
            if point.step == self._step:
                return existing
        found = f"a {kind} of {point.run_id} at step {point.step:,}" if point else "no fork"
        raise UsageError(f"{child} exists already, and is {found}.", hint)

    def _resume(self) -> Any:
        """The fork of an earlier call, resumed."""
        log.info("%s exists already, and is resumed", self._init.run_id)
        run = self._resumed()
        self._mark(run)
        self._note(run, BranchKind.REPLAY if REPLAYED_FROM in run.config else BranchKind.FORK)
        return run

    def _resumed(self) -> Any:
        run = self._init.run(id=self._init.run_id, resume="must")
        if isinstance(run, Refusal):
            self._check_id_is_free(run)
            raise ServerError(f"{self._init.run_id} exists already, and cannot be resumed: {run.message}", "Try again.")
        return run

    def _note(self, run: Any, kind: BranchKind) -> None:
        """Note where the run came from: the server's own mark is gone once the run is resumed."""
        address = RunAddress(run.entity, run.project, run.id)
        self._wiring.branch_notes.add(BranchNote.of(address, kind, self._parent, self._step, made=True))

    def _mark(self, run: Any) -> None:
        """Let the config of a fork that may be resumed say where it was forked."""
        if self._init.run_id and REPLAYED_FROM not in run.config:
            origin = {"run_id": self._parent.run_id, "step": self._step}
            run.config.update({FORKED_FROM: origin}, allow_val_change=True)

    def _replay_instead(self, export: MonitorResult, refusal: ForkError) -> Any:
        """A new run with the parent's history, since the server refuses to fork or rewind it for good."""

        def start(marks: Mapping[str, Any]) -> Any:
            run = self._init.new_run(marks)
            if isinstance(run, Refusal):
                raise ServerError(
                    f"The server starts no run to replay {self._parent} into: {run.message}", "Try again."
                )
            return run

        return self._replay(export, start, f"{refusal.message.rstrip('.')}. Replayed instead: ")

    def _replay(self, export: MonitorResult, start: Callable[[Mapping[str, Any]], Any], reason: str = "") -> Any:
        """The run that `start` gives for its marks, with the parent's history in it."""
        replay = Replay(self._wiring, self._parent, export, self._step)
        run, done = replay.into(start)
        self._note(run, BranchKind.REPLAY)
        kept = f" {self._parent} stays as it is." if self._branching.keeps_id else ""
        text = f"{reason}{done}{kept}"
        log.warning("%s", text)
        self._warn(text)
        return run

    def _find_step(self) -> MetricStep | None:
        """Look up the step that a metric's value stands for; None where the step itself was given."""
        if isinstance(self._target, int):
            return None
        found = find_branch_step(self._parent, self._target, wiring=self._wiring, wait=self._wait, left=self._left)
        self._step = found.step
        # Python shows warnings even where no logging is set up.
        level = logging.INFO if found.value == self._target.value else logging.WARNING
        log.log(level, "%s: %s", self._parent, found.describe(self._target))
        return found

    def _wait_for_export(self) -> MonitorResult:
        """Wait until the export covers the step; a metric's value is looked up in the very version that does.

        Returns:
            How the wait has ended, with the name of the version.
        """
        while True:
            found = self._find_step()
            result = self._wait(self._parent, f"step:{self._step}", self._seconds())
            result.raise_if_not_met()
            # An export from before a rewind tells other steps.
            if found is None or found.artifact == result.artifact_name:
                return result

    def _try(self) -> Any:
        """The run, or how it was refused."""
        timeout = min(_MAX_INIT_TIMEOUT_S, _FIRST_INIT_TIMEOUT_S * (1 + self._refusals))
        timeout = min(timeout, max(1.0, self._left() or timeout))
        return self._init.run(timeout, **{self._branching.argument: branch_point(self._parent.run_id, self._step)})

    def _check_id_is_free(self, refusal: Refusal) -> None:
        """Raise `UsageError` where the id is taken by another run of this process."""
        if "in use" in refusal.message.lower() and not self._refusals:
            raise UsageError(f"The id {self._init.run_id} belongs to another run of this process.", "Give another id.")

    def _check_refusal(self, refusal: Refusal) -> None:
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
        reason = f"{refusal.message.rstrip('.')}."
        # Before anything is raised: the caller may catch it and try something else with the same id.
        released = self._init.release_id()
        permanent = any(mark in message for mark in _PERMANENT_MARKS)
        if not any(mark in message for mark in _RETRYABLE_MARKS):
            self._unknown += 1
        if permanent or self._unknown >= _MAX_UNKNOWN_REFUSALS:
            raise ForkError(
                f"The server does not {self._branching.name} {self._parent} at step {self._step}: {reason}",
                "Forking is a preview on W&B's cloud and absent on self-managed servers.",
            )
        left = self._left()
        if left is not None and left <= 0:
            raise WaitTimeoutError(
                f"The server still refuses to {self._branching.name} {self._parent} at step {self._step} "
                f"after {self._timeout:.0f} s: {reason}"
            )
        if not released:
            raise ForkError(
                f"The server refused, and this version of the SDK cannot use the id {self._init.run_id} a second time.",
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

    def _seconds(self) -> float:
        """Seconds for one wait; 0 for ever. Time that has just run out is a very short wait, which then times out."""
        left = self._left()
        return 0.0 if left is None else max(left, _MIN_WAIT_S)

    def _left(self) -> float | None:
        """Seconds until the time-out; None for none."""
        return self._timeout - (time.monotonic() - self._started) if self._timeout else None
