"""Checks the browser's requests after a password was typed, and blocks those that would take it to an unknown host.

A page's description shows where its form is sent; a script may send the password elsewhere, which shows only in its
requests. Requests are checked as far as Playwright shows them. That is a second line of defence, not a guarantee: the
first is that passwords are typed only into pages of known hosts.
"""

from __future__ import annotations

import contextlib
import logging
import time
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Error, Request, Response, Route

from wandb_tui.services.credentials.redaction import written_forms
from wandb_tui.services.signin.origins import OriginProblem, Origins

log = logging.getLogger(__name__)

_CLIENT_ERROR = 400
_NO_CONNECTION_ERRORS = (
    "ERR_CONNECTION_REFUSED",
    "ERR_NAME_NOT_RESOLVED",
    "ERR_ADDRESS_UNREACHABLE",
    "ERR_INTERNET_DISCONNECTED",
    "ERR_PROXY_CONNECTION_FAILED",
)
"""Chromium's errors that occur before any byte is sent."""
_SERVER_ERROR = 500


class PasswordGuard:
    """Checks the requests of a browser context while a password is typed and sent.

    Of the requests it sees, those with the password pass to allowed hosts only, to each address once, and none before
    the form is submitted: pages send what is being typed to check it, which a server may count as a sign-in.

    Attributes:
        blocked_origin: The problem with the host to which the page tried to send the password; None if it did not.
        status: The HTTP status of the last response to a request with the password; 0 before that.
        answered_at: The time of that response on the monotonic clock, in seconds.
    """

    def __init__(self, context: BrowserContext, origins: Origins) -> None:
        """Prepare; nothing is checked yet.

        Args:
            context: The context whose requests are checked, in all tabs: a page may send its form into a new one.
            origins: The origins that may receive the password.
        """
        self._context = context
        self._origins = origins
        self._written_forms: frozenset[str] = frozenset()
        self._sent: dict[tuple[str, str], Request] = {}
        self._failed: set[Request] = set()
        self._unconnected: set[Request] = set()
        self._released = False
        self.blocked_origin: OriginProblem | None = None
        self.status = 0
        self.answered_at = 0.0

    @property
    def sent(self) -> bool:
        """Whether a request with the password was sent to an allowed host."""
        return bool(self._sent)

    @property
    def pending(self) -> bool:
        """Whether the password was sent and no response has arrived."""
        return bool(set(self._sent.values()) - self._failed) and not self.status

    @property
    def never_arrived(self) -> bool:
        """Whether no server can have received the password."""
        return bool(self._failed) and not self.status and not self.pending and self._unconnected == self._failed

    @property
    def interrupted(self) -> bool:
        """Whether the connection broke before a response, when the password may have arrived."""
        return bool(self._failed) and not self.status and not self.pending and not self.never_arrived

    @property
    def refused(self) -> bool:
        """Whether the response to the password was an HTTP error."""
        return self.status >= _CLIENT_ERROR

    @property
    def server_failed(self) -> bool:
        """Whether the response to the password was a server error."""
        return self.status >= _SERVER_ERROR

    async def watch(self, password: str) -> None:
        """Check requests from now on; call it before the password is typed."""
        self._released = False
        if self._written_forms:
            return
        self._written_forms = frozenset(written_forms(password))
        self._context.on("response", self._on_response)
        self._context.on("requestfailed", self._on_failure)
        await self._context.route("**/*", self._on_request)

    def release(self) -> None:
        """Let the password be sent from now on; call it right before the form is submitted."""
        self._released = True

    async def stop(self) -> None:
        """Stop checking requests."""
        if not self._written_forms:
            return
        self._context.remove_listener("response", self._on_response)
        self._context.remove_listener("requestfailed", self._on_failure)
        # The browser may have ended.
        with contextlib.suppress(Error):
            await self._context.unroute("**/*", self._on_request)

    async def _on_request(self, route: Route) -> None:
        with contextlib.suppress(Error):  # the tab may have closed
            if self._is_allowed(route.request):
                await route.fallback()
            else:
                await route.abort("blockedbyclient")

    def _is_allowed(self, request: Request) -> bool:
        if not self._has_password(request):
            return True
        if problem := self._origins.problem(request.url):
            log.warning("A request with the password was blocked: %s", problem)
            self.blocked_origin = problem
            return False
        if not self._released:
            log.info("The page would have sent the password while it was typed; that was blocked")
            return False
        parts = urlsplit(request.url)
        address = (request.method, f"{parts.netloc}{parts.path}")
        if address in self._sent:
            log.warning("A second request with the password to %s was blocked", parts.netloc)
            return False
        self._sent[address] = request
        return True

    def _has_password(self, request: Request) -> bool:
        """Whether a request contains the password in any of its usual encodings."""
        body = request.post_data_buffer or b""
        text = f"{request.url}\n{body.decode('utf-8', 'replace')}"
        return any(form in text for form in self._written_forms)

    def _on_response(self, response: Response) -> None:
        if _original(response.request) in self._sent.values():
            self.status, self.answered_at = response.status, time.monotonic()

    def _on_failure(self, request: Request) -> None:
        first = _original(request)
        if first in self._sent.values():
            self._failed.add(first)
            if any(reason in (request.failure or "") for reason in _NO_CONNECTION_ERRORS):
                self._unconnected.add(first)


def _original(request: Request) -> Request:
    """The first request of a chain of redirects."""
    while (earlier := request.redirected_from) is not None:
        request = earlier
    return request
