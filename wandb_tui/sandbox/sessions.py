"""Authentication of callers: API keys, access tokens and session cookies."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from wandb_tui.sandbox.access_tokens import AccessTokens
    from wandb_tui.sandbox.account import SandboxAccount
    from wandb_tui.sandbox.config import SandboxConfig
    from wandb_tui.sandbox.faults import FaultBoard
    from wandb_tui.sandbox.state import Project, SandboxState

_HOUR_S = 3600.0


class KeyRefusedError(Exception):
    """The request carries an API key that is not the account's, or an access token that is not good."""


@dataclass(frozen=True)
class Caller:
    """The caller of a request, and how they are authenticated: by API key, by session cookie, or not at all."""

    account: SandboxAccount | None
    by: Literal["key", "cookie", "nothing"]
    sees_private: bool = True

    @property
    def who(self) -> str:
        """``api`` or ``page``, as the option ``who`` of faults names them."""
        return "api" if self.by == "key" else "page"

    def may_see(self, project: Project) -> bool:
        """Whether the caller may see the project."""
        return project.public or (self.account is not None and self.sees_private and project.entity in self.entities)

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities that the caller belongs to."""
        return () if self.account is None else (self.account.entity, self.account.username)


class Sessions:
    """Session cookies, stored as hashes only."""

    def __init__(
        self,
        state: SandboxState,
        account: SandboxAccount,
        faults: FaultBoard,
        config: SandboxConfig,
        access_tokens: AccessTokens,
    ) -> None:
        self._db = state.db
        self._account = account
        self._faults = faults
        self._config = config
        self._access_tokens = access_tokens

    @property
    def cookie_name(self) -> str:
        """The name of the session cookie."""
        fault = self._faults.get("cookie-name")
        return fault.text("name") if fault else "wandb"

    def begin(self) -> str:
        """Begin a session; gives the cookie's value."""
        token = secrets.token_urlsafe(32)
        now = time.time()
        expires = now + self._config.session_hours * _HOUR_S
        self._db.run(
            "INSERT INTO sessions (token, created_at, expires_at) VALUES (?, ?, ?)", _hashed(token), now, expires
        )
        return token

    def end(self, token: str) -> None:
        """End one session."""
        self._db.run("DELETE FROM sessions WHERE token = ?", _hashed(token))

    def expire_all(self) -> None:
        """End every session."""
        self._db.run("DELETE FROM sessions")

    def is_valid(self, token: str, *, is_page: bool = False) -> bool:
        """Whether the cookie's session is valid; opening a page counts as one use."""
        row = self._db.row("SELECT * FROM sessions WHERE token = ?", _hashed(token))
        if row is None or time.time() >= row["expires_at"]:
            return False
        expiring = self._faults.get("session-expires")
        if expiring and time.time() >= row["created_at"] + expiring.number("after"):
            return False
        if is_page:
            self._db.run("UPDATE sessions SET requests = requests + 1 WHERE token = ?", _hashed(token))
        limited = self._faults.get("session-once")
        return not (limited and row["requests"] >= limited.whole("requests"))

    def caller(self, request: HTTPConnection, *, is_page: bool = False) -> Caller:
        """The caller of a request.

        Raises:
            KeyRefusedError: There is an API key or access token and it is wrong; a cookie beside it does not help.
        """
        if key := _api_key(request.headers.get("authorization", "")):
            if not (self._accepts_key(key) or self._access_tokens.accept(key)):
                raise KeyRefusedError
            return Caller(self._account, "key", sees_private=self._faults.get("key-sees-nothing") is None)
        token = request.cookies.get(self.cookie_name)
        if token and self.is_valid(token, is_page=is_page):
            return Caller(self._account, "cookie")
        return Caller(None, "nothing")

    def _accepts_key(self, key: str) -> bool:
        return self._account.accepts_key(key) and not self._faults.get("key-refused")


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _api_key(authorization: str) -> str:
    """The API key or access token of an ``Authorization`` header; an unreadable header counts as a wrong key."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() != "basic":
        return ""
    try:
        user, _, password = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "unreadable"
    return password or user
