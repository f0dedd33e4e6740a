"""Opens pages: any page with its HTTP status, and the sign-in page of a server."""

from __future__ import annotations

import re
import sys
from typing import Literal

from playwright.async_api import Error, Page, Response

from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.signin.errors import sign_in_error
from wandb_tui.services.signin.page_driver import PageGoneError

LOAD_TIMEOUT_MS = 30_000.0
# People see forms in closed shadow roots; opening the roots lets us read them, too. And a page that asks for a passkey
# need not say so in words: the browser's own dialog does, which cannot be read. Some scripts remove their own element.
_INIT_SCRIPT = """(() => {
  window[Symbol.for("had a script")] = false;
  new MutationObserver((records, observer) => {
    if (!records.some(record => [...record.addedNodes].some(node => /^script$/i.test(node.nodeName)))) return;
    window[Symbol.for("had a script")] = true;
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) { return attach.call(this, { ...options, mode: "open" }); };
  const container = window.CredentialsContainer && CredentialsContainer.prototype;
  if (!container || !container.get) return;
  const get = container.get;
  container.get = function (options) {
    if (options && options.publicKey && options.mediation !== "conditional")
      window[Symbol.for("asks for a passkey")] = true;
    return get.call(this, options);
  };
})()"""
_EMPTY_ERROR_PAGE = "ERR_HTTP_RESPONSE_CODE_FAILURE"
_PROXY_REASONS = ("ERR_PROXY_CONNECTION_FAILED", "ERR_TUNNEL_CONNECTION_FAILED")
_ADDRESS_HINT = "WANDB_APP_URL can name another address of the pages."
_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429
_NOT_FOUND = 404


async def open_sign_in(page: Page, server: ServerInfo) -> int:
    """Open the sign-in page; on a server without one, its first page.

    Returns:
        The HTTP status of the page; 0 if unknown.

    Raises:
        SignInError: The server cannot be reached.
        PageGoneError: The tab was closed.
    """
    try:
        await page.add_init_script(_INIT_SCRIPT)
    except Error:
        raise PageGoneError from None
    status = await _go(page, f"{server.app_url}/login", server)
    if status == _NOT_FOUND:
        status = await _go(page, server.app_url, server)
    if status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS:
        hint = "It limits requests." if status == _TOO_MANY_REQUESTS else "Try again later."
        raise SignInError(SignInProblem.UNREACHABLE, f"The sign-in page of {server.host} answered HTTP {status}.", hint)
    return status


async def _go(page: Page, url: str, server: ServerInfo) -> int:
    try:
        return await open_page(page, url, wait_until="domcontentloaded", timeout_ms=LOAD_TIMEOUT_MS)
    except Error as error:
        if page.is_closed():
            raise PageGoneError from None
        if _was_redirected(error, page):
            return 0
        raise _unreachable(error, server) from None


def _was_redirected(error: Error, page: Page) -> bool:
    """Whether a script of the page opened another one before the first had loaded."""
    return "interrupted by another navigation" in error.message or (
        "ERR_ABORTED" in error.message and page.url.startswith("http")
    )


def _unreachable(error: Error, server: ServerInfo) -> SignInError:
    return sign_in_error(SignInProblem.UNREACHABLE, server.host, text=load_problem(error, server))


def load_problem(error: Error, server: ServerInfo) -> tuple[str, str]:
    """The reason why a page of the server could not be opened, and advice: one sentence each.

    Args:
        error: Playwright's error.
        server: The server.
    """
    text = redact(error.message)
    found = re.search(r"net::(ERR_\w+)", text)
    reason = found[1] if found else "no answer in time" if "imeout" in text else "the page could not be opened"
    says, hint = "cannot be reached", "Check the network, the address and the proxy."
    if reason.startswith("ERR_CERT"):
        hint = _certificate_hint(reason)
    elif reason.startswith("ERR_SSL") and server.app_url.startswith("http:"):
        says, hint = "redirects its pages to HTTPS, which does not work there", _ADDRESS_HINT
    elif reason.startswith("ERR_SSL"):
        says, hint = "does not speak HTTPS that the browser understands", _ADDRESS_HINT
    elif reason == "ERR_TOO_MANY_REDIRECTS":
        says, hint = "redirects its pages in a circle", "A gateway or proxy may be in the way; try it in a browser."
    elif reason in _PROXY_REASONS:
        says, hint = "cannot be reached through the proxy", "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
    return f"{server.host} {says} ({reason}).", hint


def _certificate_hint(reason: str) -> str:
    if "AUTHORITY" not in reason:
        return "The browser does not accept the server's certificate (is the clock here right?)."
    if sys.platform.startswith("linux"):
        remedy = "REQUESTS_CA_BUNDLE or SSL_CERT_FILE can name your organisation's"
    else:
        remedy = "add your organisation's to the system's certificates"
    return f"The browser does not trust the server's certificate: {remedy}."


async def open_page(
    page: Page, url: str, *, wait_until: Literal["commit", "domcontentloaded", "load"], timeout_ms: float
) -> int:
    """Open a page and return its HTTP status; 0 if unknown.

    For an error page with an empty body, Playwright raises the same error as if no server answered.

    Args:
        page: The tab.
        url: The page's address.
        wait_until: The event to wait for.
        timeout_ms: Milliseconds until giving up; 0 for none.

    Raises:
        Error: No server answers, the tab was closed, or the time-out passed.
    """
    status = 0

    def remember(response: Response) -> None:
        nonlocal status
        if response.request.is_navigation_request() and response.request.frame == page.main_frame:
            status = response.status

    page.on("response", remember)
    try:
        response = await page.goto(url, wait_until=wait_until, timeout=timeout_ms)
    except Error as error:
        if _EMPTY_ERROR_PAGE in error.message and status:
            return status
        raise
    finally:
        page.remove_listener("response", remember)
    return response.status if response else 0
