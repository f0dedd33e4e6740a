"""Adaptive batch size: how many runs fit into one request, learnt from the server's replies."""

from __future__ import annotations

from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.services.wandb_api.graphql import Reply, mentions

MAX_BATCH_SIZE = 100
"""The most runs in one request, unless more are allowed."""

SLOW_REPLY_S = 10.0
"""Seconds above which a reply counts as slow: half of the read time-out."""

_RAISE_CEILING_AFTER = 50
_TOO_LARGE_STATUSES = frozenset({413, 414, 431})
_TOO_LARGE_MARKS = ("complex", "too many", "too large", "too deep", "depth", "aliases", "cost", "exceed", "maximum")


class BatchSize:
    """Halves when a server refuses a batch or breaks down under it, and grows again as it recovers."""

    def __init__(self, most: int | None = None) -> None:
        """Begin with as many as possible.

        Args:
            most: The most runs in one request; None for `MAX_BATCH_SIZE`.
        """
        self._most = MAX_BATCH_SIZE if most is None else most
        self.now = self._most
        self._ceiling = self._most
        self._successes = 0

    def learn(self, count: int, reply: Reply) -> bool:
        """Adapt to the reply to a request about `count` runs; returns whether to repeat it now with fewer."""
        slow = reply.problem is None and reply.seconds > SLOW_REPLY_S
        if reply.problem is None and (count == 1 or not slow):
            self._succeeded(count)
            return False
        unexplained = _is_unexplained(reply)
        if count == 1:
            if (unexplained or _is_too_large(reply)) and not self._successes:
                # Not even a single run was answered, so the size is not the reason.
                self.now = self._ceiling = self._most
            return False
        if not (slow or unexplained or _is_too_large(reply) or _broke_down(reply)):
            return False
        if slow or self._successes or _is_too_large(reply):
            # Requests succeeded until now, so the size may be the reason: stay at half of it for a while.
            self._ceiling = max(1, count // 2)
        self._successes = 0
        self.now = max(1, count // 2)
        return _is_too_large(reply)

    def _succeeded(self, count: int) -> None:
        self._successes += 1
        if self._successes % _RAISE_CEILING_AFTER == 0:
            self._ceiling = min(self._most, self._ceiling * 2)
        if count >= self.now:
            self.now = min(self._ceiling, self.now * 2)


def _is_too_large(reply: Reply) -> bool:
    """Whether the status or the errors say that the request is too large."""
    if reply.status in _TOO_LARGE_STATUSES:
        return True
    return reply.data is None and any(mentions(error, _TOO_LARGE_MARKS) for error in reply.errors)


def _is_unexplained(reply: Reply) -> bool:
    """Whether the server refuses the whole request without giving its size as the reason, which it may be."""
    return reply.problem is ProbeOutcome.INVALID_RESPONSE and bool(reply.errors)


def _broke_down(reply: Reply) -> bool:
    return reply.problem is ProbeOutcome.UNAVAILABLE and (reply.status == 0 or reply.status >= 500)  # noqa: PLR2004 - HTTP
