"""The parts of a running sandbox, for the routes and resolvers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wandb_tui.sandbox.access_tokens import AccessTokens
from wandb_tui.sandbox.account import load_account
from wandb_tui.sandbox.exports import Exports
from wandb_tui.sandbox.faults import FaultBoard
from wandb_tui.sandbox.history import Histories
from wandb_tui.sandbox.sessions import Sessions
from wandb_tui.sandbox.state import SandboxState
from wandb_tui.sandbox.stats import Stats
from wandb_tui.sandbox.storage import Storage

if TYPE_CHECKING:
    from pathlib import Path

    from wandb_tui.sandbox.config import SandboxConfig


class SandboxContext:
    """The parts of one sandbox."""

    def __init__(self, config: SandboxConfig, data_dir: Path) -> None:
        self.config = config
        self.data_dir = data_dir
        self.account = load_account(data_dir)
        self.stats = Stats()
        self.faults = FaultBoard(config.faults)
        self.state = SandboxState(data_dir)
        self.histories = Histories(self.state)
        self.exports = Exports(self.state, self.histories, self.faults, delay=config.export_delay)
        self.access_tokens = AccessTokens()
        self.sessions = Sessions(self.state, self.account, self.faults, config, self.access_tokens)
        self.storage = Storage(self.state, self.account, self.exports)
        self.elsewhere = ""
        """Origin of the pages of other servers: the look-alike and the organisation's sign-in."""

    def close(self) -> None:
        """Close files and connections."""
        self.state.close()
