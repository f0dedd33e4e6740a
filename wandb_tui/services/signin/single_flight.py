"""One sign-in for all who ask: shared while it runs, remembered when it is refused, forgotten when it expires."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from wandb_tui.core.errors import SignInError, SignInProblem, WandbTuiError
from wandb_tui.core.ports import Identity

log = logging.getLogger(__name__)

T = TypeVar("T")


class SingleFlightSignIn:
    """Hands one sign-in to all callers. Safe from any thread."""

    def __init__(self, wish: Callable[[], int], attempt: Callable[[], Future[Identity]]) -> None:
        """Prepare.

        Args:
            wish: Counts the user's wishes to sign in; a refusal holds until it changes.
            attempt: Starts one sign-in.
        """
        self._wish = wish
        self._attempt = attempt
        self._lock = threading.RLock()
        self._identity: Identity | None = None
        self._identity_wish = -1
        self._refusal: WandbTuiError | None = None
        self._refusal_wish = -1
        self._waiting: list[Future[Identity]] = []
        self._mending: list[Future[None]] = []
        self._running = False
        self._closed = False
        self._password_unproven = False
        self.session = 0
        """Counts the sessions, so that one expiry that many visits notice counts once."""

    def signed_in(self) -> bool:
        """Whether nobody has to sign in now."""
        with self._lock:
            return self._identity is not None and self._identity_wish == self._wish()

    @property
    def refusal(self) -> WandbTuiError | None:
        """The refusal that the next caller would get at once, if any."""
        with self._lock:
            return self._refusal if self._refusal_wish == self._wish() else None

    def join(self) -> Future[Identity]:
        """Share the sign-in under way, or start one; the same refusal at once for as long as nothing was mended."""
        future: Future[Identity] = Future()
        start = False
        with self._lock:
            wish = self._wish()
            if self._closed:
                settle(future, error=SignInError(SignInProblem.UNREACHABLE, "The browser has been closed."))
            elif (refusal := self.refusal) is not None:
                settle(future, error=fresh(refusal))
            elif self._identity is not None and self._identity_wish == wish:
                settle(future, result=self._identity)
            else:
                self._waiting.append(future)
                start, self._running = not self._running, True
        if start:
            self._start()
        return future

    def credentials_changed(self) -> Future[None]:
        """Done when the user has changed something since the refusal."""
        future: Future[None] = Future()
        with self._lock:
            if self._closed or self._refusal is None or self._refusal_wish != self._wish():
                settle(future, result=None)
            else:
                self._mending.append(future)
        return future

    def account_changed(self) -> None:
        """The user has changed something; if it concerns signing in, whoever waits for that goes on."""
        with self._lock:
            if self._refusal is not None and self._refusal_wish == self._wish():
                return
            self._refusal, self._password_unproven = None, False
            mending, self._mending = self._mending, []
        for future in mending:
            settle(future, result=None)

    def expired(self, session: int) -> None:
        """A visit found that the session of this number has gone."""
        with self._lock:
            if session != self.session or self._identity is None:
                return
            self._identity = None
            if self._password_unproven:
                # The password was submitted, and no page has ever loaded with the session that came of it.
                self._refuse(
                    SignInError(
                        SignInProblem.NOT_UNDERSTOOD,
                        "The server forgot the sign-in at once, so the password is not sent again.",
                        "Sign in by hand: wandb-tui login --window.",
                    ),
                    self._wish(),
                )

    def visited(self) -> None:
        """A visit has succeeded, so the session is good."""
        with self._lock:
            self._password_unproven = False

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, []
            mending, self._mending = self._mending, []
        for future in waiting:
            settle(future, error=SignInError(SignInProblem.UNREACHABLE, "The browser has been closed."))
        for other in mending:
            other.cancel()

    def _start(self) -> None:
        wish = self._wish()
        self._attempt().add_done_callback(lambda done: self._ended(done, wish))

    def _ended(self, done: Future[Identity], wish: int) -> None:
        with self._lock:
            if wish != self._wish() and not self._closed:
                again = True
            else:
                again = self._running = False
                error = _error_of(done)
                if error is None:
                    self._identity, self._identity_wish = done.result(), wish
                    self._password_unproven = self._password_unproven or done.result().by_password
                    self._refusal = None
                    self.session += 1
                elif isinstance(error, SignInError) and error.problem is not SignInProblem.UNREACHABLE:
                    self._refuse(error, wish)
                waiting, self._waiting = self._waiting, []
        if again:
            # What was tried is not what the user wants now.
            self._start()
            return
        for future in waiting:
            if error is None:
                settle(future, result=self._identity)
            else:
                settle(future, error=fresh(error))

    def _refuse(self, error: WandbTuiError, wish: int) -> None:
        self._identity = None
        self._refusal, self._refusal_wish = error, wish


def settle(future: Future[T], *, result: Any = None, error: BaseException | None = None) -> None:
    """End a future, unless whoever holds it has cancelled it."""
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def fresh(error: WandbTuiError) -> WandbTuiError:
    """The same error anew: one that many threads raise would grow a traceback of them all."""
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
    return SignInError(SignInProblem.NOT_UNDERSTOOD, f"wandb-tui itself failed: {type(error).__name__} (see the log).")
