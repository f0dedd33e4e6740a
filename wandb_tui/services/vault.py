"""Secrets in the operating system's keyring, and the encrypted browser session; nothing secret is ever in the clear.

The keyring keeps the password, the API key and the session's key only: Windows takes about 1,280 characters an entry.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable
from concurrent.futures import TimeoutError as TookTooLongError
from pathlib import Path
from typing import Any, TypeVar

from wandb_tui.core.errors import KeyringError
from wandb_tui.core.ports import Credentials, ServerInfo
from wandb_tui.services.daemon import in_daemon
from wandb_tui.services.redact import learn, redact
from wandb_tui.services.session import SessionFile, new_key

log = logging.getLogger(__name__)

T = TypeVar("T")

KEYRING_TIMEOUT = 4.0
"""Seconds a keyring may take; a locked one may wait for a prompt that nobody sees."""

_UNUSABLE = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")
# keyrings.alt keeps files in the clear, or asks for a password on the terminal.

_PASSWORD = "password"  # noqa: S105 - the name of an entry
_API_KEY = "api-key"
_SESSION_KEY = "session-key"

_WAYS = (
    "Either go on for this session only (nothing is kept), or set WANDB_VIEWER_MAIL, WANDB_VIEWER_PW and "
    "WANDB_API_KEY in the environment, or start a keyring: {start}."
)
_START_LINUX = (
    "`dbus-run-session -- bash`, in it `gnome-keyring-daemon --unlock` (type a password, then Ctrl-D), "
    "then wandb-tui again"
)


def how_to_go_on() -> str:
    """The three ways that lead on where no keyring does."""
    start = _START_LINUX if sys.platform.startswith("linux") else "unlock the one of your system"
    return _WAYS.format(start=start)


class Vault:
    """The secrets of one server. Calls block for a few seconds at the most, and may come from any thread."""

    def __init__(self, server: ServerInfo, folder: Path, *, timeout: float = KEYRING_TIMEOUT) -> None:
        """Know where the secrets are; nothing is touched yet.

        Args:
            server: Whose secrets they are.
            folder: Where the encrypted session is kept, and what else belongs to signing in.
            timeout: Seconds that one keyring call may take.
        """
        self.folder = folder
        self.service = f"wandb-tui {server.app_url.rstrip('/')}"
        self._timeout = timeout
        self._file = SessionFile(folder, server.app_url)
        self._in_memory: dict[str, str] = {}

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
        """Keep the user name and the password.

        Raises:
            KeyringError: They cannot be kept.
        """
        learn(credentials.password)
        both = {"username": credentials.username, "password": credentials.password}
        self._set(_PASSWORD, json.dumps(both))

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
        except (KeyringError, OSError) as error:
            log.info("The browser session stays in memory: %s", redact(str(error)))
            return False
        return True

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
        for entry in (_PASSWORD, _API_KEY, _SESSION_KEY):
            self._delete(entry)

    # The keyring

    def check(self) -> None:
        """Ask the keyring for anything.

        Raises:
            KeyringError: There is no usable one, or it is locked or silent.
        """
        self._get(_SESSION_KEY)

    def _get(self, entry: str, *, quietly: bool = False) -> str | None:
        value = self._ask(lambda: _usable(quietly=quietly).get_password(self.service, entry))
        return str(value) if value else None

    def _set(self, entry: str, value: str) -> None:
        self._ask(lambda: _usable().set_password(self.service, entry, value))

    def _delete(self, entry: str) -> None:
        def delete() -> None:
            if not has_keyring():
                # What cannot have been kept needs not be removed.
                return
            backend = _usable()
            if backend.get_password(self.service, entry) is not None:
                backend.delete_password(self.service, entry)

        self._ask(delete)

    def _ask(self, work: Callable[[], T]) -> T:
        """Let the keyring work in a thread of its own, for a bounded time."""
        future = in_daemon(work, "keyring")
        try:
            return future.result(self._timeout)
        except KeyringError:
            raise
        except TookTooLongError:
            message = f"The keyring does not answer within {self._timeout:g} s: it may be locked, waiting for a prompt."
            raise KeyringError(message, how_to_go_on()) from None
        except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
            raise _plain(error) from None


def _usable(*, quietly: bool = False) -> Any:
    """The keyring of this system.

    Args:
        quietly: A locked one counts as none, because unlocking it would open a dialog.

    Raises:
        KeyringError: There is none, or only one that keeps secrets in the clear.
    """
    import keyring

    backend = keyring.get_keyring()
    # Where several keyrings are there, this one stands before them and asks one after the other.
    for candidate in getattr(backend, "backends", None) or [backend]:
        if not type(candidate).__module__.startswith(_UNUSABLE):
            if quietly and type(candidate).__module__.endswith(".SecretService"):
                _check_unlocked()
            return candidate
    missing = "No keyring is running here" if _no_bus() else "No usable keyring is here"
    raise KeyringError(f"{missing}, so a password cannot be kept safely.", how_to_go_on())


def has_keyring() -> bool:
    """Whether this system has a keyring that this tool uses at all, locked or not."""
    try:
        _usable()
    except KeyringError:
        return False
    return True


def _check_unlocked() -> None:
    """Raise unless the default collection is there and open; looking opens no dialog."""
    import secretstorage
    from secretstorage.exceptions import SecretStorageException

    with contextlib.closing(secretstorage.dbus_init()) as bus:
        try:
            locked = secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").is_locked()
        except SecretStorageException:
            locked = True
    if locked:
        raise KeyringError("The keyring is locked.", f"Unlock it and try again. {how_to_go_on()}")


def _no_bus() -> bool:
    return sys.platform.startswith("linux") and "DBUS_SESSION_BUS_ADDRESS" not in os.environ


def _plain(error: Exception) -> KeyringError:
    """What a keyring's own error means."""
    kind = type(error).__name__
    log.info("The keyring failed: %s: %s", kind, redact(str(error)))
    if "Locked" in kind or "locked" in str(error).lower():
        return KeyringError("The keyring is locked.", f"Unlock it and try again. {how_to_go_on()}")
    if kind == "NoKeyringError":
        return KeyringError("No usable keyring is here, so a password cannot be kept safely.", how_to_go_on())
    return KeyringError(f"The keyring failed ({kind}).", how_to_go_on())


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
