"""The states of an attempt and the legal moves between them."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of an attempt. The last four are final."""

    QUEUED = "queued"
    """Its thread has not started yet."""
    SIGNING_IN = "signing-in"
    """The browser is being signed in."""
    VISITING = "visiting"
    """The run's page is being opened."""
    WAITING = "waiting"
    """The API is polled."""
    AVAILABLE = "available"
    """The goal is met."""
    TIMED_OUT = "timed-out"
    """Time is up."""
    FAILED = "failed"
    """It cannot continue; see `Failure`."""
    CANCELLED = "cancelled"
    """The user, or the end of the group, ended it."""

    @property
    def final(self) -> bool:
        """Whether nothing follows in this attempt."""
        return self in _FINAL


_FINAL = frozenset({State.AVAILABLE, State.TIMED_OUT, State.FAILED, State.CANCELLED})
_WORKING = frozenset({State.SIGNING_IN, State.VISITING, State.WAITING})


def may_move(old: State, new: State) -> bool:
    """Whether an attempt may change from `old` to `new`, which may be the same.

    Signing in and visiting may be skipped or come again (an expired session, a revisit), so the working states are
    open to one another. Nothing returns to the queue and nothing follows a final state.
    """
    if old.final:
        return False
    return new is old or new in _WORKING or new in _FINAL
