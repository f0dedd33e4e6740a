"""The entries of wandb-tui in the operating system's keyring: read in threads, for a bounded time."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import KeyringError
from wandb_tui.services.credentials.keyring_backends import (
    ASKS_ON_TERMINAL,
    BackendError,
    KeyringBackend,
    NativeBackend,
    alternatives,
    require_unlocked,
    usable_backends,
)
from wandb_tui.services.credentials.redaction import learn, redact

log = logging.getLogger(__name__)

T = TypeVar("T")

_THREADS = DaemonPool("wandb-tui keyring")
_NOTICE_AFTER_S = 4.0
_TIMEOUT_S = 4.0
_TIMEOUT_WITH_DISPLAY_S = 60.0
_TEST_ENTRY = "test"


def default_timeout(environ: Mapping[str, str] = os.environ) -> float:
    """Seconds that one call may take: a minute where the keyring can ask for its password in a window."""
    has_display = sys.platform in {"darwin", "win32"} or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    return _TIMEOUT_WITH_DISPLAY_S if has_display else _TIMEOUT_S


class KeyringStore:
    """The entries of one service, in all keyrings of this machine that can be used; safe from any thread.

    Reading asks each keyring in turn, storing takes the first that really keeps the entry, and deleting deletes from
    all of them: a keyring that is installed later and comes first hides nothing.
    """

    def __init__(
        self, service: str, *, timeout: float | None = None, notify: Callable[[str], object] = log.info
    ) -> None:
        """Ask nothing yet.

        Args:
            service: The service name of the entries.
            timeout: Seconds that one call may take; None: `default_timeout`.
            notify: Receives one sentence when a keyring keeps the caller waiting.
        """
        self.service = service
        self._timeout = default_timeout() if timeout is None else timeout
        self._notify = notify
        self._hanging: Future[Any] | None = None
        self._turn = threading.Lock()

    def get(self, entry: str, *, quietly: bool = False) -> str | None:
        """An entry's value, or None where there is no such entry.

        Args:
            entry: Its name.
            quietly: Skip a locked keyring, because unlocking it would open a dialog.

        Raises:
            KeyringError: There is no usable keyring; or none has the entry, and one of them is locked or has failed.
        """
        return self._call(lambda: self._find(entry, quietly=quietly))

    def set(self, entry: str, value: str) -> None:
        """Store a value, and make sure that it is what `get` finds from now on.

        Raises:
            KeyringError: No keyring keeps it.
        """
        self._call(lambda: self._store(entry, value))

    def delete(self, entry: str) -> None:
        """Delete an entry from every keyring that has it.

        Raises:
            KeyringError: A keyring still has it, or cannot tell.
        """
        self._call(lambda: self._delete(entry))

    def check(self) -> str:
        """Store, read and delete a test entry.

        Returns:
            The name of the keyring that keeps entries.

        Raises:
            KeyringError: There is no usable keyring, or it does not keep what is stored.
        """

        def work() -> str:
            name = self._store(_TEST_ENTRY, secrets.token_hex(8))
            self._delete(_TEST_ENTRY)
            return name

        return self._call(work)

    # In the keyring's thread

    def _find(self, entry: str, *, quietly: bool) -> str | None:
        failures: list[KeyringError] = []
        for backend in usable_backends():
            try:
                if quietly and isinstance(backend, NativeBackend) and backend.is_secret_service:
                    require_unlocked()
                value = backend.get(self.service, entry)
            except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
                failures.append(_readable(backend, error))
            else:
                if value:
                    learn(value)
                    return value
        if failures:
            raise failures[0]
        return None

    def _store(self, entry: str, value: str) -> str:
        failures: list[KeyringError] = []
        for backend in usable_backends():
            try:
                backend.set(self.service, entry, value)
                if backend.get(self.service, entry) == value:
                    self._drop_older(entry, backend)
                    return backend.name
                failures.append(KeyringError(f"The keyring {backend.name} does not keep what is stored in it."))
            except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
                failures.append(_readable(backend, error))
        # The system's own keyring comes first or is alone; the others are helpers, which often only read.
        raise next((one for one in failures if "locked" in one.message), failures[0])

    def _drop_older(self, entry: str, keeper: KeyringBackend) -> None:
        """Delete older values of this entry from the keyrings that are asked before the one that keeps it now."""
        for backend in usable_backends():
            if backend == keeper:
                return
            try:
                if backend.get(self.service, entry):
                    backend.delete(self.service, entry)
            except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
                _readable(backend, error)

    def _delete(self, entry: str) -> None:
        try:
            backends = usable_backends()
        except KeyringError:
            # What cannot have been stored need not be deleted.
            return
        failures: list[KeyringError] = []
        for backend in backends:
            try:
                if backend.get(self.service, entry) is not None:
                    backend.delete(self.service, entry)
                    if backend.get(self.service, entry) is not None:
                        failures.append(KeyringError(f"The keyring {backend.name} still has what was to be deleted."))
            except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
                if str(error) != ASKS_ON_TERMINAL:
                    failures.append(_readable(backend, error))
                # A keyring that asks on the terminal never got anything to store.
        if failures:
            raise failures[0]

    # In the caller's thread

    def _call(self, work: Callable[[], T]) -> T:
        # One at a time: two calls to a locked keyring would open two dialogs.
        with self._turn:
            # While one call hangs, every other would hang as well, and the user would wait for each.
            if self._hanging is not None and not self._hanging.done():
                raise self._no_answer()
            future = _THREADS.submit(work)
            try:
                return self._result(future)
            except KeyringError:
                raise
            except FutureTimeoutError:
                self._hanging = future
                raise self._no_answer() from None

    def _result(self, future: Future[T]) -> T:
        if self._timeout > _NOTICE_AFTER_S:
            try:
                return future.result(_NOTICE_AFTER_S)
            except FutureTimeoutError:
                left = self._timeout - _NOTICE_AFTER_S
                self._notify(f"Waiting up to {left:.0f} s for the keyring to be unlocked")
                return future.result(left)
        return future.result(self._timeout)

    def _no_answer(self) -> KeyringError:
        message = f"The keyring did not answer within {self._timeout:g} s: it may be locked, waiting for its password."
        return KeyringError(message, alternatives())


def has_keyring() -> bool:
    """Whether this machine has a keyring that can be used, locked or not."""
    try:
        usable_backends()
    except KeyringError:
        return False
    return True


def _readable(backend: KeyringBackend, error: Exception) -> KeyringError:
    """A keyring backend's own error as one sentence."""
    if isinstance(error, KeyringError):
        return error
    kind = str(error) if isinstance(error, BackendError) else type(error).__name__
    log.info("The keyring %s failed: %s: %s", backend.name, kind, redact(str(error)))
    if "Locked" in kind or "locked" in str(error).lower():
        return KeyringError("The keyring is locked.", f"Unlock it and try again. {alternatives()}")
    if kind == ASKS_ON_TERMINAL:
        return KeyringError(
            f"The keyring {backend.name} asks for its password on the terminal, which wandb-tui needs.", alternatives()
        )
    return KeyringError(f"The keyring {backend.name} failed ({kind}).", alternatives())
