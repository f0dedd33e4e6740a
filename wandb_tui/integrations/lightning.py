"""Lightning: when a training ends, its run can be forked and its history downloaded immediately.

    trainer = Trainer(logger=WandbLogger(project="forks"), callbacks=[HistoryCallback()])

A training that is resumed from a checkpoint can log to a fork of the checkpoint's run:

    trainer = Trainer(logger=WandbLogger(project="forks"), callbacks=[HistoryCallback(on_resume="fork")])
    trainer.fit(model, ckpt_path="last")

To continue training from any other run's step, let the logger log to the fork.

    logger = WandbLogger(experiment=fork_when_ready("lab/forks/abc123", step=200))
"""

from __future__ import annotations

import logging
from typing import Any, Literal

import wandb
from lightning.pytorch import Callback as TrainerCallback
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger

from wandb_tui.integrations._resumption import CheckpointedRun
from wandb_tui.integrations._training import TrainingCallback
from wandb_tui.library.event import Callback
from wandb_tui.library.history_reader import check_pyarrow
from wandb_tui.services.wandb_api.sdk import active_run_ids

log = logging.getLogger(__name__)

_STEP_METRIC = "trainer/global_step"
"""The trainer's own step, as its W&B logger logs it."""
_CARRIED_OVER = ("group", "job_type", "notes", "tags")
"""The settings that a fork takes over from the run that the logger has begun."""


class HistoryCallback(TrainingCallback, TrainerCallback):
    """A callback for the trainer: when the training ends, it waits until the export covers all that was logged.

    Each checkpoint names the run, so that a resumed training can fork, rewind or continue it: see `on_resume`. The
    logger has begun a run of its own by then, which is finished and stays behind without a history; its config is
    copied. A run that the script itself has begun is kept instead. Forking and rewinding need pyarrow.

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
            UsageError: `on_resume` is none of these, or pyarrow is missing.
        """
        super().__init__(timeout, callback, on_resume=on_resume, parent=parent, **init)
        if on_resume in {"fork", "rewind"}:
            check_pyarrow("Finding the step of a checkpoint")
        # Those that the script has begun itself.
        self._others = active_run_ids()
        self._run: wandb.Run | None = None
        self._saved: CheckpointedRun | None = None

    def state_dict(self) -> dict[str, Any]:
        """The run and its step, for a checkpoint; Lightning calls this."""
        run = CheckpointedRun.of(self._run)
        return run.saved() if run is not None else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what a checkpoint says; Lightning calls this.

        Args:
            state_dict: The values of `state_dict`.
        """
        self._saved = CheckpointedRun.read(state_dict)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - as Lightning calls it
        """Resume the run of the checkpoint; Lightning calls this once the checkpoint is restored.

        Args:
            trainer: The trainer; its `WandbLogger` gets the run.
            pl_module: Not used.
        """
        logger = _logger_of(trainer)
        if logger is None:
            return
        if self._resumption is not None and trainer.ckpt_path is not None:
            self._resume(trainer, logger)
        self._run = logger.experiment

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - as Lightning calls it
        """Wait for the history; Lightning calls this at the end.

        Args:
            trainer: The trainer; its `WandbLogger` has the run.
            pl_module: Not used.
        """
        if trainer.is_global_zero:
            logger = _logger_of(trainer)
            self._wait_for(logger.experiment if logger is not None else None)

    def _resume(self, trainer: Trainer, logger: WandbLogger) -> None:
        """Let the logger log to the run of the checkpoint, or to its fork."""
        begun, resumption = logger.experiment, self._resumption
        if begun.offline or begun.disabled or resumption is None or not resumption.names_parent(self._saved):
            return
        if begun.id in self._others or begun.step or begun.starting_step or begun.resumed:
            log.warning(
                "The training logs to %s, which had begun before; on_resume replaces a run of the logger only.",
                begun.id,
            )
            return
        # Loggers count batches, several of which may make one step of the optimizer.
        batch = trainer.fit_loop.total_batch_idx // trainer.accumulate_grad_batches
        config = {name: value for name, value in dict(begun.config).items() if not name.startswith("_")}
        named = {name: value for name in _CARRIED_OVER if (value := getattr(begun, name))}
        # Only so is the run that comes next the active one.
        begun.finish()
        run = resumption.start(self._saved, f"{_STEP_METRIC}={batch}", exact=False, **named)
        if run is None:
            run = wandb.init(entity=begun.entity, project=begun.project, id=begun.id, resume="allow")
        run.config.update(config, allow_val_change=True)  # type: ignore[no-untyped-call]
        run.define_metric(_STEP_METRIC)
        run.define_metric("*", step_metric=_STEP_METRIC, step_sync=True)
        logger._experiment = run  # noqa: SLF001 - where the logger keeps the run that is given to it as `experiment`


def _logger_of(trainer: Trainer) -> WandbLogger | None:
    """The trainer's W&B logger, in its main process."""
    if not trainer.is_global_zero:
        return None
    return next((logger for logger in trainer.loggers if isinstance(logger, WandbLogger)), None)
