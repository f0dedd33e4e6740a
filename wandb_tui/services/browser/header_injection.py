"""Adds the user's extra headers to the browser's requests to the server, and to no others.

Playwright's own ways are of no use: a context's extra headers go to every origin, and those of a route follow redirects
to other hosts. So Chromium's own interception is used, for the whole browser: it sees the requests of all tabs, frames
and workers, and each step of a redirect by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from playwright.async_api import Browser, CDPSession, Error

from wandb_tui.services.extra_headers import ExtraHeaders

log = logging.getLogger(__name__)


async def add_headers(browser: Browser, extra: ExtraHeaders) -> None:
    """Let requests to the origins of these headers carry them, until the browser ends.

    Args:
        browser: A browser that has just been started: what its open tabs have requested so far is not reached.
        extra: The headers.
    """
    if not extra:
        return
    session = await browser.new_browser_cdp_session()
    tasks: set[asyncio.Task[None]] = set()

    def on_request(event: dict[str, Any]) -> None:
        # The event loop holds only weak references to tasks.
        task = asyncio.get_running_loop().create_task(_continue(session, event, extra))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    session.on("Fetch.requestPaused", on_request)
    patterns = [{"urlPattern": f"{origin}/*"} for origin in sorted(extra.origins)]
    await session.send("Fetch.enable", {"patterns": patterns})


async def _continue(session: CDPSession, event: dict[str, Any], extra: ExtraHeaders) -> None:
    request = event["request"]
    added = extra.for_url(request["url"])
    names = {name.lower() for name in added}
    own = {name: value for name, value in request["headers"].items() if name.lower() not in names}
    headers = [{"name": name, "value": value} for name, value in {**own, **added}.items()]
    # The browser or the tab may have ended.
    with contextlib.suppress(Error):
        try:
            await session.send("Fetch.continueRequest", {"requestId": event["requestId"], "headers": headers})
        except Error:
            # Chromium refuses some names, and the request would hang.
            await session.send("Fetch.continueRequest", {"requestId": event["requestId"]})
            log.warning("The browser does not send the extra headers %s", ", ".join(added))
