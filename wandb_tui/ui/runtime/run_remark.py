"""Messages from the user's hooks and commands, which are posted by other threads."""

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


class CommandNotice(Message):
    """A command of the user's was started, or could not be."""

    def __init__(self, text: str, *, failed: bool) -> None:
        super().__init__()
        self.text = text
        self.failed = failed
