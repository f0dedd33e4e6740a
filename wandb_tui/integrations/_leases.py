"""Leases of a shared service: users renew theirs while they live, so that killed users are noticed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Leases:
    """The users of a service, each with a lease that expires unless renewed. Safe to use from several threads."""

    def __init__(self, lease_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any user.

        Args:
            lease_s: Seconds for which a lease lasts.
            clock: Seconds on a clock that never goes back.
        """
        self._lease_s = lease_s
        self._clock = clock
        self._until: dict[str, float] = {}
        self._last_use = clock()
        self._lock = threading.Lock()

    def renew(self, user: str) -> None:
        """Begin or prolong a user's lease."""
        with self._lock:
            self._last_use = self._clock()
            self._until[user] = self._last_use + self._lease_s

    def release(self, user: str) -> bool:
        """End a user's lease; whether it was the last."""
        with self._lock:
            self._until.pop(user, None)
            self._drop_expired()
            return not self._until

    def held_by(self, prefix: str) -> bool:
        """Whether a user whose name begins with this has a lease."""
        with self._lock:
            self._drop_expired()
            return any(user.startswith(prefix) for user in self._until)

    def touch(self) -> None:
        """Record a use by a caller without a lease."""
        with self._lock:
            self._last_use = self._clock()

    @property
    def unused(self) -> bool:
        """Whether no lease is left and nothing has used the service for as long as a lease lasts."""
        with self._lock:
            self._drop_expired()
            return not self._until and self._clock() - self._last_use > self._lease_s

    def _drop_expired(self) -> None:
        now = self._clock()
        self._until = {user: until for user, until in self._until.items() if until > now}
