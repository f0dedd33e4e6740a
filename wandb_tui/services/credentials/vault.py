"""Secrets in the operating system's keyring, and the encrypted browser session; nothing secret is ever in the clear.

The keyring keeps the password, the API key and the session's key only: Windows takes about 1,280 characters an entry.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import KeyringError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.credentials.keyring_store import KeyringStore
from wandb_tui.services.credentials.redaction import learn, redact
from wandb_tui.services.credentials.session_file import SessionFile, new_key

log = logging.getLogger(__name__)

_PASSWORD = "password"  # noqa: S105 - the name of an entry
_API_KEY = "api-key"
_SESSION_KEY = "session-key"
_SESSION_USER = "session-user"


class Vault:
    """The secrets of one server. Calls block for a few seconds at the most, and may come from any thread."""

    def __init__(
        self,
        server: ServerInfo,
        folder: Path,
        *,
        timeout: float | None = None,
        notify: Callable[[str], object] = log.info,
    ) -> None:
        """Know where the secrets are; nothing is touched yet.

        Args:
            server: Whose secrets they are.
            folder: Where the encrypted session is kept, and what else belongs to signing in.
            timeout: Seconds that one keyring call may take; None: a minute where there is a display, else four.
            notify: Receives one sentence when the keyring keeps the caller waiting.
        """
        self.folder = folder
        self.service = f"wandb-tui {server.app_url.rstrip('/')}"
        self._keyring = KeyringStore(self.service, timeout=timeout, notify=notify)
        self._file = SessionFile(folder, server.app_url)
        self._in_memory: dict[str, str] = {}
        self._stamps: dict[str, tuple[int, int]] = {}

    def credentials(self) -> Credentials | None:
        """The user name and password that are kept, if any.

        Raises:
            KeyringError: There is no usable keyring, or it is locked or silent.
        """
        text = self._get(_PASSWORD)
        learn(text)
        try:
            kept = json.loads(text or "null")
            found = Credentials(str(kept["username"]), str(kept["password"])) if kept else None
        except (ValueError, KeyError, TypeError):
            log.warning("The keyring's entry for %s is not ours; it is ignored", self.service)
            return None
        if found:
            learn(found.password)
        return found

    def save_credentials(self, credentials: Credentials) -> None:
        """Keep the user name and the password, and work as this user from now on.

        Raises:
            KeyringError: They cannot be kept.
        """
        learn(credentials.password)
        both = {"username": credentials.username, "password": credentials.password}
        self._set(_PASSWORD, json.dumps(both))
        self._delete(_SESSION_USER)

    def session_user(self) -> str:
        """Whose session was handed over without a password; empty where none was.

        Raises:
            KeyringError: There is no usable keyring, or it is locked or silent.
        """
        return self._get(_SESSION_USER) or ""

    def save_session_user(self, username: str) -> None:
        """Work as this user from now on, who has a session but no password here; a password of another one stays.

        Raises:
            KeyringError: It cannot be kept.
        """
        self._set(_SESSION_USER, username)

    def api_key(self) -> str | None:
        """The API key that is kept, if any.

        Raises:
            KeyringError: There is no usable keyring, or it is locked or silent.
        """
        key = self._get(_API_KEY)
        learn(key)
        return key

    def save_api_key(self, key: str) -> None:
        """Keep the API key.

        Raises:
            KeyringError: It cannot be kept.
        """
        learn(key)
        self._set(_API_KEY, key)

    def has_session(self, username: str) -> bool:
        """Whether a browser session of this user is kept, in the file or in memory."""
        return username in self._in_memory or self._file.path(username).exists()

    def session_on_disk(self, username: str) -> bool:
        """Whether a browser session of this user outlives this program."""
        return self._file.path(username).exists()

    def session_problem(self, username: str) -> str:
        """What keeps the session of this user from being used, as a clause; empty where nothing does."""
        if username in self._in_memory or not self._file.path(username).exists():
            return ""
        try:
            key = self._get(_SESSION_KEY)
        except KeyringError:
            return "cannot be opened without the keyring, which has its key"
        return "" if self._file.opens(username, key) else "is damaged, or was encrypted with another key"

    def load_session(self, username: str, *, quietly: bool = False) -> dict[str, Any] | None:
        """The browser session of this user, or None. A file that cannot be read is put aside, never fatal.

        Args:
            username: Whose session is wanted.
            quietly: Do without a keyring that would have to ask the user.
        """
        if text := self._in_memory.get(username):
            return _parsed(text)
        if not self._file.path(username).exists():
            return None
        try:
            key = self._get(_SESSION_KEY, quietly=quietly)
        except KeyringError as error:
            log.warning("The saved browser session cannot be opened: %s", error)
            return None
        self._stamps[username] = self._file.stamp(username)
        text = self._file.read(username, key)
        return _parsed(text) if text else None

    def save_session(
        self, username: str, state: dict[str, Any], *, on_disk: bool = True, quietly: bool = False
    ) -> bool:
        """Keep the browser session: encrypted on disk, or in memory only where no keyring can hold its key.

        Args:
            username: Whose session it is.
            state: Playwright's storage state.
            on_disk: False keeps it in memory whatever the keyring says.
            quietly: Do without a keyring that would have to ask the user.

        Returns:
            Whether it is on disk.
        """
        _learn_cookies(state)
        text = json.dumps(state)
        self._in_memory[username] = text
        if not on_disk:
            return False
        try:
            key = self._get(_SESSION_KEY, quietly=quietly)
            if not key:
                key = new_key()
                self._set(_SESSION_KEY, key)
            self._file.write(username, key, text)
            self._stamps[username] = self._file.stamp(username)
        except (KeyringError, OSError) as error:
            log.info("The browser session stays in memory: %s", redact(str(error)))
            return False
        return True

    def refresh_session(self, username: str) -> bool:
        """Prefer the session on disk where another process has written a newer one; whether that is so."""
        stamp = self._file.stamp(username)
        if stamp == (0, 0) or stamp == self._stamps.get(username):
            return False
        self._in_memory.pop(username, None)
        return True

    def session_lock(self, username: str) -> Path:
        """The file to lock while this user signs in, so that two processes do it only once."""
        return self._file.lock(username)

    def take_session_problem(self) -> str:
        """What was wrong with the session file that was read, or empty; it is told once."""
        problem, self._file.problem = self._file.problem, ""
        return problem

    def forget_session(self, username: str | None = None) -> None:
        """Drop the browser session of one user, or of all."""
        if username is None:
            self._in_memory.clear()
            self._file.remove_all()
        else:
            self._in_memory.pop(username, None)
            self._file.remove(username)

    def forget(self) -> None:
        """Remove everything that is kept for this server.

        Raises:
            KeyringError: The keyring does not let us; the session's file is removed all the same.
        """
        self.forget_session()
        for entry in (_PASSWORD, _API_KEY, _SESSION_KEY, _SESSION_USER):
            self._delete(entry)

    # The keyring

    def check(self) -> str:
        """Store, read and delete a test entry; the name of the keyring that keeps entries.

        Raises:
            KeyringError: There is no usable keyring, it is locked or silent, or it does not keep what is stored.
        """
        return self._keyring.check()

    def _get(self, entry: str, *, quietly: bool = False) -> str | None:
        return self._keyring.get(entry, quietly=quietly)

    def _set(self, entry: str, value: str) -> None:
        self._keyring.set(entry, value)

    def _delete(self, entry: str) -> None:
        self._keyring.delete(entry)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        state = json.loads(text)
    except ValueError:
        return None
    if not isinstance(state, dict):
        return None
    _learn_cookies(state)
    return state


def _learn_cookies(state: dict[str, Any]) -> None:
    cookies = state.get("cookies")
    for cookie in cookies if isinstance(cookies, list) else []:
        # Short values (flags, languages) are no secrets and would blot out ordinary words.
        if isinstance(cookie, dict) and len(value := str(cookie.get("value", ""))) >= 16:  # noqa: PLR2004
            learn(value)
