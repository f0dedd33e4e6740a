"""Lightning: when a training ends, its run can be forked and its history downloaded at once.

    trainer = Trainer(logger=WandbLogger(project="forks"), callbacks=[HistoryCallback()])

To train on from another run's step, let the logger log to the fork.

    logger = WandbLogger(experiment=fork_when_ready("lab/forks/abc123", step=200))
"""

from __future__ import annotations

from lightning.pytorch import Callback as TrainerCallback
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger

from wandb_tui.group import Callback
from wandb_tui.integrations._training import wait_for_what_was_logged
from wandb_tui.results import MonitorResult


class HistoryCallback(TrainerCallback):
    """A callback for the trainer: when the training ends, it waits until the export covers all that was logged.

    It waits in the trainer's main process only. A history that does not come is told in a warning, never raised.

    Attributes:
        result: How it went; None before the end, and where the history did not come.
    """

    def __init__(self, timeout: float = 300.0, callback: Callback | None = None) -> None:
        """Prepare; nothing is started before the training ends.

        Args:
            timeout: Seconds until giving up; 0 waits for ever.
            callback: Hears the status lines, see `wandb_tui.Callback`; without one they are printed.
        """
        self._timeout = timeout
        self._callback = callback
        self.result: MonitorResult | None = None

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - as Lightning calls it
        """Wait for the history; Lightning calls this at the end.

        Args:
            trainer: Whose `WandbLogger` the run is taken from.
            pl_module: Not looked at.
        """
        if trainer.is_global_zero:
            logger = next((logger for logger in trainer.loggers if isinstance(logger, WandbLogger)), None)
            run = logger.experiment if logger is not None else None
            self.result = wait_for_what_was_logged(run, self._timeout, self._callback)
