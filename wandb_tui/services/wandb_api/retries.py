"""Sends a query again where the server is in trouble or limits the rate."""

from __future__ import annotations

from collections.abc import Callable

from wandb_tui.core.probe import Persistence, ProbeOutcome
from wandb_tui.services.wandb_api.graphql import Reply

_MAX_TRIES = 5
_FIRST_WAIT_S, _MAX_WAIT_S = 1.0, 60.0


def with_retries(execute: Callable[[], Reply], wait: Callable[[float], bool]) -> Reply:
    """The first reply that does not ask for another try, or the last one.

    Args:
        execute: Sends the query.
        wait: Waits for so many seconds; returns whether to stop trying.
    """
    seconds = _FIRST_WAIT_S
    for left in reversed(range(_MAX_TRIES)):
        reply = execute()
        lasting = reply.persistence is not Persistence.TRANSIENT
        if reply.problem is not ProbeOutcome.UNAVAILABLE or (lasting and not reply.limited) or not left:
            break
        if wait(min(_MAX_WAIT_S, max(seconds, reply.limits.retry_after or 0.0))):
            break
        seconds *= 2
    return reply
