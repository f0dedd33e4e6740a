"""One Chromium with one context, started when first needed, and again when it has died."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from playwright.async_api import Browser, BrowserContext, Error, Page, Playwright, async_playwright

from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import NoBrowserError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.discovery import find_browser
from wandb_tui.services.browser.driver import check_driver
from wandb_tui.services.browser.launch import proxy_for, sandboxed, switches
from wandb_tui.services.credentials.redaction import redact, without_secrets
from wandb_tui.services.credentials.vault import Vault

if TYPE_CHECKING:
    from playwright.async_api import StorageState

log = logging.getLogger(__name__)

T = TypeVar("T")

_START_TIMEOUT = 30_000.0
_SAVE_EVERY = 60.0
_TAB_WITHIN = 20.0
_CLOSE_TAB_WITHIN = 1.0
_CLOSE_TAB_TRIES = 3
_HELPERS = DaemonPool("wandb-tui browser helper")


async def _drive() -> Playwright:
    try:
        return await async_playwright().start()
    except Exception as error:
        # Playwright says no more than "Connection closed" where its driver cannot run at all.
        log.warning("Playwright does not start: %s", error)
        check_driver()
        raise


class BrowserGoneError(Exception):
    """The browser, or its driver, has died under a job."""


class BrowserHost:
    """Starts the browser, gives out tabs, keeps the session."""

    def __init__(
        self, server: ServerInfo, vault: Vault, environ: Mapping[str, str], *, headless: bool, executable: Path | None
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            server: Whose pages are opened.
            vault: Where the session is kept.
            environ: Names the browser and the proxy.
            headless: Whether there is no window.
            executable: The browser, in place of the one that would be found.
        """
        self._server = server
        self._vault = vault
        self._environ = environ
        self._headless = headless
        self._executable = executable
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None
        self._starting = asyncio.Lock()
        self._closing: set[asyncio.Future[None]] = set()
        self._user: str | None = None
        self._quietly = False
        self._on_disk = True
        self._saved = ""
        self._saved_at = 0.0

    async def be(self, user: str | None, *, quietly: bool, on_disk: bool) -> None:
        """Work as this user from now on, from the session that is kept of them; None is nobody, signed out.

        Args:
            user: The user name.
            quietly: Do without a keyring that would open a dialog.
            on_disk: Whether the session may be kept on disk.
        """
        self._quietly, self._on_disk = quietly, on_disk
        if user != self._user:
            self._user = user
            await self._drop_context()

    @property
    def open(self) -> bool:
        """Whether the browser is running, and the driver with it."""
        if self._browser is None or not self._browser.is_connected():
            return False
        drivers = getattr(asyncio.get_running_loop(), "children", [])
        return not drivers or drivers[-1].get_returncode() is None

    @contextlib.asynccontextmanager
    async def tab(self, *, signed_out: bool = False) -> AsyncIterator[Page]:
        """A new tab, closed at the end.

        Args:
            signed_out: Of somebody whom no server knows, apart from all other tabs.

        Raises:
            NoBrowserError: No browser can be started.
            BrowserGoneError: The browser died meanwhile.
        """
        context = await self._ready()
        page: Page | None = None
        apart_from_all: BrowserContext | None = None
        try:
            if signed_out and self._browser is not None:
                context = apart_from_all = await self._browser.new_context(no_viewport=self._no_viewport)
            page = await self._new_tab(context)
            yield page
        except Error as error:
            if "Connection closed" in error.message:
                # The driver has died, and with it all word of the browser's end.
                self._browser = None
            if not self.open or _is_gone(error):
                raise BrowserGoneError from None
            raise
        finally:
            if page is not None:
                await _close_tab(page)
            if apart_from_all is not None:
                with contextlib.suppress(Error):
                    await apart_from_all.close()

    async def _new_tab(self, context: BrowserContext) -> Page:
        opening = asyncio.ensure_future(context.new_page())
        try:
            # Not `wait_for`: until Python 3.12 it swallows a cancel that comes in the moment the tab does.
            async with asyncio.timeout(_TAB_WITHIN):
                return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The browser opens it all the same: whoever gave up must not leave it behind.
            opening.add_done_callback(self._close_unwanted)
            raise
        except TimeoutError:
            log.warning("The browser gives no new tab; it is started anew")
            opening.add_done_callback(self._close_unwanted)
            await self.close()
            raise BrowserGoneError from None

    def _close_unwanted(self, opening: asyncio.Future[Page]) -> None:
        if opening.cancelled() or opening.exception() is not None:
            return
        closing = asyncio.ensure_future(_close_tab(opening.result()))
        # The loop holds tasks weakly only.
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def save(self, *, now: bool = False) -> None:
        """Keep the session, if it has changed.

        Args:
            now: Also look at what changes seldom and takes longer to look at.
        """
        context, user = self._context, self._user
        if context is None or user is None:
            return
        try:
            cookies = json.dumps(await context.cookies(), sort_keys=True)
            if not now and cookies == self._saved and time.monotonic() - self._saved_at < _SAVE_EVERY:
                return
            state: dict[str, Any] = dict(await context.storage_state(indexed_db=True))
        except Error as error:
            log.info("The session could not be read: %s", redact(error.message.split("\n")[0]))
            return
        self._saved, self._saved_at = cookies, time.monotonic()
        await apart(lambda: self._vault.save_session(user, state, on_disk=self._on_disk, quietly=self._quietly))

    def belongs_to(self, user: str) -> None:
        """Know whose session the context at hand has become."""
        self._user = user

    async def forget(self) -> None:
        """Begin the next tab with an empty context, whatever is kept."""
        await self._drop_context()

    async def close(self) -> None:
        """End the browser and the driver."""
        browser, playwright = self._browser, self._playwright
        self._browser = self._context = self._playwright = None
        with contextlib.suppress(Error, TimeoutError):
            if browser is not None and browser.is_connected():
                await asyncio.wait_for(browser.close(), 0.8)
        with contextlib.suppress(Exception):
            if playwright is not None:
                await asyncio.wait_for(playwright.stop(), 0.5)

    # Starting

    async def _ready(self) -> BrowserContext:
        async with self._starting:
            if not self.open:
                await self._start()
            if self._context is None and self._browser is not None:
                self._context = await self._new_context(self._browser)
            if self._context is None:
                raise BrowserGoneError
            return self._context

    async def _start(self) -> None:
        executable = self._executable or find_browser(self._environ)
        await self.close()
        self._playwright = await _drive()
        try:
            self._browser = await self._playwright.chromium.launch(
                executable_path=executable,
                headless=self._headless,
                args=switches(self._environ, headless=self._headless),
                chromium_sandbox=sandboxed(),
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                env={**without_secrets({**os.environ, **self._environ})},
                proxy=proxy_for(self._server, self._environ),
                timeout=_START_TIMEOUT,
            )
        except Error as error:
            await self.close()
            raise _cannot_start(executable, error) from None
        log.info("Started %s, version %s", executable, self._browser.version)

    async def _new_context(self, browser: Browser) -> BrowserContext:
        state = None
        user = self._user
        if user is not None:
            state = await apart(lambda: self._vault.load_session(user, quietly=self._quietly))
        try:
            return await browser.new_context(
                storage_state=cast("StorageState | None", state), no_viewport=self._no_viewport
            )
        except Error:
            if not browser.is_connected():
                raise BrowserGoneError from None
            log.warning("The saved browser session is not one the browser understands; it is not used")
            self._vault.forget_session(user)
            return await browser.new_context(no_viewport=self._no_viewport)

    @property
    def _no_viewport(self) -> bool | None:
        """In a window the page is as large as the window; without one it needs a size."""
        return None if self._headless else True

    async def _drop_context(self) -> None:
        context, self._context = self._context, None
        self._saved = ""
        if context is not None:
            with contextlib.suppress(Error):
                await context.close()


async def _close_tab(page: Page) -> None:
    """Close a tab, without waiting for ever.

    Chromium forgets a wish to close that comes while a new page takes the tab over (seen in its protocol), and
    Playwright tells it no second time. So we do.
    """
    closing = asyncio.ensure_future(page.close())
    # Where it fails after all, later than anybody waits, that is nothing to report at the end of the program.
    closing.add_done_callback(lambda done: done.cancelled() or done.exception())
    for _ in range(_CLOSE_TAB_TRIES):
        try:
            async with asyncio.timeout(_CLOSE_TAB_WITHIN):
                await asyncio.shield(closing)
        except Error:
            return
        except TimeoutError:
            log.info("A tab was not heard to close; it is told once more")
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(_CLOSE_TAB_WITHIN):
                    chromium = await page.context.new_cdp_session(page)
                    await chromium.send("Page.close")
        else:
            return


async def apart(work: Callable[[], T]) -> T:
    """Run a blocking call outside the browser's thread."""
    return await asyncio.wrap_future(_HELPERS.submit(work))


def _is_gone(error: Error) -> bool:
    text = error.message
    return "has been closed" in text or "crashed" in text or "Connection closed" in text


def _cannot_start(executable: Path, error: Error) -> NoBrowserError:
    text = redact(error.message)
    log.warning("The browser does not start: %s", text)
    lines = [line.strip() for line in text.splitlines()]
    missing = next((line for line in lines if "error while loading shared libraries" in line), "")
    if missing:
        library = missing.split("libraries:")[-1].split(":")[0].strip()
        return NoBrowserError(
            f"{executable} does not start: the library {library} is missing.",
            "Install it with: playwright install-deps chromium",
        )
    if any("No usable sandbox" in line for line in lines):
        return NoBrowserError(
            f"{executable} does not start: its sandbox cannot be set up here.",
            "Allow unprivileged user namespaces, or install the browser's own sandbox helper.",
        )
    if any("missing X server" in line.lower() or "$DISPLAY" in line for line in lines):
        return NoBrowserError("There is no display for a browser window.", "Work without a window (headless = true).")
    return NoBrowserError(f"{executable} does not start (see the log).", "Try another one with WANDB_TUI_BROWSER.")
