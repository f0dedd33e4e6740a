"""Describes the sign-in page of a server, signed out and without typing or pressing anything."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from playwright.async_api import Page

from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin.forms import find_form
from wandb_tui.services.signin.navigation import open_sign_in
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.page_driver import PageGoneError, read_page
from wandb_tui.services.signin.page_view import PageView, outline

_POLL_INTERVAL_S = 0.3
_STABLE_AFTER_S = 3.0
_STABLE_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class SignInPageReport:
    """The description of a sign-in page.

    Attributes:
        status: Its HTTP status; 0 if there was none.
        url: Its final address, without query.
        seconds: Seconds from the first request until the page was stable.
        asks_for: The fields that would be filled in; empty if no form is understood.
        problem: The reason why no password would be typed there, or empty.
        outline: Its fields, buttons and messages, one per line, without any value.
    """

    status: int
    url: str
    seconds: float
    asks_for: tuple[str, ...]
    problem: str
    outline: tuple[str, ...]


async def inspect_sign_in_page(page: Page, server: ServerInfo, origins: Origins) -> SignInPageReport:
    """Open the sign-in page in an empty tab, and describe it once it is stable.

    Raises:
        SignInError: The server cannot be reached.
        PageGoneError: The page has closed in the meantime.
    """
    started = time.monotonic()
    status = await open_sign_in(page, server)
    view = await _wait_until_stable(page)
    return SignInPageReport(
        status=status,
        url=view.main.url,
        seconds=time.monotonic() - started,
        asks_for=_requested_fields(view),
        problem=str(origins.problem(view.main.origin) or ""),
        outline=tuple(outline(view).splitlines()),
    )


async def _wait_until_stable(page: Page) -> PageView:
    """The page once it shows a form that stays, or has not changed for a while."""
    end = time.monotonic() + _STABLE_TIMEOUT_S
    last, since, view = "", time.monotonic(), PageView()
    while time.monotonic() < end:
        try:
            view = (await read_page(page)).view
        except PageGoneError:
            if page.is_closed():
                raise
            view = PageView()
        now = outline(view)
        if now != last:
            last, since = now, time.monotonic()
        elif view.main.ready == "complete" and (_requested_fields(view) or time.monotonic() - since > _STABLE_AFTER_S):
            break
        await asyncio.sleep(_POLL_INTERVAL_S)
    return view


def _requested_fields(view: PageView) -> tuple[str, ...]:
    forms = [form for number, frame in enumerate(view.frames) if (form := find_form(frame, number))]
    form = max(forms, key=lambda found: found.password is not None, default=None)
    if form is None:
        return ()
    asked = (("the e-mail or user name", form.identifier), ("the password", form.password))
    return tuple(what for what, item in asked if item is not None)
