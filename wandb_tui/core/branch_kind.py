"""The ways to continue from a step of a run."""

from __future__ import annotations

from enum import StrEnum


class BranchKind(StrEnum):
    """A way to continue from a step of a run."""

    FORK = "fork"
    """A new run with the run's history up to the step."""
    REPLAY = "replay"
    """In place of a fork that the server refuses: a new run into which that history is logged once more."""
    REWIND = "rewind"
    """The run itself, without what it has logged after the step."""
