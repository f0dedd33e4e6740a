"""Stores secrets in the keyring, and the browser session in an encrypted file; nothing secret is in clear text.

The keyring holds only the password, the API key and the session's key: Windows allows about 1,280 characters per entry.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
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
_ENTRIES = (_PASSWORD, _API_KEY, _SESSION_KEY, _SESSION_USER)


class Vault:
    """The stored secrets of one server. Calls may block up to the keyring's time-out; safe from any thread.

    Attributes:
        folder: The folder of the encrypted session.
        notify: Receives sentences for the user.
    """

    def __init__(
        self,
        server: ServerInfo,
        folder: Path,
        *,
        timeout: float | None = None,
        notify: Callable[[str], object] = log.info,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            server: The server of the secrets.
            folder: The folder of the encrypted session and of a sign-in's screenshots.
            timeout: The time-out of one keyring call in seconds; None: a minute with a display, else four.
            notify: Receives one sentence when the keyring keeps the caller waiting.
        """
        self.folder = folder
        self.notify = notify
        self.service = f"wandb-tui {server.app_url.rstrip('/')}"
        self._keyring = KeyringStore(self.service, timeout=timeout, notify=notify)
        self._file = SessionFile(folder, server.app_url)
        self._in_memory: dict[str, str] = {}
        self._stamps: dict[str, tuple[int, int]] = {}

    def credentials(self) -> Credentials | None:
        """The stored user name and password, if any.

        Raises:
            KeyringError: There is no usable keyring, or it is locked or does not answer.
        """
        text = self._get(_PASSWORD)
        learn(text)
        try:
            stored = json.loads(text or "null")
            found = Credentials(str(stored["username"]), str(stored["password"])) if stored else None
        except (ValueError, KeyError, TypeError):
            log.warning("The keyring's entry for %s is not ours; it is ignored", self.service)
            return None
        if found:
            learn(found.password)
        return found

    def save_credentials(self, credentials: Credentials) -> None:
        """Store the user name and the password, and use this user from now on.

        Raises:
            KeyringError: They cannot be stored.
        """
        learn(credentials.password)
        entry = {"username": credentials.username, "password": credentials.password}
        self._set(_PASSWORD, json.dumps(entry))
        self._delete(_SESSION_USER)

    def session_user(self) -> str:
        """The user of an imported session without a password; empty if there is none.

        Raises:
            KeyringError: There is no usable keyring, or it is locked or does not answer.
        """
        return self._get(_SESSION_USER) or ""

    def save_session_user(self, username: str) -> None:
        """Use this user from now on, who has a session but no password; another user's stored password stays.

        Raises:
            KeyringError: The user name cannot be stored.
        """
        self._set(_SESSION_USER, username)

    def api_key(self) -> str | None:
        """The stored API key, if any.

        Raises:
            KeyringError: There is no usable keyring, or it is locked or does not answer.
        """
        key = self._get(_API_KEY)
        learn(key)
        return key

    def save_api_key(self, key: str) -> None:
        """Store the API key.

        Raises:
            KeyringError: It cannot be stored.
        """
        learn(key)
        self._set(_API_KEY, key)

    def has_session(self, username: str) -> bool:
        """Whether there is a browser session of this user, on disk or in memory."""
        return username in self._in_memory or self._file.path(username).exists()

    def session_on_disk(self, username: str) -> bool:
        """Whether there is a browser session of this user on disk."""
        return self._file.path(username).exists()

    def session_problem(self, username: str) -> str:
        """The reason why this user's session on disk cannot be used, as a clause; empty if it can."""
        if username in self._in_memory or not self._file.path(username).exists():
            return ""
        try:
            key = self._get(_SESSION_KEY)
        except KeyringError:
            return "cannot be opened without the keyring, which has its key"
        return "" if self._file.can_decrypt(username, key) else "is damaged, or was encrypted with another key"

    def load_session(self, username: str, *, no_dialog: bool = False) -> dict[str, Any] | None:
        """The browser session of this user, or None. A file that cannot be decrypted is renamed.

        Args:
            username: The user.
            no_dialog: Skip a keyring that would open a dialog.
        """
        if text := self._in_memory.get(username):
            return _parsed(text)
        if not self._file.path(username).exists():
            return None
        try:
            key = self._get(_SESSION_KEY, no_dialog=no_dialog)
        except KeyringError as error:
            log.warning("The saved browser session cannot be opened: %s", error)
            return None
        self._stamps[username] = self._file.stamp(username)
        text = self._file.read(username, key)
        return _parsed(text) if text else None

    def save_session(
        self, username: str, state: dict[str, Any], *, on_disk: bool = True, no_dialog: bool = False
    ) -> bool:
        """Save the browser session: encrypted on disk, or only in memory if no keyring can store its key.

        Args:
            username: The user.
            state: Playwright's storage state.
            on_disk: False saves it only in memory.
            no_dialog: Skip a keyring that would open a dialog.

        Returns:
            Whether it is on disk.
        """
        _learn_cookies(state)
        text = json.dumps(state)
        self._in_memory[username] = text
        if not on_disk:
            return False
        try:
            key = self._get(_SESSION_KEY, no_dialog=no_dialog)
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
        """Drop the session in memory if another process has saved a newer one; returns whether it has."""
        stamp = self._file.stamp(username)
        if stamp == (0, 0) or stamp == self._stamps.get(username):
            return False
        self._in_memory.pop(username, None)
        return True

    def session_lock(self, username: str) -> Path:
        """The file to lock while this user signs in, so that two processes share one sign-in."""
        return self._file.lock(username)

    def take_session_problem(self) -> str:
        """The problem with the session file that was read, or empty; reported once."""
        problem, self._file.problem = self._file.problem, ""
        return problem

    def forget_session(self, username: str | None = None) -> None:
        """Delete the browser session of one user, or of all."""
        if username is None:
            self._in_memory.clear()
            self._file.remove_all()
        else:
            self._in_memory.pop(username, None)
            self._file.remove(username)

    def forget(self) -> list[str]:
        """Delete everything stored for this server, and what an early version stored in clear text.

        Returns:
            The names of the keyrings from which clear text was deleted.

        Raises:
            KeyringError: The keyring does not delete its entries; the session's file is deleted anyway.
        """
        self.forget_session()
        try:
            self._delete(*_ENTRIES)
        except KeyringError as error:
            if cleared := self._delete_clear_text(_ENTRIES):
                more = f"{' and '.join(cleared)} had some of it in clear text; change the password and the API key."
                raise KeyringError(error.message, f"{error.hint} {more}".strip(), error.problem) from None
            raise
        return self._delete_clear_text(_ENTRIES)

    # The keyring

    def check(self) -> str:
        """Store, read and delete a test entry; returns the name of the keyring that stores entries.

        Raises:
            KeyringError: There is no usable keyring, it is locked or does not answer, or it does not store entries.
        """
        return self._keyring.check()

    def _get(self, entry: str, *, no_dialog: bool = False) -> str | None:
        return self._keyring.get(entry, no_dialog=no_dialog)

    def _set(self, entry: str, value: str) -> None:
        self._keyring.set(entry, value)

    def _delete(self, *entries: str) -> None:
        self._keyring.delete(*entries)

    def _delete_clear_text(self, entries: Iterable[str]) -> list[str]:
        return self._keyring.delete_clear_text(entries)


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
        # Short values (flags, languages) are no secrets, and masking them would mask ordinary words.
        if isinstance(cookie, dict) and len(value := str(cookie.get("value", ""))) >= 16:  # noqa: PLR2004
            learn(value)
