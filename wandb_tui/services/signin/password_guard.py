"""Watches a password after it was typed: it leaves the browser only for known hosts, and for each address once.

What is read on a page is where it means to send its form; what a script does with it is seen only here.
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

_REFUSED = 400
_NO_CONNECTION = (
    "ERR_CONNECTION_REFUSED",
    "ERR_NAME_NOT_RESOLVED",
    "ERR_ADDRESS_UNREACHABLE",
    "ERR_INTERNET_DISCONNECTED",
    "ERR_PROXY_CONNECTION_FAILED",
)
"""Errors of Chromium that come before any byte is sent."""
_BROKEN = 500


class PasswordGuard:
    """Stands between the browser and the network while a password is typed and sent.

    Attributes:
        strayed: Why the page was kept from sending the password, if it was.
        status: The HTTP status of the last answer to a request that carried the password; 0 for none yet.
        answered_at: When it came, on the monotonic clock.
    """

    def __init__(self, context: BrowserContext, origins: Origins) -> None:
        """Prepare; nothing is watched yet.

        Args:
            context: Whose requests to watch: those of all its tabs, since a page may send its form into a new one.
            origins: Where the password may go.
        """
        self._context = context
        self._origins = origins
        self._forms: frozenset[str] = frozenset()
        self._sent: dict[tuple[str, str], Request] = {}
        self._lost: set[Request] = set()
        self._unconnected: set[Request] = set()
        self.strayed: OriginProblem | None = None
        self.status = 0
        self.answered_at = 0.0

    @property
    def sent(self) -> bool:
        """Whether a request with the password went out to a host it may go to."""
        return bool(self._sent)

    @property
    def pending(self) -> bool:
        """Whether the password went out, and no answer has come."""
        return bool(set(self._sent.values()) - self._lost) and not self.status

    @property
    def never_arrived(self) -> bool:
        """Whether no server can have received the password."""
        return bool(self._lost) and not self.status and not self.pending and self._unconnected == self._lost

    @property
    def lost(self) -> bool:
        """Whether the connection broke before an answer came, after the password may have arrived."""
        return bool(self._lost) and not self.status and not self.pending and not self.never_arrived

    @property
    def refused(self) -> bool:
        """Whether the answer to the password was an HTTP error."""
        return self.status >= _REFUSED

    @property
    def broken(self) -> bool:
        """Whether the server failed over the password."""
        return self.status >= _BROKEN

    async def watch(self, password: str) -> None:
        """Watch from now on, before this password is typed."""
        if self._forms:
            return
        self._forms = frozenset(written_forms(password))
        self._context.on("response", self._on_response)
        self._context.on("requestfailed", self._on_failure)
        await self._context.route("**/*", self._on_request)

    async def leave(self) -> None:
        """Watch no more."""
        if not self._forms:
            return
        self._context.remove_listener("response", self._on_response)
        self._context.remove_listener("requestfailed", self._on_failure)
        # A browser that has ended has nothing left to watch.
        with contextlib.suppress(Error):
            await self._context.unroute("**/*", self._on_request)

    async def _on_request(self, route: Route) -> None:
        with contextlib.suppress(Error):  # the tab was closed meanwhile
            if self._may_pass(route.request):
                await route.fallback()
            else:
                await route.abort("blockedbyclient")

    def _may_pass(self, request: Request) -> bool:
        if not self._carries(request):
            return True
        if why := self._origins.problem(request.url):
            log.warning("A page was kept from sending the password: %s", why)
            self.strayed = why
            return False
        parts = urlsplit(request.url)
        address = (request.method, f"{parts.netloc}{parts.path}")
        if address in self._sent:
            log.warning("A page was kept from sending the password to %s again", parts.netloc)
            return False
        self._sent[address] = request
        return True

    def _carries(self, request: Request) -> bool:
        """Whether the password is in a request, in any of the ways in which such things are written."""
        body = request.post_data_buffer or b""
        text = f"{request.url}\n{body.decode('utf-8', 'replace')}"
        return any(form in text for form in self._forms)

    def _on_response(self, response: Response) -> None:
        if _first(response.request) in self._sent.values():
            self.status, self.answered_at = response.status, time.monotonic()

    def _on_failure(self, request: Request) -> None:
        first = _first(request)
        if first in self._sent.values():
            self._lost.add(first)
            if any(reason in (request.failure or "") for reason in _NO_CONNECTION):
                self._unconnected.add(first)


def _first(request: Request) -> Request:
    """The request that redirects have led on from."""
    while (before := request.redirected_from) is not None:
        request = before
    return request
