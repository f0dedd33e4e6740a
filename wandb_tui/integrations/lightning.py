"""Lightning: when a training ends, its run can be forked and its history downloaded immediately.

    trainer = Trainer(logger=WandbLogger(project="forks"), callbacks=[HistoryCallback()])

To continue training from another run's step, let the logger log to the fork.

    logger = WandbLogger(experiment=fork_when_ready("lab/forks/abc123", step=200))
"""

from __future__ import annotations

from lightning.pytorch import Callback as TrainerCallback
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger

from wandb_tui.integrations._training import EndOfTrainingWait


class HistoryCallback(EndOfTrainingWait, TrainerCallback):
    """A callback for the trainer: when the training ends, it waits until the export covers all that was logged.

    It waits in the trainer's main process only. A failure is logged as a warning, never raised.

    Attributes:
        result: The result; None before the end, and after a failure.
    """

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - as Lightning calls it
        """Wait for the history; Lightning calls this at the end.

        Args:
            trainer: The trainer; its `WandbLogger` has the run.
            pl_module: Not used.
        """
        if trainer.is_global_zero:
            logger = next((logger for logger in trainer.loggers if isinstance(logger, WandbLogger)), None)
            self._wait_for(logger.experiment if logger is not None else None)
