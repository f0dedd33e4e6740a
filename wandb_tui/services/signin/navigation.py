"""Opening the sign-in page of a server."""

from __future__ import annotations

from playwright.async_api import Error, Page

from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.signin.errors import refusal
from wandb_tui.services.signin.open_page import open_page
from wandb_tui.services.signin.page_driver import GoneError

LOAD_TIMEOUT = 30_000.0
# A form in a closed shadow root is seen by people; this lets it be read, too.
_OPEN_SHADOWS = """(() => {
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) { return attach.call(this, { ...options, mode: "open" }); };
})()"""
_SERVER_FAULT = 500
_TOO_MANY = 429
_NOT_FOUND = 404


async def open_sign_in(page: Page, server: ServerInfo) -> int:
    """Go to the sign-in page; a server without one is entered by its front door.

    Returns:
        The HTTP status of the page, 0 where it is not known.

    Raises:
        SignInError: The server cannot be reached.
        GoneError: The tab was closed.
    """
    try:
        await page.add_init_script(_OPEN_SHADOWS)
    except Error:
        raise GoneError from None
    status = await _go(page, f"{server.app_url}/login", server)
    if status == _NOT_FOUND:
        status = await _go(page, server.app_url, server)
    if status >= _SERVER_FAULT or status == _TOO_MANY:
        hint = "It limits requests." if status == _TOO_MANY else "The server is in trouble."
        raise SignInError(SignInProblem.UNREACHABLE, f"The sign-in page of {server.host} answered HTTP {status}.", hint)
    return status


async def _go(page: Page, url: str, server: ServerInfo) -> int:
    try:
        return await open_page(page, url, wait_until="domcontentloaded", timeout_ms=LOAD_TIMEOUT)
    except Error as error:
        if page.is_closed():
            raise GoneError from None
        if _led_on(error, page):
            return 0
        raise _unreachable(error, server) from None


def _led_on(error: Error, page: Page) -> bool:
    """Whether a script of the page went on to another one before it had loaded."""
    return "interrupted by another navigation" in error.message or (
        "ERR_ABORTED" in error.message and page.url.startswith("http")
    )


def _unreachable(error: Error, server: ServerInfo) -> SignInError:
    text = redact(error.message)
    reason = next((word for word in text.replace("\n", " ").split() if word.startswith("net::ERR_")), "")
    if not reason:
        reason = "no answer in time" if "imeout" in text else "the page could not be opened"
    failed = refusal(SignInProblem.UNREACHABLE, server.host, detail=reason.removeprefix("net::"))
    if "ERR_CERT" in reason:
        failed.hint = "The browser does not trust the server's certificate; see “certificates” in the README."
    return failed
