"""Reads and writes entries in the machine's keyrings, in threads and within a bounded time."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from itertools import product
from typing import Any, TypeVar

from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import KeyringError, KeyringProblem
from wandb_tui.services.credentials.keyring_backends import (
    ASKS_ON_TERMINAL,
    BackendError,
    KeyringBackend,
    NativeBackend,
    alternatives,
    clear_text_backends,
    locked_error,
    require_unlocked,
    usable_backends,
)
from wandb_tui.services.credentials.redaction import learn, redact

log = logging.getLogger(__name__)

T = TypeVar("T")

_POOL = DaemonPool("wandb-tui keyring")
_NOTICE_AFTER_S = 4.0
_DEFAULT_TIMEOUT_S = 4.0
_TIMEOUT_WITH_DISPLAY_S = 60.0
_TEST_ENTRY = "test"


def default_timeout(environ: Mapping[str, str] = os.environ) -> float:
    """The seconds that one keyring may take to answer a call: a minute where it can prompt in a window."""
    has_display = sys.platform in {"darwin", "win32"} or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    return _TIMEOUT_WITH_DISPLAY_S if has_display else _DEFAULT_TIMEOUT_S


class KeyringStore:
    """The entries of one service in all usable keyrings of this machine. Safe from any thread.

    `get` tries each keyring in turn, `set` uses the first that really stores the entry, and `delete` deletes it from
    all of them. So a keyring that is installed later and comes first hides nothing.
    """

    def __init__(
        self, service: str, *, timeout: float | None = None, notify: Callable[[str], object] = log.info
    ) -> None:
        """Prepare; no keyring is used yet.

        Args:
            service: The service name of the entries.
            timeout: How long one keyring may take to answer a call, in seconds; None: `default_timeout`.
            notify: Receives one sentence when a keyring keeps the caller waiting.
        """
        self.service = service
        self._timeout = default_timeout() if timeout is None else timeout
        self._notify = notify
        self._pending_call: Future[Any] | None = None
        self._call_lock = threading.Lock()
        self._asked_at = 0.0

    def get(self, entry: str, *, no_dialog: bool = False) -> str | None:
        """The value of an entry; None if there is no such entry.

        Args:
            entry: The entry's name.
            no_dialog: Skip a locked keyring, because unlocking it would open a dialog.

        Raises:
            KeyringError: There is no usable keyring; or none has the entry, and one of them is locked or has failed.
        """
        return self._call(lambda: self._find(entry, no_dialog=no_dialog))

    def set(self, entry: str, value: str) -> None:
        """Store a value so that `get` returns it from now on.

        Raises:
            KeyringError: No keyring stores it.
        """
        self._call(lambda: self._store(entry, value))

    def delete(self, *entries: str) -> None:
        """Delete entries from every keyring that has them.

        Raises:
            KeyringError: A keyring still has one, or has failed; the others were tried nevertheless.
        """
        self._call(lambda: self._delete(entries))

    def delete_clear_text(self, entries: Iterable[str]) -> list[str]:
        """Delete entries from the keyrings that store in clear text, which are used for nothing else.

        Args:
            entries: The names of the entries.

        Returns:
            The names of the keyrings that had one of them.

        Raises:
            KeyringError: A keyring still has one, or has failed.
        """

        def work() -> list[str]:
            backends = clear_text_backends()
            return self._delete_from(backends, entries)

        return self._call(work)

    def check(self) -> str:
        """Store, read and delete a test entry.

        Returns:
            The name of the keyring that stores entries.

        Raises:
            KeyringError: There is no usable keyring, or none that really stores entries.
        """

        def work() -> str:
            name = self._store(_TEST_ENTRY, secrets.token_hex(8))
            self._delete([_TEST_ENTRY])
            return name

        return self._call(work)

    # In the keyring's thread

    def _find(self, entry: str, *, no_dialog: bool) -> str | None:
        failures: list[KeyringError] = []
        for backend in self._in_turn(usable_backends()):
            try:
                if no_dialog and isinstance(backend, NativeBackend) and backend.is_secret_service:
                    require_unlocked()
                value = backend.get(self.service, entry)
            except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
                failures.append(_keyring_error(backend, error))
            else:
                if value:
                    learn(value)
                    return value
        if failures:
            raise failures[0]
        return None

    def _store(self, entry: str, value: str) -> str:
        failures: list[KeyringError] = []
        for backend in self._in_turn(usable_backends()):
            try:
                backend.set(self.service, entry, value)
                stored = backend.get(self.service, entry)
                if stored == value:
                    self._delete_older(entry, backend)
                    return backend.name
                if stored is None:
                    failures.append(KeyringError(f"The keyring {backend.name} does not store entries."))
                else:
                    # The next start would use it, and a wrong password may lock the account.
                    backend.delete(self.service, entry)
                    failures.append(KeyringError(f"The keyring {backend.name} does not store this value unchanged."))
            except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
                failures.append(_keyring_error(backend, error))
        # The first of equals: usually the system's own keyring; the others are helpers, which often cannot write.
        raise min(failures, key=lambda failure: failure.problem)

    def _delete_older(self, entry: str, chosen: KeyringBackend) -> None:
        """Delete older values of this entry from the keyrings that come before the chosen one."""
        for backend in self._in_turn(usable_backends()):
            if backend == chosen:
                return
            try:
                if backend.get(self.service, entry):
                    backend.delete(self.service, entry)
            except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
                _keyring_error(backend, error)

    def _delete(self, entries: Iterable[str]) -> None:
        try:
            backends = usable_backends()
        except KeyringError:
            # Nothing can have been stored.
            return
        self._delete_from(backends, entries)

    def _delete_from(self, backends: Iterable[KeyringBackend], entries: Iterable[str]) -> list[str]:
        """Delete entries from these keyrings, as many as can be; returns the names of the keyrings that had one."""
        failures: list[KeyringError] = []
        found_in: dict[str, None] = {}
        for entry, backend in product(entries, backends):
            self._asked_at = time.monotonic()
            try:
                if backend.get(self.service, entry) is not None:
                    backend.delete(self.service, entry)
                    found_in[backend.name] = None
                    if backend.get(self.service, entry) is not None:
                        failures.append(KeyringError(f"The keyring {backend.name} did not delete an entry."))
            except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
                if str(error) != ASKS_ON_TERMINAL:
                    failures.append(_keyring_error(backend, error))
                # Nothing was ever stored in a keyring that asks on the terminal.
        if failures:
            raise failures[0]
        return list(found_in)

    def _in_turn(self, backends: Iterable[KeyringBackend]) -> Iterator[KeyringBackend]:
        """The backends, each with a time-out of its own: the others may have taken theirs."""
        for backend in backends:
            self._asked_at = time.monotonic()
            yield backend

    # In the caller's thread

    def _call(self, work: Callable[[], T]) -> T:
        # One at a time: two calls to a locked keyring would open two dialogs.
        with self._call_lock:
            # While one call hangs, every other would hang as well.
            if self._pending_call is not None and not self._pending_call.done():
                raise self._no_answer()
            self._asked_at = time.monotonic()
            future = _POOL.submit(work)
            try:
                return self._result(future)
            except KeyringError:
                raise
            except FutureTimeoutError:
                self._pending_call = future
                raise self._no_answer() from None

    def _result(self, future: Future[T]) -> T:
        if self._timeout > _NOTICE_AFTER_S:
            try:
                return self._within(_NOTICE_AFTER_S, future)
            except FutureTimeoutError:
                remaining = self._timeout - _NOTICE_AFTER_S
                self._notify(f"Waiting up to {remaining:.0f} s for the keyring to be unlocked")
        return self._within(self._timeout, future)

    def _within(self, seconds: float, future: Future[T]) -> T:
        """The result, as long as no keyring takes longer than this."""
        while True:
            try:
                return future.result(max(0.0, self._asked_at + seconds - time.monotonic()))
            except FutureTimeoutError:
                if future.done() or time.monotonic() >= self._asked_at + seconds:
                    raise

    def _no_answer(self) -> KeyringError:
        message = (
            f"The keyring did not answer within {self._timeout:g} s: it may be locked and waiting for its password."
        )
        return KeyringError(message, alternatives())


def has_keyring() -> bool:
    """Whether this machine has a usable keyring, locked or not."""
    try:
        usable_backends()
    except KeyringError:
        return False
    return True


def _keyring_error(backend: KeyringBackend, error: Exception) -> KeyringError:
    """The error for a keyring backend's own exception."""
    if isinstance(error, KeyringError):
        return error
    kind = str(error) if isinstance(error, BackendError) else type(error).__name__
    log.info("The keyring %s failed: %s: %s", backend.name, kind, redact(str(error)))
    if "Locked" in kind or "locked" in str(error).lower():
        return locked_error()
    if kind == ASKS_ON_TERMINAL:
        return KeyringError(
            f"The keyring {backend.name} asks for its password on the terminal each time, so it cannot be used here.",
            alternatives(),
            KeyringProblem.ASKS_ON_TERMINAL,
        )
    return KeyringError(f"The keyring {backend.name} failed ({kind}).", alternatives())
