"""Hugging Face Transformers: when a training ends, its run can be forked and its history downloaded at once.

    trainer = Trainer(..., callbacks=[HistoryCallback()])

To train on from another run's step, fork before the training begins: the trainer logs to the run that is active.

    run = fork_when_ready("lab/forks/abc123", step=200)
    trainer.train()
"""

from __future__ import annotations

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

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

    def on_train_end(
        self,
        args: TrainingArguments,  # noqa: ARG002 - as the trainer calls it
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: object,
    ) -> None:
        """Wait for the history of the run that is active; the trainer calls this at the end.

        Args:
            args: Not looked at.
            state: Tells whether this is the main process.
            control: Not looked at.
        """
        if state.is_world_process_zero:
            import wandb

            self.result = wait_for_what_was_logged(wandb.run, self._timeout, self._callback)
