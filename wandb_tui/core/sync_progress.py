"""How the sync of an offline run stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wandb_tui.core.errors import WandbTuiError


class SyncState(StrEnum):
    """What becomes of an offline run; the last three are final."""

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
        message: What happened, in one line.
        error: The typed error of a run that failed; None for other reasons.
        verified: The steps that were compared with the server's, all of them equal; None where none were.
    """

    state: SyncState = SyncState.QUEUED
    message: str = ""
    error: WandbTuiError | None = None
    verified: int | None = None
