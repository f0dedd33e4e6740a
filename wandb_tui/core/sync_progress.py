"""The progress of syncing an offline run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wandb_tui.core.errors import WandbTuiError


class SyncState(StrEnum):
    """The state of an offline run that is to be synced; the last three are final."""

    QUEUED = "queued"
    """Its turn has not come."""
    WAITING = "waiting"
    """The export of its parent is waited for."""
    SYNCING = "syncing"
    """The SDK uploads it, or it is being compared."""
    SYNCED = "synced"
    """The server has it all."""
    SKIPPED = "skipped"
    """The server had it all before."""
    FAILED = "failed"
    """It is not on the server, or differs there."""

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self in {SyncState.SYNCED, SyncState.SKIPPED, SyncState.FAILED}


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """The sync of one run.

    Attributes:
        state: How far it is.
        message: The newest event, in one line.
        error: The typed error of a run that failed; None for other reasons.
        verified: The steps that were compared with the server's, all of them equal; None where none were.
    """

    state: SyncState = SyncState.QUEUED
    message: str = ""
    error: WandbTuiError | None = None
    verified: int | None = None
