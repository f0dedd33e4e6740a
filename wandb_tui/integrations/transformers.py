"""Hugging Face Transformers: when a training ends, its run can be forked and its history downloaded immediately.

    trainer = Trainer(..., callbacks=[HistoryCallback()])

To train on from another run's step, fork before the training begins: the trainer logs to the run that is active.

    run = fork_when_ready("lab/forks/abc123", step=200)
    trainer.train()
"""

from __future__ import annotations

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from wandb_tui.integrations._training import EndOfTrainingWait


class HistoryCallback(EndOfTrainingWait, TrainerCallback):
    """A callback for the trainer: when the training ends, it waits until the export covers all that was logged.

    It waits in the trainer's main process only. A failure is logged as a warning, never raised.

    Attributes:
        result: The result; None before the end, and after a failure.
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
            args: Not used.
            state: Tells whether this is the main process.
            control: Not used.
        """
        if state.is_world_process_zero:
            import wandb

            self._wait_for(wandb.run)
