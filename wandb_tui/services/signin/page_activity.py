"""Tells when a page has finished with what was typed into it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from playwright.async_api import ElementHandle, Error, Frame, Page, Request, Response

from wandb_tui.services.signin.page_driver import script

_POLL_INTERVAL_S = 0.05
_SETTLE_TIMEOUT_S = 8.0
_TIMER_TIMEOUT_S = 3.0
_SHORTEST_REST_S = 0.01
_REDRAW_S = 0.3
"""Seconds that a page may take to redraw itself after a response."""
_CLIENT_ERROR = 400
# Neither ends by itself.
_STREAMS = frozenset({"websocket", "eventsource", "ping", "media", "image", "font"})

# Lets the noted timers fire now, as nothing more will be typed, and waits until those have fired that they have started
# in their place, since some compare the time with that of the last letter. The page's own clock tells: a browser on a
# busy machine is late. Gives whether there were any. No timer is noted after this.
_HURRY_TIMERS_SCRIPT = """async () => {
  const watch = window[Symbol.for("timers of typing")];
  if (!watch) return false;
  await watch.hurry();
  watch.stop();
  // Timers of less than 50 ms are not noted.
  if (watch.any) await new Promise(done => setTimeout(done, watch.left() + 50));
  return watch.any;
}"""


class PageActivity:
    """The requests of one page that have not ended, and the timers it starts while something is typed."""

    def __init__(self, page: Page) -> None:
        """Begin to note requests."""
        self._page = page
        self._pending: dict[Request, float] = {}
        self._navigated = asyncio.Event()
        self.will_refresh = False
        """Whether the server told the browser to load the document again, or another one, after some time."""
        self.ended_at = 0.0
        """The time of the last end of a request on the monotonic clock, in seconds."""
        self._answered_at = 0.0
        self.refused_at = 0.0
        """The time of the last HTTP error that answered a script of the page, on the same clock."""
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_end)
        page.on("framenavigated", self._on_navigation)

    @property
    def quiet(self) -> bool:
        """Whether no request is pending."""
        return not self._pending

    @contextlib.asynccontextmanager
    async def settled_after(self, field: ElementHandle, *, checked: bool) -> AsyncIterator[None]:
        """Type into the field within this context; it ends once the page has dealt with what was typed, or too slowly.

        That is when the timers that it started have fired, which is made to happen at once, and the requests that it
        began have ended.

        Args:
            field: The field.
            checked: Whether the page is known to check what is typed, so that it may redraw itself after any answer;
                otherwise only an answer that follows a timer counts as a check.
        """
        since = time.monotonic()
        with contextlib.suppress(Error):
            await field.evaluate(f"(_, longest) => ({script('watch_timers.js')})(longest)", _TIMER_TIMEOUT_S * 1000)
        yield
        timers = False
        with contextlib.suppress(Error, TimeoutError):  # the document may have been left, or its clock stand still
            async with asyncio.timeout(_TIMER_TIMEOUT_S + 1):
                timers = await field.evaluate(_HURRY_TIMERS_SCRIPT)
        deadline = time.monotonic() + _SETTLE_TIMEOUT_S
        while self._is_pending(since) and time.monotonic() < deadline:  # noqa: ASYNC110 - two kinds of event end it
            await asyncio.sleep(_POLL_INTERVAL_S)
        if (timers or checked) and self._answered_at > since:
            await asyncio.sleep(_REDRAW_S)

    async def rest(self, seconds: float) -> None:
        """Wait for this time, or until the page shows another document than the one last waited with."""
        # A page that goes on rewriting its address is not read without a pause.
        await asyncio.sleep(min(seconds, _SHORTEST_REST_S))
        # Not by `wait_for`: before Python 3.12 it loses a cancellation that comes together with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds - _SHORTEST_REST_S)):
                await self._navigated.wait()
        self._navigated.clear()

    def _is_pending(self, since: float) -> bool:
        return any(began >= since for began in self._pending.values())

    def _on_request(self, request: Request) -> None:
        if request.resource_type not in _STREAMS:
            self._pending[request] = time.monotonic()

    def _on_response(self, response: Response) -> None:
        self._answered_at = time.monotonic()
        if response.request.is_navigation_request():
            with contextlib.suppress(Error):  # a frame that is only being made cannot be named; it is not the main one
                if response.frame == self._page.main_frame:
                    self.will_refresh = "refresh" in response.headers
        if response.status >= _CLIENT_ERROR and response.request.resource_type in {"fetch", "xhr"}:
            self.refused_at = time.monotonic()

    def _on_end(self, request: Request) -> None:
        if self._pending.pop(request, None) is not None:
            self.ended_at = time.monotonic()

    def _on_navigation(self, frame: Frame) -> None:
        """Forget the requests of the document that was left, since their ends may not be reported."""
        if frame == self._page.main_frame:
            self._navigated.set()
            self._pending = {request: at for request, at in self._pending.items() if request.is_navigation_request()}
