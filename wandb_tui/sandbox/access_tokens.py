"""Access tokens, which a caller gets in exchange for an identity token and which stand in for the API key."""

from __future__ import annotations

import secrets
import threading
import time


class AccessTokens:
    """The access tokens that were issued since the start; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expiry: dict[str, float] = {}

    @property
    def issued(self) -> list[str]:
        """All tokens that have not been revoked."""
        with self._lock:
            return list(self._expiry)

    def issue(self, lifetime: float) -> str:
        """A new token that is good for this many seconds."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._expiry[token] = time.time() + lifetime
        return token

    def accept(self, token: str) -> bool:
        """Whether this token was issued here and has not expired."""
        with self._lock:
            return time.time() < self._expiry.get(token, 0.0)

    def revoke_all(self) -> None:
        """Refuse all tokens issued so far."""
        with self._lock:
            self._expiry.clear()
