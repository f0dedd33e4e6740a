"""How many runs one request may ask about: as many as the server has shown that it takes."""

from __future__ import annotations

from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.services.wandb_api.graphql import Reply, says

MOST = 100
"""The most runs in one request."""

SLOW = 10.0
"""Seconds above which an answer is slow: half of what is waited for one."""

_TRUST_AGAIN_AFTER = 50
_REFUSED_FOR_SIZE = frozenset({413, 414, 431})
_WORDS_FOR_SIZE = ("complex", "too many", "too large", "too deep", "depth", "aliases", "cost", "exceed", "maximum")


class BatchSize:
    """Halves when a server refuses a batch or breaks down under it, grows again as it recovers, and remembers."""

    def __init__(self) -> None:
        self.now = MOST
        self._ceiling = MOST
        self._good = 0

    def learn(self, asked: int, reply: Reply) -> bool:
        """Take in what came of a request about `asked` runs; whether to ask again at once about fewer."""
        slow = reply.problem is None and reply.seconds > SLOW
        if reply.problem is None and (asked == 1 or not slow):
            self._succeeded(asked)
            return False
        lost = _at_a_loss(reply)
        if asked == 1:
            if (lost or _refused(reply)) and not self._good:
                # Nobody was answered, one alone as little as a hundred: it is not the size.
                self.now = self._ceiling = MOST
            return False
        if not (slow or lost or _refused(reply) or _broke_down(reply)):
            return False
        if slow or self._good or _refused(reply):
            # It took requests until now, so it may be the size: go no higher than half of it for a while.
            self._ceiling = max(1, asked // 2)
        self._good = 0
        self.now = max(1, asked // 2)
        return _refused(reply)

    def _succeeded(self, asked: int) -> None:
        self._good += 1
        if self._good % _TRUST_AGAIN_AFTER == 0:
            self._ceiling = min(MOST, self._ceiling * 2)
        if asked >= self.now:
            self.now = min(self._ceiling, self.now * 2)


def _refused(reply: Reply) -> bool:
    """Whether the server refuses the request for its size, as far as its words or its status tell."""
    if reply.status in _REFUSED_FOR_SIZE:
        return True
    return reply.data is None and any(says(error, _WORDS_FOR_SIZE) for error in reply.errors)


def _at_a_loss(reply: Reply) -> bool:
    """Whether the server refuses the whole request without a word about the size, which may be the reason."""
    return reply.problem is ProbeOutcome.INVALID_RESPONSE and bool(reply.errors)


def _broke_down(reply: Reply) -> bool:
    return reply.problem is ProbeOutcome.UNAVAILABLE and (reply.status == 0 or reply.status >= 500)  # noqa: PLR2004 - HTTP
