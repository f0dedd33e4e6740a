"""The browser: one Chromium, signed in once for all, that opens run pages a few at a time."""

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
from wandb_tui.core.errors import SignInError, SignInProblem, WandbTuiError
from wandb_tui.core.ports import Identity, Visit
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.thread import BrowserThread
from wandb_tui.services.credentials.account import KeyringAccount
from wandb_tui.services.credentials.vault import Vault
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.single_flight import SingleFlightSignIn, settle

if TYPE_CHECKING:
    from wandb_tui.services.browser.worker import BrowserWorker
    from wandb_tui.services.signin.inspection import SignInPageReport

log = logging.getLogger(__name__)

T = TypeVar("T")

VISIT_TIMEOUT = 45.0
"""Seconds a run's page may take to load the run, once it has a tab."""

_CLOSE_WITHIN = 1.5


class BrowserVisitor:
    """Opens run pages in a real browser, signed in; fulfils `core.ports.Visitor`. Safe from any thread.

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
        visit_timeout: float = VISIT_TIMEOUT,
        limiting: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            server: Whose pages are visited.
            account: What to sign in with.
            vault: Where the session is kept.
            tabs: How many pages are open at once at the most.
            headless: Whether the browser works without a window.
            environ: Names the browser (``WANDB_TUI_BROWSER``) and the proxy.
            executable: The browser, in place of the one that would be found.
            allowed_origins: Sign-in pages of other hosts into which the user lets a password be typed.
            plain_http: Whether a password may be typed without encryption beyond this machine, too.
            anonymous_ok: Visit signed out where there is nothing to sign in with, rather than fail.
            visit_timeout: Seconds a run's page may take.
            limiting: Tells for how many seconds more the server limits our rate, so that no page is opened.
        """
        self._account = account
        self._thread = BrowserThread()
        self._sign_in = SingleFlightSignIn(lambda: account.wish, self._attempt)
        self._jobs: BrowserWorker | None = None
        self._make_jobs: Callable[[], BrowserWorker] = lambda: _jobs(
            server,
            account,
            vault,
            environ,
            shared=self._sign_in,
            tabs=tabs,
            headless=headless,
            executable=executable,
            origins=Origins(server, allowed_origins, plain_http=plain_http),
            anonymous_ok=anonymous_ok,
            visit_timeout=visit_timeout,
            limiting=limiting,
        )
        account.subscribe(self._sign_in.account_changed)
        # Whoever forgets to close us still leaves no browser behind; and we do not live on because of that.
        itself = weakref.ref(self)
        self._at_exit = lambda: _close(itself)
        atexit.register(self._at_exit)

    def signed_in(self) -> bool:
        """Whether a visit may begin without signing in first. Never blocks."""
        return self._sign_in.signed_in()

    @property
    def refusal(self) -> WandbTuiError | None:
        """Why the last sign-in was refused, for as long as nothing has been mended since."""
        return self._sign_in.refusal

    def sign_in(self) -> Future[Identity]:
        """Make sure that the browser is signed in; all callers share one sign-in.

        The future fails with `SignInError`, at once and without a new try where it was refused before and nothing has
        been mended since, or with `NoBrowserError`.
        """
        return self._sign_in.join()

    def sign_in_by_hand(self) -> Future[Identity]:
        """Open a visible browser on the sign-in page and wait until the user is signed in; then keep that session.

        Whoever waits for a mended sign-in goes on. Cancelling closes the window. The future fails with `SignInError`
        where the window was closed before, or with `NoBrowserError` where there is no display.
        """
        return self._submit(lambda jobs: jobs.sign_in_by_hand())

    def inspect_sign_in_page(self) -> Future[SignInPageReport]:
        """See what the sign-in page shows to somebody who is not signed in, without touching anything.

        The future fails with `SignInError` where the server cannot be reached, or with `NoBrowserError`.
        """
        return self._submit(lambda jobs: jobs.inspect_sign_in_page())

    def credentials_changed(self) -> Future[None]:
        """Resolves when the credentials change after a refusal; at once if no refusal holds."""
        return self._sign_in.credentials_changed()

    def visit(self, run: RunAddress, opened: Callable[[], object] = lambda: None) -> Future[Visit]:
        """Open the run's page and let its scripts run; at most `tabs` pages at once. Cancelling gives up the visit.

        Args:
            run: Whose page.
            opened: Called from the browser's thread when the page has a tab.

        The future fails with `VisitError` (`SignedOutError` where nobody is signed in any more) or `NoBrowserError`.
        """
        return self._submit(lambda jobs: jobs.visit(run, opened))

    def close(self) -> None:
        """End the browser and all that belongs to it, within about a second. A second call does nothing."""
        atexit.unregister(self._at_exit)
        self._sign_in.close()
        self._thread.stop(self._farewell, _CLOSE_WITHIN)

    async def _farewell(self) -> None:
        if self._jobs is not None:
            await self._jobs.close()

    def _attempt(self) -> Future[Identity]:
        return self._submit(lambda jobs: jobs.sign_in())

    def _submit(self, job: Callable[[BrowserWorker], Coroutine[Any, Any, T]]) -> Future[T]:
        async def work() -> T:
            # Playwright is imported here, in its own thread, when it is first needed.
            if self._jobs is None:
                self._jobs = self._make_jobs()
            return await job(self._jobs)

        try:
            return self._thread.submit(work)
        except RuntimeError:
            closed: Future[T] = Future()
            settle(closed, error=SignInError(SignInProblem.UNREACHABLE, "The browser has been closed."))
            return closed


def _close(itself: weakref.ref[BrowserVisitor]) -> None:
    if (visitor := itself()) is not None:
        visitor.close()


def _jobs(*args: Any, **options: Any) -> BrowserWorker:
    with _no_debugging():
        from wandb_tui.services.browser.worker import BrowserWorker

    return BrowserWorker(*args, **options)


@contextlib.contextmanager
def _no_debugging() -> Iterator[None]:
    """Import Playwright without its debugging: it would print all that is typed, passwords too, to the terminal.

    It reads ``DEBUG`` once, when imported, and ``DEBUGP``, which is Playwright's alone, with each message.
    """
    kept = os.environ.pop("DEBUG", None)
    os.environ.pop("DEBUGP", None)
    try:
        yield
    finally:
        if kept is not None:
            os.environ["DEBUG"] = kept
