"""Opening a page in a tab, and its HTTP status."""

from __future__ import annotations

from typing import Literal

from playwright.async_api import Error, Page, Response

_EMPTY_ERROR_PAGE = "ERR_HTTP_RESPONSE_CODE_FAILURE"


async def open_page(
    page: Page, url: str, *, wait_until: Literal["commit", "domcontentloaded", "load"], timeout_ms: float
) -> int:
    """Open a page and give its HTTP status, 0 where it is not known.

    Playwright raises an error for an error page whose body is empty, as it does where no server answers at all.

    Args:
        page: The tab.
        url: The page's address.
        wait_until: The event to wait for.
        timeout_ms: Milliseconds until giving up; 0 for none.

    Raises:
        Error: No server answers, the tab was closed, or it took too long.
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
