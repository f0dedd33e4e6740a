"""The addresses of the user's notification services: their own secrets, in the environment or in the keyring."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote

from wandb_tui.core.errors import KeyringError
from wandb_tui.services.credentials.keyring_store import KeyringStore
from wandb_tui.services.credentials.redaction import ADDRESS_VARIABLE, learn

log = logging.getLogger(__name__)

_SERVICE = "wandb-tui notifications"
_HINT = "wandb-tui doctor shows what helps; or set {variable} to the address of “{name}”."
_SEPARATORS = re.compile(r"[/?&=@:#,]+")
_MIN_PART_CHARS = 8
"""Shorter parts are mostly words, which must stay readable elsewhere."""


class NotificationAddresses:
    """The addresses by the names of their services, for all W&B servers. Safe from any thread."""

    def __init__(self, environ: Mapping[str, str] = os.environ, *, notify: Callable[[str], object] = log.info) -> None:
        """Prepare; nothing is read yet.

        Args:
            environ: The environment.
            notify: Receives one sentence when the keyring keeps the caller waiting.
        """
        self._environ = environ
        self._keyring = KeyringStore(_SERVICE, notify=notify)
        self._read: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str | None:
        """The address of a service; None if there is none. The keyring is read once.

        Raises:
            KeyringError: There is no usable keyring, or it is locked or does not answer.
        """
        if address := self._environ.get(variable(name)):
            learn_address(address)
            return address
        with self._lock:
            if name not in self._read:
                with _explained(name):
                    found = self._keyring.get(name)
                if not found:
                    return None
                learn_address(found)
                self._read[name] = found
            return self._read[name]

    def check(self, name: str) -> None:
        """Make sure that the address of a service can be stored, before the user types it.

        Raises:
            KeyringError: It cannot.
        """
        with _explained(name):
            self._keyring.check()

    def save(self, name: str, address: str) -> None:
        """Store the address of a service.

        Raises:
            KeyringError: It cannot be stored.
        """
        learn_address(address)
        with _explained(name):
            self._keyring.set(name, address)

    def remove(self, name: str) -> list[str]:
        """Delete the address of a service.

        Returns:
            The names of the keyrings from which clear text was deleted.

        Raises:
            KeyringError: The keyring does not delete it.
        """
        with _explained(name):
            self._keyring.delete(name)
            return self._keyring.delete_clear_text([name])


def variable(name: str) -> str:
    """The environment variable that may hold the address of a service."""
    return ADDRESS_VARIABLE + name.upper().replace("-", "_")


def learn_address(address: str) -> None:
    """Mask an address from now on, and each of its parts that may be a token or a password."""
    learn(address)
    rest = address.partition("://")[2]
    password = rest.partition("/")[0].rpartition("@")[0].partition(":")[2]
    learn(password, unquote(password))
    for part in _SEPARATORS.split(rest):
        if len(part) >= _MIN_PART_CHARS and not _is_host(part):
            learn(part, unquote(part))


def _is_host(part: str) -> bool:
    return part == "localhost" or re.fullmatch(r"[\w-]+(\.[\w-]+)+", part) is not None


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Raise a keyring's error with what helps here: its own hint is about the sign-in."""
    try:
        yield
    except KeyringError as error:
        raise KeyringError(error.message, _HINT.format(name=name, variable=variable(name))) from None
