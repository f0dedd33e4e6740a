"""Going on with the W&B run of a checkpoint, shared by the callbacks for training libraries."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from wandb_tui.core.errors import ServerError, UsageError, WandbTuiError
from wandb_tui.library.api import print_status
from wandb_tui.library.arguments import address_of
from wandb_tui.library.branch_init import BranchInit, Refusal
from wandb_tui.library.branch_target import CONTINUATION
from wandb_tui.library.fork import fork_when_ready, rewind_when_ready
from wandb_tui.services.sdk_environment import sdk_environment
from wandb_tui.wiring import Wiring

if TYPE_CHECKING:
    import wandb

    from wandb_tui.library.event import Callback

log = logging.getLogger(__name__)

OnResume = Literal["fork", "rewind", "continue"]
"""The ways to treat a checkpoint's run when a training is resumed from it."""


@dataclass(frozen=True, slots=True)
class CheckpointedRun:
    """The run that a training was logging to when it saved a checkpoint.

    Attributes:
        run: ``entity/project/run_id``.
        step: The last step that had been logged.
    """

    run: str
    step: int

    @classmethod
    def of(cls, run: wandb.Run | None) -> CheckpointedRun | None:
        """The run and step for a checkpoint saved now; None for a run without a history on a server."""
        step = last_step(run) if run is not None else None
        return None if run is None or step is None else cls(f"{run.entity}/{run.project}/{run.id}", step)

    @classmethod
    def read(cls, saved: object) -> CheckpointedRun | None:
        """The run and step that a checkpoint names; None if it names none."""
        match saved:
            case {"run": str(run), "step": int(step)}:
                return cls(run, step)
            case _:
                return None

    def saved(self) -> dict[str, Any]:
        """The values for a checkpoint, which `read` takes."""
        return asdict(self)


class Resumption:
    """Forks, rewinds or continues the run of a checkpoint. A failure is logged as a warning, never raised."""

    def __init__(
        self,
        on_resume: OnResume,
        parent: str | None,
        timeout: float,
        callback: Callback | None,
        init: Mapping[str, Any],
    ) -> None:
        """Prepare; nothing starts before a training is resumed.

        Args:
            on_resume: Whether to fork, rewind or continue it.
            parent: The run, for checkpoints that do not name it.
            timeout: Seconds until giving up; 0 waits for ever.
            callback: Receives the status lines; without one they are printed.
            init: Passed on to the function that does it.

        Raises:
            UsageError: There is no such thing to do, or a fallback for what needs none.
        """
        if on_resume not in get_args(OnResume):
            raise UsageError(
                f"on_resume={on_resume!r} is not known.", f"Give {', '.join(get_args(OnResume))}, or None."
            )
        if on_resume == "continue" and "fallback" in init:
            raise UsageError("A run that is continued needs no fallback.", "Leave it out.")
        self.on_resume = on_resume
        self._parent = parent
        self._timeout, self._callback = timeout, callback or print_status
        self._init = dict(init)

    def names_parent(self, saved: CheckpointedRun | None) -> bool:
        """Whether it is known which run the checkpoint belongs to; a warning is logged where it is not."""
        known = saved is not None or self._parent is not None
        if not known:
            log.warning("The checkpoint does not say which run it belongs to: give parent, the run's address.")
        return known

    def start(self, saved: CheckpointedRun | None, at: str, *, exact: bool, **init: Any) -> wandb.Run | None:
        """The run to log to, which is now the active one; None if that failed.

        Args:
            saved: The values in the checkpoint; the parent that was given counts where they name no run.
            at: A metric and its value at the checkpoint, ``METRIC=VALUE``.
            exact: Whether the step in the checkpoint is the right one; else it is looked up by the metric.
            init: Passed on for a fork, unless the user has given the same.
        """
        parent = saved.run if saved is not None else str(self._parent)
        where: dict[str, Any] = {"at": at, "nearest": True}
        if saved is not None and exact:
            where = {"step": saved.step}
        options: dict[str, Any] = {"timeout": self._timeout, "callback": self._callback}
        run: wandb.Run | None = None
        try:
            match self.on_resume:
                case "fork":
                    run = fork_when_ready(parent, **where, **options, **(init | self._init))
                case "rewind":
                    run = rewind_when_ready(parent, **where, **options, **self._init)
                case "continue":
                    run = self._continue(parent)
        except WandbTuiError as error:
            log.warning("%s: on_resume=%r failed, so the training logs to a new run: %s", parent, self.on_resume, error)
        return run

    def _continue(self, parent: str) -> wandb.Run:
        with contextlib.closing(Wiring(anonymous_ok=True, sdk_settings=self._init.get("settings"))) as wiring:
            address = address_of(parent, wiring)
            init = BranchInit(wiring, address, CONTINUATION, dict(self._init))
            with sdk_environment(wiring.server.info.base_url):
                init.prepare()
            run: wandb.Run | Refusal = init.run(id=address.run_id, resume="must")
        if isinstance(run, Refusal):
            raise ServerError(f"{parent} cannot be resumed: {run.message}", "Try again.")
        return run


def last_step(run: wandb.Run) -> int | None:
    """The last step that was logged, a fork's history before included; None for none, or without a server."""
    import wandb

    if run.offline or run.disabled:
        return None
    try:
        # A fork says 0 until its first log.
        next_step = max(run.step, run.starting_step)
    except wandb.Error:
        # If several processes log to a shared run, none of them knows its step.
        return None
    return next_step - 1 if next_step else None
