"""Hugging Face Transformers: when a training ends, its run can be forked and its history downloaded at once.

    trainer = Trainer(..., callbacks=[HistoryCallback()])

To train on from another run's step, fork before the training begins: the trainer logs to the run that is active.

    run = fork_when_ready("lab/forks/abc123", step=200)
    trainer.train()
"""

from __future__ import annotations

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from wandb_tui.integrations._training import WaitsAtTheEnd


class HistoryCallback(WaitsAtTheEnd, TrainerCallback):
    """A callback for the trainer: when the training ends, it waits until the export covers all that was logged.

    It waits in the trainer's main process only. A history that does not come is told in a warning, never raised.

    Attributes:
        result: How it went; None before the end, and where the history did not come.
    """

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

            self._wait_for(wandb.run)
