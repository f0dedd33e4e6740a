"""The jobs of the browser's thread: sign in, visit. Nothing here is called from another thread."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from playwright.async_api import Error

from wandb_tui.core.account import Credentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import (
    KeyringError,
    NoBrowserError,
    SignedOutError,
    SignInError,
    SignInProblem,
    VisitError,
    WandbTuiError,
)
from wandb_tui.core.ports import Identity, Visit
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.host import BrowserGoneError, BrowserHost, run_blocking
from wandb_tui.services.browser.start_problem import StartProblem, end_problem, start_problem
from wandb_tui.services.browser.visit import PageVisit
from wandb_tui.services.browser.window import SignInWindow
from wandb_tui.services.credentials.account import KeyringAccount
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.credentials.vault import Vault
from wandb_tui.services.disk.file_lock import locked
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.signin.confirmation import is_signed_in
from wandb_tui.services.signin.errors import sign_in_error
from wandb_tui.services.signin.flow import SignInFlow
from wandb_tui.services.signin.inspection import SignInPageReport, inspect_sign_in_page
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.page_driver import PageGoneError
from wandb_tui.services.signin.single_flight import SingleFlightSignIn
from wandb_tui.services.signin.whoami import Whoami

log = logging.getLogger(__name__)

_SIGN_IN_LOCK_TIMEOUT_S = 60.0
"""The wait for another process that signs in as the same user."""
_RATE_LIMIT_POLL_S = 1.0
_PROVEN_SESSION_S = 300.0


class BrowserWorker:
    """The jobs of one `BrowserVisitor`."""

    def __init__(
        self,
        server: ServerInfo,
        account: KeyringAccount,
        vault: Vault,
        environ: Mapping[str, str],
        *,
        single_flight: SingleFlightSignIn,
        tabs: int,
        headless: bool,
        executable: Path | None,
        origins: Origins,
        anonymous_ok: bool,
        visit_timeout: float,
        rate_limit_wait: Callable[[], float],
        extra_headers: ExtraHeaders,
    ) -> None:
        """See `BrowserVisitor`."""
        self._server = server
        self._account = account
        self._vault = vault
        self._single_flight = single_flight
        self._anonymous_ok = anonymous_ok
        self._visit_timeout = visit_timeout
        self._rate_limit_wait = rate_limit_wait
        self._origins = origins
        self._viewer = Whoami(server)
        host = partial(BrowserHost, server, vault, environ, executable=executable, extra_headers=extra_headers)
        self._window = SignInWindow(
            server, account, environ, viewer=self._viewer, origins=origins, host=host(headless=False)
        )
        self._host = host(headless=headless)
        self._tabs = asyncio.Semaphore(max(1, tabs))
        self._identity = Identity()
        self._signed_in_at = 0.0
        self._unconfirmed_submission: tuple[str, int] | None = None

    async def sign_in(self) -> Identity:
        """Sign in from the saved session, else with the credentials, once."""
        credentials = await run_blocking(self._account.credentials)
        state = await run_blocking(self._account.state)
        if self._account.anonymous:
            await self._host.switch_user(None, no_dialog=True, on_disk=False)
            self._identity = Identity()
            return self._identity
        await self._host.switch_user(
            state.username, no_dialog=self._account.avoid_keyring_dialogs, on_disk=self._account.session_on_disk
        )
        if credentials is None and not state.saved_session:
            return self._without_credentials()
        self._origins.allow(await run_blocking(self._account.allowed_origins))
        async with locked(self._vault.session_lock(state.username), _SIGN_IN_LOCK_TIMEOUT_S, self._vault.notify):
            return await self._sign_in_locked(credentials, state.username)

    async def _sign_in_locked(self, credentials: Credentials | None, username: str) -> Identity:
        """Sign in while holding this user's lock, from the session that another process may just have saved."""
        if await run_blocking(lambda: self._vault.refresh_session(username)):
            await self._host.reset_context()
        # One request never sends the password twice: if it may have arrived, only look for a session.
        in_doubt = self._unconfirmed_submission == (username, self._account.sign_in_requests)
        try:
            self._identity = await self._sign_in_with_restarts(None if in_doubt else credentials)
            await self._confirm(self._identity)
            self._signed_in_at = time.monotonic()
        except SignInError as error:
            if error.problem is SignInProblem.NO_CREDENTIALS and in_doubt:
                detail = "the connection broke while the password was being sent; it is not sent again"
                raise sign_in_error(SignInProblem.NOT_UNDERSTOOD, self._server.host, detail=detail) from None
            if error.problem is SignInProblem.NO_CREDENTIALS:
                return self._without_credentials()
            if error.origin:
                self._account.report_unknown_origin(error.origin)
            raise
        if self._identity.anonymous:
            # The page looked signed in, but the server does not report the user.
            self._identity = replace(self._identity, username=username)
        await self._host.save(now=True)
        return replace(self._identity, note=self._vault.take_session_problem())

    async def _confirm(self, identity: Identity) -> None:
        """Check that the session of a password sign-in also holds in another tab, as visits need.

        Raises:
            SignInError: It does not, as on a site that stores its session in sessionStorage.
        """
        if not identity.by_password:
            return
        try:
            async with self._host.tab() as page:
                if await is_signed_in(page, self._server, self._viewer, self._origins):
                    return
        except (BrowserGoneError, PageGoneError, Error) as error:
            log.info("The new session could not be checked in another tab: %s", type(error).__name__)
            return
        raise SignInError(
            SignInProblem.NOT_UNDERSTOOD,
            f"{self._server.host} accepted the sign-in, but only in the tab that signed in.",
            "wandb-tui cannot visit its pages: visit them in your browser, and wait with --no-visit.",
        )

    async def sign_in_by_hand(self) -> Identity:
        """Let the user sign in in a window, and use that session from then on."""
        name, identity = await self._window.run()
        # The headless browser's context holds an older session.
        await self._host.reset_context()
        try:
            await run_blocking(lambda: self._account.adopt(name))
        except KeyringError as error:
            log.warning("Signed in for this session only: %s", error)
        return identity

    async def start_browser(self) -> str:
        """Start the browser unless it runs, open a tab in it, and tell its version."""
        try:
            async with self._host.tab(signed_out=True) as page:
                browser = page.context.browser
                return browser.version if browser is not None else ""
        except (BrowserGoneError, Error) as error:
            log.warning("The browser ended at its start: %s", redact(str(error)))
            problem = start_problem(str(error)) or StartProblem("it ended at its start", "See the log.")
            raise NoBrowserError(f"The browser does not work here: {problem.reason}.", problem.hint) from None

    async def inspect_sign_in_page(self) -> SignInPageReport:
        """Describe the sign-in page as shown to a signed-out user, without typing or pressing anything."""
        try:
            async with self._host.tab(signed_out=True) as page:
                return await inspect_sign_in_page(page, self._server, self._origins)
        except (BrowserGoneError, PageGoneError):
            raise sign_in_error(SignInProblem.UNREACHABLE, self._server.host, detail="the browser ended") from None
        except Error as error:
            log.warning("The sign-in page could not be inspected: %s", redact(error.message))
            raise sign_in_error(SignInProblem.NOT_UNDERSTOOD, self._server.host, detail="see the log") from None

    def _without_credentials(self) -> Identity:
        if not self._anonymous_ok:
            detail = self._vault.take_session_problem()
            raise sign_in_error(SignInProblem.NO_CREDENTIALS, self._server.host, detail=detail)
        log.warning("No credentials: pages are visited signed out, which works for public runs only")
        self._identity = Identity()
        return self._identity

    async def _sign_in_with_restarts(self, credentials: Credentials | None) -> Identity:
        """Sign in; restart a browser that dies before the password was submitted."""
        for last in (False, False, True):
            flow: SignInFlow | None = None
            try:
                async with self._host.tab() as page:
                    flow = SignInFlow(
                        page,
                        self._server,
                        credentials,
                        origins=self._origins,
                        viewer=self._viewer,
                        folder=self._vault.folder,
                    )
                    return await flow.run()
            except SignInError as error:
                if error.problem is SignInProblem.UNREACHABLE and flow is not None and flow.password_sent:
                    self._unconfirmed_submission = (
                        credentials.username if credentials else "",
                        self._account.sign_in_requests,
                    )
                raise _with_cause(error) from None
            except (BrowserGoneError, PageGoneError):
                if flow is not None and flow.password_sent:
                    raise self._not_understood("the browser ended while signing in") from None
                if last:
                    raise self._ends_again_and_again() from None
            except Error as error:
                log.warning("Signing in failed: %s", redact(error.message))
                raise self._not_understood("see the log") from None
        raise AssertionError  # the loop returns or raises

    def _not_understood(self, detail: str) -> SignInError:
        return _with_cause(sign_in_error(SignInProblem.NOT_UNDERSTOOD, self._server.host, detail=detail))

    def _ends_again_and_again(self) -> WandbTuiError:
        """The error where no browser lasts until the password: a limit stays, anything else may pass."""
        if problem := end_problem():
            return NoBrowserError(f"The browser cannot work here: {problem.reason}.", problem.hint)
        return sign_in_error(
            SignInProblem.UNREACHABLE,
            self._server.host,
            text=("The browser ended again and again while signing in to {host}.", "See the log."),
        )

    async def visit(self, run: RunAddress, opened: Callable[[], object]) -> Visit:
        """Open a run's page once a tab is free; restart a browser that has died."""
        async with self._tabs:
            while (seconds := self._rate_limit_wait()) > 0:  # noqa: ASYNC110 - a limit's end fires no event
                await asyncio.sleep(min(seconds, _RATE_LIMIT_POLL_S))
            session = self._single_flight.session
            if not self._single_flight.signed_in():
                raise SignedOutError("The browser is not signed in.")
            opened()
            try:
                visit = await self._visit_with_restarts(run)
            except SignedOutError:
                self._single_flight.mark_expired(session)
                raise
            # A page that anyone may see proves no session; one that lasts for a while has proved itself.
            if not self._identity.by_appearance or time.monotonic() - self._signed_in_at > _PROVEN_SESSION_S:
                self._single_flight.mark_confirmed()
            if not self._identity.anonymous:
                await self._host.save()
            return visit

    async def _visit_with_restarts(self, run: RunAddress) -> Visit:
        for last in (False, False, True):
            try:
                async with self._host.tab() as page:
                    visit = PageVisit(page, self._server, self._viewer, run, self._identity)
                    return await visit.run(self._visit_timeout)
            except (BrowserGoneError, PageGoneError):
                if last:
                    problem = end_problem()
                    reason = f": {problem.reason}" if problem else ""
                    raise VisitError(f"The browser ended during the visit{reason}.") from None
                log.warning("The browser ended during a visit; starting a new one")
            except Error as error:
                log.warning("The visit of %s failed: %s", run, redact(error.message))
                raise VisitError(f"The page of {run} could not be visited (see the log).") from None
        raise AssertionError  # the loop returns or raises

    async def close(self) -> None:
        """End the browser."""
        await self._window.close()
        await self._host.close()


def _with_cause(error: SignInError) -> SignInError:
    """The error; where it tells little and a limit of the container has struck, one that says so."""
    vague = error.problem in {SignInProblem.NOT_UNDERSTOOD, SignInProblem.UNREACHABLE}
    if not vague or (problem := end_problem()) is None:
        return error
    return SignInError(error.problem, f"The browser failed while signing in: {problem.reason}.", problem.hint)
