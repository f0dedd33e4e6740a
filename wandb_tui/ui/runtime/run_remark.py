"""A remark for a run's log that comes from another thread: of a hook, or of a command of the user's."""

from __future__ import annotations

from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Level


class RunRemark(Message):
    """A line for the log of a run."""

    def __init__(self, run: RunAddress, text: str, level: Level) -> None:
        super().__init__()
        self.run = run
        self.text = text
        self.level = level
