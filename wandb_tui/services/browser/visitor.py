"""The browser's interface: signs in once, and opens run pages, a few at a time."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import weakref
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import NO_THREAD, NoBrowserError, SignInError, SignInProblem, WandbTuiError
from wandb_tui.core.ports import Identity, Visit, VisitBacklog
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.start_problem import start_problem
from wandb_tui.services.browser.thread import BrowserThread
from wandb_tui.services.browser.visit_queue import VisitQueue
from wandb_tui.services.credentials.account import KeyringAccount
from wandb_tui.services.credentials.vault import Vault
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.single_flight import SingleFlightSignIn, settle

if TYPE_CHECKING:
    from wandb_tui.services.browser.worker import BrowserWorker
    from wandb_tui.services.signin.inspection import SignInPageReport

log = logging.getLogger(__name__)

T = TypeVar("T")

VISIT_TIMEOUT_S = 45.0
"""The time in which a run's page must load the run, once it has a tab."""

_CLOSE_TIMEOUT_S = 1.5


class BrowserVisitor:
    """Opens run pages in a real browser, signed in; implements `core.ports.Visitor`. Safe from any thread.

    The browser starts with the first sign-in or visit, in a thread of its own, and starts again if it dies.
    """

    def __init__(
        self,
        server: ServerInfo,
        account: KeyringAccount,
        vault: Vault,
        *,
        tabs: int = 3,
        headless: bool = True,
        environ: Mapping[str, str] = os.environ,
        executable: Path | None = None,
        allowed_origins: Iterable[str] = (),
        plain_http: bool = False,
        anonymous_ok: bool = False,
        visit_timeout: float = VISIT_TIMEOUT_S,
        rate_limit_wait: Callable[[], float] = lambda: 0.0,
        extra_headers: ExtraHeaders | None = None,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            server: The server whose pages are visited.
            account: The account to sign in with.
            vault: Stores the session.
            tabs: The maximum number of pages open at once.
            headless: Whether the browser runs without a window.
            environ: The environment, which names the browser (``WANDB_TUI_BROWSER``) and the proxy.
            executable: The browser; by default the one that is found.
            allowed_origins: Origins of other hosts' sign-in pages that may receive the password.
            plain_http: Whether unencrypted pages of other machines may receive the password.
            anonymous_ok: Visit signed out if there are no credentials, rather than fail.
            visit_timeout: Seconds in which a run's page must load.
            rate_limit_wait: Returns the seconds until the server's rate limit ends; no page is opened before.
            extra_headers: Headers that requests to the server carry; None for none.
        """
        self._account = account
        self._thread = BrowserThread()
        self._sign_in = SingleFlightSignIn(lambda: account.sign_in_requests, self._attempt)
        self._worker: BrowserWorker | None = None
        self._make_worker: Callable[[], BrowserWorker] = lambda: _new_worker(
            server,
            account,
            vault,
            environ,
            single_flight=self._sign_in,
            tabs=tabs,
            headless=headless,
            executable=executable,
            origins=Origins(server, allowed_origins, plain_http=plain_http),
            anonymous_ok=anonymous_ok,
            visit_timeout=visit_timeout,
            rate_limit_wait=rate_limit_wait,
            extra_headers=extra_headers or ExtraHeaders(),
        )
        self._visits = VisitQueue(tabs, lambda run, opened: self._submit(lambda worker: worker.visit(run, opened)))
        account.subscribe(self._sign_in.account_changed)
        # Close the browser at exit even if `close` was never called, without keeping this object alive.
        reference = weakref.ref(self)
        self._at_exit = lambda: _close(reference)
        atexit.register(self._at_exit)

    def signed_in(self) -> bool:
        """Whether the browser is signed in. Never blocks."""
        return self._sign_in.signed_in()

    @property
    def refusal(self) -> WandbTuiError | None:
        """The error of the last sign-in while it still holds; None once the user has changed something."""
        return self._sign_in.refusal

    def sign_in(self) -> Future[Identity]:
        """Sign in unless that has happened; all callers share one sign-in.

        The future fails with `SignInError` or `NoBrowserError`; at once, without a new attempt, while an earlier
        refusal holds.
        """
        return self._sign_in.join()

    def sign_in_by_hand(self) -> Future[Identity]:
        """Open a visible browser on the sign-in page, wait until the user is signed in, and save that session.

        Then `credentials_changed` resolves. Cancelling closes the window. The future fails with `SignInError` if the
        window was closed before, or with `NoBrowserError` if there is no display.
        """
        return self._submit(lambda worker: worker.sign_in_by_hand())

    def start_browser(self) -> Future[str]:
        """Start the browser unless it runs, open a tab in it, and tell its version.

        The future fails with `NoBrowserError`.
        """
        return self._submit(lambda worker: worker.start_browser())

    def inspect_sign_in_page(self) -> Future[SignInPageReport]:
        """Describe the sign-in page as shown to a signed-out user, without typing or pressing anything.

        The future fails with `SignInError` if the server cannot be reached, or with `NoBrowserError`.
        """
        return self._submit(lambda worker: worker.inspect_sign_in_page())

    def credentials_changed(self) -> Future[None]:
        """Resolves when the credentials change after a refusal; at once if no refusal holds."""
        return self._sign_in.credentials_changed()

    def visit(self, run: RunAddress, opened: Callable[[], object] = lambda: None) -> Future[Visit]:
        """Open the run's page and let its scripts run; at most `tabs` pages at once. Cancelling abandons the visit.

        Args:
            run: The run.
            opened: Called from the browser's thread when the page has a tab.

        The future fails with `VisitError` (`SignedOutError` if the session has expired) or `NoBrowserError`.
        """
        return self._visits.add(run, opened)

    def backlog(self) -> VisitBacklog:
        """The visits that wait for a tab, and how long they will take. Never blocks."""
        return self._visits.backlog

    def close(self) -> None:
        """Close the browser and its thread, within about a second. A second call does nothing."""
        atexit.unregister(self._at_exit)
        self._sign_in.close()
        self._visits.close()
        self._thread.stop(self._close_worker, _CLOSE_TIMEOUT_S)

    async def _close_worker(self) -> None:
        if self._worker is not None:
            await self._worker.close()

    def _attempt(self) -> Future[Identity]:
        return self._submit(lambda worker: worker.sign_in())

    def _submit(self, job: Callable[[BrowserWorker], Coroutine[Any, Any, T]]) -> Future[T]:
        async def work() -> T:
            # Playwright is imported here, in its own thread, when first needed.
            if self._worker is None:
                self._worker = self._make_worker()
            try:
                return await job(self._worker)
            except RuntimeError as error:
                # Even a call of the keyring needs a thread.
                raise _no_thread(error) or error from None

        try:
            return self._thread.submit(work)
        except RuntimeError as error:
            failed: Future[T] = Future()
            closed = SignInError(SignInProblem.UNREACHABLE, "The browser has been closed.")
            settle(failed, error=_no_thread(error) or closed)
            return failed


def _no_thread(error: RuntimeError) -> NoBrowserError | None:
    """The error for a thread that the system does not start; None for another one."""
    if NO_THREAD not in str(error) or (problem := start_problem(str(error))) is None:
        return None
    return NoBrowserError(f"The browser cannot work here: {problem.reason}.", problem.hint)


def _close(reference: weakref.ref[BrowserVisitor]) -> None:
    if (visitor := reference()) is not None:
        visitor.close()


def _new_worker(*args: Any, **options: Any) -> BrowserWorker:
    with _no_debugging():
        from wandb_tui.services.browser.worker import BrowserWorker

    return BrowserWorker(*args, **options)


@contextlib.contextmanager
def _no_debugging() -> Iterator[None]:
    """Disable Playwright's debugging while it is imported: it would print typed text, passwords included.

    Playwright reads ``DEBUG`` once, when imported, and its own variable ``DEBUGP`` for each message.
    """
    debug = os.environ.pop("DEBUG", None)
    os.environ.pop("DEBUGP", None)
    try:
        yield
    finally:
        if debug is not None:
            os.environ["DEBUG"] = debug
