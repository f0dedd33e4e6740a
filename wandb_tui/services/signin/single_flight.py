"""One sign-in shared by all callers: a refusal is remembered, an expired session is forgotten."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from wandb_tui.core.errors import SignInError, SignInProblem, WandbTuiError, internal_error
from wandb_tui.core.ports import Identity

log = logging.getLogger(__name__)

T = TypeVar("T")


class SingleFlightSignIn:
    """Shares one sign-in among all callers. Safe from any thread."""

    def __init__(self, generation: Callable[[], int], attempt: Callable[[], Future[Identity]]) -> None:
        """Prepare.

        Args:
            generation: Returns the number of the user's requests to sign in so far; a refusal holds until it changes.
            attempt: Starts one sign-in.
        """
        self._generation = generation
        self._attempt = attempt
        self._lock = threading.RLock()
        self._identity: Identity | None = None
        self._identity_generation = -1
        self._refusal: WandbTuiError | None = None
        self._refusal_generation = -1
        self._waiters: list[Future[Identity]] = []
        self._refusal_waiters: list[Future[None]] = []
        self._running = False
        self._closed = False
        self._password_unconfirmed = False
        self.session = 0
        """The number of the session, so that an expiry noticed by many visits counts once."""

    def signed_in(self) -> bool:
        """Whether the browser is signed in for the current request."""
        with self._lock:
            return self._identity is not None and self._identity_generation == self._generation()

    @property
    def refusal(self) -> WandbTuiError | None:
        """The refusal that the next caller would get at once, if any."""
        with self._lock:
            return self._refusal if self._refusal_generation == self._generation() else None

    def join(self) -> Future[Identity]:
        """Join the running sign-in, or start one; fails at once while a refusal holds."""
        future: Future[Identity] = Future()
        start = False
        with self._lock:
            generation = self._generation()
            if self._closed:
                settle(future, error=SignInError(SignInProblem.UNREACHABLE, "The browser has been closed."))
            elif (refusal := self.refusal) is not None:
                settle(future, error=copied(refusal))
            elif self._identity is not None and self._identity_generation == generation:
                settle(future, result=self._identity)
            else:
                self._waiters.append(future)
                start, self._running = not self._running, True
        if start:
            self._start()
        return future

    def credentials_changed(self) -> Future[None]:
        """Resolves when the credentials change after a refusal; at once if no refusal holds."""
        future: Future[None] = Future()
        with self._lock:
            if self._closed or self._refusal is None or self._refusal_generation != self._generation():
                settle(future, result=None)
            else:
                self._refusal_waiters.append(future)
        return future

    def account_changed(self) -> None:
        """Clear a refusal that the user's change has made obsolete, and resolve those who wait for that."""
        with self._lock:
            if self._refusal is not None and self._refusal_generation == self._generation():
                return
            self._refusal, self._password_unconfirmed = None, False
            refusal_waiters, self._refusal_waiters = self._refusal_waiters, []
        for future in refusal_waiters:
            settle(future, result=None)

    def mark_expired(self, session: int) -> None:
        """Note that a visit found this session expired.

        Args:
            session: The session's number when the visit began.
        """
        with self._lock:
            if session != self.session or self._identity is None:
                return
            self._identity = None
            if self._password_unconfirmed:
                # The password was submitted, but no page has ever loaded with the resulting session.
                self._refuse(
                    SignInError(
                        SignInProblem.NOT_UNDERSTOOD,
                        "The server dropped the new session at once, so the password is not sent again.",
                        "Sign in by hand: wandb-tui login --window.",
                    ),
                    self._generation(),
                )

    def mark_confirmed(self) -> None:
        """Note that a visit has succeeded, so the session is valid."""
        with self._lock:
            self._password_unconfirmed = False

    def close(self) -> None:
        """Fail or cancel everything that still waits."""
        with self._lock:
            self._closed = True
            waiters, self._waiters = self._waiters, []
            refusal_waiters, self._refusal_waiters = self._refusal_waiters, []
        for future in waiters:
            settle(future, error=SignInError(SignInProblem.UNREACHABLE, "The browser has been closed."))
        for other in refusal_waiters:
            other.cancel()

    def _start(self) -> None:
        generation = self._generation()
        self._attempt().add_done_callback(lambda done: self._on_end(done, generation))

    def _on_end(self, done: Future[Identity], generation: int) -> None:
        with self._lock:
            if generation != self._generation() and not self._closed:
                stale = True
            else:
                stale = self._running = False
                error = _error_of(done)
                if error is None:
                    self._identity, self._identity_generation = done.result(), generation
                    self._password_unconfirmed = self._password_unconfirmed or done.result().by_password
                    self._refusal = None
                    self.session += 1
                elif isinstance(error, SignInError) and error.problem is not SignInProblem.UNREACHABLE:
                    self._refuse(error, generation)
                waiters, self._waiters = self._waiters, []
        if stale:
            # The user has changed the account meanwhile.
            self._start()
            return
        for future in waiters:
            if error is None:
                settle(future, result=self._identity)
            else:
                settle(future, error=copied(error))

    def _refuse(self, error: WandbTuiError, generation: int) -> None:
        self._identity = None
        self._refusal, self._refusal_generation = error, generation


def settle(future: Future[T], *, result: Any = None, error: BaseException | None = None) -> None:
    """Resolve a future, unless it was cancelled."""
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def copied(error: WandbTuiError) -> WandbTuiError:
    """A copy of an error: one object raised in many threads would collect all their tracebacks."""
    if isinstance(error, SignInError):
        return SignInError(error.problem, error.message, error.hint, origin=error.origin)
    return type(error)(error.message, error.hint)


def _error_of(done: Future[Identity]) -> WandbTuiError | None:
    if done.cancelled():
        return SignInError(SignInProblem.UNREACHABLE, "The browser has been closed.")
    error = done.exception()
    if error is None or isinstance(error, WandbTuiError):
        return error
    log.error("Signing in failed", exc_info=error)
    return SignInError(SignInProblem.NOT_UNDERSTOOD, internal_error(error).message)
