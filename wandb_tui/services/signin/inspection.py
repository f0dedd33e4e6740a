"""Looks at the sign-in page as somebody whom the server does not know, and touches nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from playwright.async_api import Page

from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin.forms import find_form
from wandb_tui.services.signin.navigation import open_sign_in
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.page_driver import GoneError, read_page
from wandb_tui.services.signin.page_view import PageView, outline

_LOOK_EVERY = 0.3
_UNCHANGED_FOR = 3.0
_AT_MOST = 15.0


@dataclass(frozen=True, slots=True)
class SignInPageReport:
    """What was on the sign-in page.

    Attributes:
        status: Its HTTP status, 0 where there was none.
        url: Where it really is, without query.
        seconds: From the first request until the page stood still.
        asks_for: What the form asks for that would be filled in; empty where none is understood.
        problem: Why no password would be typed there, or empty.
        outline: Its fields, buttons and messages, a line each, without any value.
    """

    status: int
    url: str
    seconds: float
    asks_for: tuple[str, ...]
    problem: str
    outline: tuple[str, ...]


async def inspect_sign_in_page(page: Page, server: ServerInfo, origins: Origins) -> SignInPageReport:
    """Open the sign-in page in an empty tab, and describe it once it stands still.

    Raises:
        SignInError: The server cannot be reached.
        GoneError: The page has closed meanwhile.
    """
    began = time.monotonic()
    status = await open_sign_in(page, server)
    view = await _when_still(page)
    return SignInPageReport(
        status=status,
        url=view.main.url,
        seconds=time.monotonic() - began,
        asks_for=_asks_for(view),
        problem=str(origins.problem(view.main.origin) or ""),
        outline=tuple(outline(view).splitlines()),
    )


async def _when_still(page: Page) -> PageView:
    """The page once a form is there and stays, or nothing has changed for a while."""
    end = time.monotonic() + _AT_MOST
    last, since, view = "", time.monotonic(), PageView()
    while time.monotonic() < end:
        try:
            view = (await read_page(page)).view
        except GoneError:
            if page.is_closed():
                raise
            view = PageView()
        now = outline(view)
        if now != last:
            last, since = now, time.monotonic()
        elif view.main.ready == "complete" and (_asks_for(view) or time.monotonic() - since > _UNCHANGED_FOR):
            break
        await asyncio.sleep(_LOOK_EVERY)
    return view


def _asks_for(view: PageView) -> tuple[str, ...]:
    forms = [form for number, frame in enumerate(view.frames) if (form := find_form(frame, number))]
    form = max(forms, key=lambda found: found.password is not None, default=None)
    if form is None:
        return ()
    asked = (("the e-mail or user name", form.identifier), ("the password", form.password))
    return tuple(what for what, item in asked if item is not None)
