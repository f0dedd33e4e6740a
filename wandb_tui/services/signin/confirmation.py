"""Checks in a new tab whether the browser is signed in."""

from __future__ import annotations

import asyncio
import time

from playwright.async_api import Page

from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin.navigation import LOAD_TIMEOUT_MS
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.page_driver import read_page
from wandb_tui.services.signin.policy import has_pending_step, has_way_out, own_form, shows_sign_in
from wandb_tui.services.signin.whoami import Whoami

_POLL_INTERVAL_S = 0.3
_SETTLE_TIMEOUT_S = 5.0


async def is_signed_in(
    page: Page, server: ServerInfo, viewer: Whoami, origins: Origins, *, by_appearance: bool = False
) -> bool:
    """Open the server's first page in a new tab, and check whether it is signed in.

    Args:
        page: An empty tab.
        server: The server.
        viewer: Asks the API who is signed in.
        origins: Which pages are the server's.
        by_appearance: Judge by the page, because this server's API may report no user at all.

    Returns:
        False if the API reports no user, or the page asks to sign in. If the API reports no user and the page is
        judged, it must have a way to sign out, and ask for nothing else first.
    """
    await page.goto(server.app_url, wait_until="domcontentloaded", timeout=LOAD_TIMEOUT_MS)
    deadline = time.monotonic() + _SETTLE_TIMEOUT_S
    while True:
        # The page before the answer: one from before the session says nothing about the page that it is on.
        view = (await read_page(page)).view
        reply = await viewer.ask(page)
        if reply.username:
            return True
        if own_form(view, origins) is not None or shows_sign_in(view):
            return False
        if reply.known and not (by_appearance or viewer.omits_viewer):
            return False
        late = time.monotonic() > deadline
        if reply.known and has_way_out(view) and not has_pending_step(view):
            return True
        if late or (view.main.ready == "complete" and not reply.known):
            return not reply.known
        await asyncio.sleep(_POLL_INTERVAL_S)
