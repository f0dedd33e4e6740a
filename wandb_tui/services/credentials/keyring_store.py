"""The operating system's keyring: asked in threads of its own, for a bounded time; never one that keeps clear text."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLongError
from typing import Any, TypeVar

from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import KeyringError
from wandb_tui.services.credentials.redaction import redact

log = logging.getLogger(__name__)

T = TypeVar("T")

_THREADS = DaemonPool("wandb-tui keyring")

KEYRING_TIMEOUT = 4.0
"""Seconds a keyring may take; a locked one may wait for a prompt that nobody sees."""

_UNUSABLE = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")
# keyrings.alt keeps files in the clear, or asks for a password on the terminal.

_WAYS = (
    "Either sign in in the dashboard for this session only (nothing is kept), or set WANDB_VIEWER_MAIL, "
    "WANDB_VIEWER_PW and WANDB_API_KEY in the environment, or start a keyring: {start}."
)
_START_LINUX = (
    "`dbus-run-session -- bash`, in it `gnome-keyring-daemon --unlock` (type a password, then Ctrl-D), "
    "then wandb-tui again"
)


def how_to_go_on() -> str:
    """The three ways that lead on where no keyring does."""
    start = _START_LINUX if sys.platform.startswith("linux") else "unlock the one of your system"
    return _WAYS.format(start=start)


class KeyringStore:
    """The entries of one service in the keyring. Calls block for a few seconds at the most; safe from any thread."""

    def __init__(self, service: str, *, timeout: float = KEYRING_TIMEOUT) -> None:
        """Nothing is asked yet.

        Args:
            service: Under which name the entries are kept.
            timeout: Seconds that one call may take.
        """
        self.service = service
        self._timeout = timeout
        self._hanging: Future[Any] | None = None
        self._asking = threading.Lock()

    def get(self, entry: str, *, quietly: bool = False) -> str | None:
        """An entry's value, or None where there is no such entry.

        Args:
            entry: Its name.
            quietly: A locked keyring counts as none, because unlocking it would open a dialog.

        Raises:
            KeyringError: There is no usable keyring, or it is locked or silent.
        """
        value = self._ask(lambda: _usable(quietly=quietly).get_password(self.service, entry))
        return str(value) if value else None

    def set(self, entry: str, value: str) -> None:
        """Keep a value.

        Raises:
            KeyringError: It cannot be kept.
        """
        self._ask(lambda: _usable().set_password(self.service, entry, value))

    def delete(self, entry: str) -> None:
        """Remove an entry, if it is there.

        Raises:
            KeyringError: The keyring does not let us.
        """

        def remove() -> None:
            if not has_keyring():
                # What cannot have been kept needs not be removed.
                return
            backend = _usable()
            if backend.get_password(self.service, entry) is not None:
                backend.delete_password(self.service, entry)

        self._ask(remove)

    def _ask(self, work: Callable[[], T]) -> T:
        """Let the keyring work in a thread of its own, for a bounded time."""
        # One at a time: two calls to a locked keyring would open two dialogs.
        with self._asking:
            return self._ask_alone(work)

    def _ask_alone(self, work: Callable[[], T]) -> T:
        # While one call hangs, every other would hang as well, and the user would wait for each.
        if self._hanging is not None and not self._hanging.done():
            raise self._silent()
        future = _THREADS.submit(work)
        try:
            return future.result(self._timeout)
        except KeyringError:
            raise
        except TookTooLongError:
            self._hanging = future
            raise self._silent() from None
        except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
            raise _plain(error) from None

    def _silent(self) -> KeyringError:
        message = f"The keyring does not answer within {self._timeout:g} s: it may be locked, waiting for a prompt."
        return KeyringError(message, how_to_go_on())


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
