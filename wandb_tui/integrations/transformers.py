"""Hugging Face Transformers: when a training ends, its run can be forked and its history downloaded immediately.

    trainer = Trainer(..., callbacks=[HistoryCallback()])

A training that is resumed from a checkpoint can log to a fork of the checkpoint's run:

    trainer = Trainer(..., callbacks=[HistoryCallback(on_resume="fork")])
    trainer.train(resume_from_checkpoint=True)

To train on from any other run's step, fork before the training begins: the trainer logs to the run that is active.

    run = fork_when_ready("lab/forks/abc123", step=200)
    trainer.train()
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Literal, cast
from weakref import WeakSet

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState

from wandb_tui.integrations._resumption import CheckpointedRun
from wandb_tui.integrations._training import TrainingCallback
from wandb_tui.library.event import Callback

log = logging.getLogger(__name__)

_STEP_METRIC = "train/global_step"
"""The trainer's own step, as its W&B callback logs it."""


class HistoryCallback(TrainingCallback, TrainerCallback, ExportableState):
    """A callback for the trainer: when the training ends, it waits until the export covers all that was logged.

    Each checkpoint names the run and its step, so that a resumed training can fork, rewind or continue it: see
    `on_resume`. A run that is active by then is kept instead.

    It waits in the trainer's main process only. A failure is logged as a warning, never raised.

    Attributes:
        result: The result; None before the end, and after a failure.
    """

    def __init__(
        self,
        timeout: float = 300.0,
        callback: Callback | None = None,
        *,
        on_resume: Literal["fork", "rewind", "continue"] | None = None,
        parent: str | None = None,
        **init: Any,
    ) -> None:
        """Prepare; nothing starts before the training begins or ends.

        Args:
            timeout: Seconds until giving up; 0 waits for ever.
            callback: Receives the status lines, see `wandb_tui.Callback`; without one they are printed.
            on_resume: ``fork``, ``rewind`` or ``continue`` the run of the checkpoint that a training is resumed from:
                at the step of the checkpoint, or, to continue, after whatever it has logged since. None leaves that
                to the trainer, which begins a new run; so does a failure.
            parent: The address of that run, for checkpoints that were saved without this callback; all others name it.
            init: Passed on to `wandb_tui.fork_when_ready`, `wandb_tui.rewind_when_ready` or, to continue,
                ``wandb.init``: ``name``, ``tags``, ``fallback`` and so on.

        Raises:
            UsageError: `on_resume` is none of these.
        """
        super().__init__(timeout, callback, on_resume=on_resume, parent=parent, **init)
        self._arguments = {"timeout": timeout, "on_resume": on_resume, "parent": parent}
        self._trainer_args: TrainingArguments | None = None
        self._begun: TrainerState | None = None
        if on_resume is not None:
            _resume_before_setup()
            _resuming.add(self)

    def state(self) -> dict[str, Any]:
        """The run and its step, for a checkpoint; the trainer calls this."""
        import wandb

        run = CheckpointedRun.of(wandb.run)
        return {"args": self._arguments, "attributes": {"checkpointed": run.saved() if run is not None else None}}

    def on_init_end(self, args: TrainingArguments, *_: object, **__: object) -> None:
        """Note which trainer this callback belongs to; the trainer calls this at its start.

        Args:
            args: The trainer's arguments.
        """
        self._trainer_args = args

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002 - as the trainer calls it
        **_: object,
    ) -> None:
        """Resume the run of the checkpoint, if that is not done yet; the trainer calls this.

        Args:
            args: The trainer's arguments.
            state: Restored from the checkpoint, if there is one.
            control: Not used.
        """
        self._resume(args, state)
        # Resumed from a checkpoint without this callback, the trainer could not save the next one.
        _callback_states(state).setdefault(type(self).__name__, self.state())

    def on_train_end(
        self,
        args: TrainingArguments,  # noqa: ARG002 - as the trainer calls it
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: object,
    ) -> None:
        """Wait for the history of the run that is active; the trainer calls this at the end.

        Args:
            args: Not used.
            state: Tells whether this is the main process.
            control: Not used.
        """
        if state.is_world_process_zero:
            import wandb

            self._wait_for(wandb.run)

    def _resume(self, args: TrainingArguments, state: TrainerState) -> None:
        """Make the run of a checkpoint, or its fork, the active one."""
        mine = self._trainer_args is None or self._trainer_args is args
        if not mine or self._resumption is None or self._begun is state:
            return
        self._begun = state
        if not (state.global_step and state.is_world_process_zero) or state.is_hyper_param_search:
            return
        saved = CheckpointedRun.read(_saved_by(type(self).__name__, state))
        if not self._resumption.names_parent(saved):
            return
        import wandb

        if wandb.run is not None:
            log.warning(
                "The training logs to %s, which is active already; finish it first for on_resume to count.",
                wandb.run.id,
            )
            return
        name = {"name": args.run_name} if args.run_name is not None else {}
        self._resumption.start(saved, f"{_STEP_METRIC}={state.global_step}", exact=True, **name)


_resuming: WeakSet[HistoryCallback] = WeakSet()


@cache
def _resume_before_setup() -> None:
    """Let our callbacks resume a run before Transformers' own one begins a run: that one is always called first."""
    from transformers.integrations.integration_utils import WandbCallback

    setup: Callable[..., Any] = WandbCallback.setup

    @wraps(setup)
    def resume_and_set_up(
        self: WandbCallback, args: TrainingArguments, state: TrainerState, *more: Any, **named: Any
    ) -> Any:
        for callback in list(_resuming):
            callback._resume(args, state)  # noqa: SLF001 - this module's own
        return setup(self, args, state, *more, **named)

    WandbCallback.setup = resume_and_set_up  # type: ignore[method-assign]


def _callback_states(state: TrainerState) -> dict[str, Any]:
    """The states that callbacks save in a checkpoint, by the names of their classes."""
    return cast("dict[str, Any]", state.stateful_callbacks)


def _saved_by(name: str, state: TrainerState) -> object:
    """The run that a callback of this name saved in the checkpoint: of the last one, where several had the name."""
    saved = _callback_states(state).get(name)
    saved = saved[-1] if isinstance(saved, list) and saved else saved
    return saved.get("attributes", {}).get("checkpointed") if isinstance(saved, dict) else None
