"""One Chromium with one context, started when first needed, and restarted after it has died."""

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
from wandb_tui.services.browser.driver import driver_error, driver_problem
from wandb_tui.services.browser.header_injection import add_headers
from wandb_tui.services.browser.launch import can_use_sandbox, proxy_for, switches
from wandb_tui.services.browser.nss_store import certificate_environment
from wandb_tui.services.browser.start_problem import StartProblem, end_problem, start_problem
from wandb_tui.services.credentials.redaction import redact, without_secrets
from wandb_tui.services.credentials.vault import Vault
from wandb_tui.services.extra_headers import ExtraHeaders

if TYPE_CHECKING:
    from playwright.async_api import StorageState

log = logging.getLogger(__name__)

T = TypeVar("T")

_START_TIMEOUT_MS = 30_000.0
_SAVE_INTERVAL_S = 60.0
_DRIVER_PATIENCE_S = 5.0
_TAB_TIMEOUT_S = 20.0
_CLOSE_TAB_TIMEOUT_S = 1.0
_CLOSE_TAB_TRIES = 3
_POOL = DaemonPool("wandb-tui browser helper")


async def _start_playwright() -> Playwright:
    starting = asyncio.ensure_future(async_playwright().start())
    try:
        while not (await asyncio.wait({starting}, timeout=_DRIVER_PATIENCE_S))[0]:
            # A driver that gets no thread hangs for good.
            if problem := end_problem():
                raise driver_error(problem)
    finally:
        starting.cancel()
    try:
        return starting.result()
    except Exception as error:  # noqa: BLE001 - Playwright raises a plain Exception
        # If its driver cannot run at all, Playwright reports only "Connection closed".
        log.warning("Playwright does not start: %s", error)
        problem = await run_blocking(driver_problem)
        unknown = StartProblem(f"it ended at its start ({type(error).__name__})", "See the log.")
        raise driver_error(problem or start_problem(str(error)) or unknown) from None


class BrowserGoneError(Exception):
    """The browser, or its driver, has died during a job."""


class BrowserHost:
    """Starts the browser, opens tabs, and saves the session."""

    def __init__(
        self,
        server: ServerInfo,
        vault: Vault,
        environ: Mapping[str, str],
        *,
        headless: bool,
        executable: Path | None,
        extra_headers: ExtraHeaders,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            server: The server whose pages are opened.
            vault: Stores the session.
            environ: The environment, which names the browser and the proxy.
            headless: Whether the browser runs without a window.
            executable: The browser; by default the one that `find_browser` finds.
            extra_headers: Headers that requests to the server carry.
        """
        self._server = server
        self._vault = vault
        self._environ = environ
        self._headless = headless
        self._executable = executable
        self._extra_headers = extra_headers
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None
        self._starting = asyncio.Lock()
        self._closing: set[asyncio.Future[None]] = set()
        self._user: str | None = None
        self._no_dialog = False
        self._on_disk = True
        self._saved_cookies = ""
        self._saved_at = 0.0

    async def switch_user(self, user: str | None, *, no_dialog: bool, on_disk: bool) -> None:
        """Use this user's saved session from now on.

        Args:
            user: The user name; None to be signed out.
            no_dialog: Skip a keyring that would open a dialog.
            on_disk: Whether the session may be saved on disk.
        """
        self._no_dialog, self._on_disk = no_dialog, on_disk
        if user != self._user:
            self._user = user
            await self._close_context()

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
            signed_out: Open it in a context of its own, without any session.

        Raises:
            NoBrowserError: No browser can be started.
            BrowserGoneError: The browser has died.
        """
        context = await self._ready()
        page: Page | None = None
        isolated: BrowserContext | None = None
        try:
            if signed_out and self._browser is not None:
                context = isolated = await self._browser.new_context(no_viewport=self._no_viewport)
            page = await self._new_tab(context)
            yield page
        except Error as error:
            if "Connection closed" in error.message:
                # The driver has died, so the end of the browser will not be reported.
                self._browser = None
            if not self.open or _is_closed(error):
                raise BrowserGoneError from None
            raise
        finally:
            if page is not None:
                await _close_tab(page)
            if isolated is not None:
                with contextlib.suppress(Error):
                    await isolated.close()

    async def _new_tab(self, context: BrowserContext) -> Page:
        opening = asyncio.ensure_future(context.new_page())
        try:
            # Not `wait_for`: before Python 3.12 it loses a cancellation that arrives together with the tab.
            async with asyncio.timeout(_TAB_TIMEOUT_S):
                return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The browser still opens the tab, which must be closed then.
            opening.add_done_callback(self._close_unwanted)
            raise
        except TimeoutError:
            log.warning("The browser opens no new tab; restarting it")
            opening.add_done_callback(self._close_unwanted)
            await self.close()
            raise BrowserGoneError from None

    def _close_unwanted(self, opening: asyncio.Future[Page]) -> None:
        if opening.cancelled() or opening.exception() is not None:
            return
        closing = asyncio.ensure_future(_close_tab(opening.result()))
        # The event loop holds only weak references to tasks.
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def save(self, *, now: bool = False) -> None:
        """Save the session if it has changed.

        Args:
            now: Also save changes outside the cookies, which are otherwise looked for at intervals.
        """
        context, user = self._context, self._user
        if context is None or user is None:
            return
        try:
            cookies = json.dumps(await context.cookies(), sort_keys=True)
            if not now and cookies == self._saved_cookies and time.monotonic() - self._saved_at < _SAVE_INTERVAL_S:
                return
            state: dict[str, Any] = dict(await context.storage_state(indexed_db=True))
        except Error as error:
            log.info("The session could not be read: %s", redact(error.message.split("\n")[0]))
            return
        self._saved_cookies, self._saved_at = cookies, time.monotonic()
        await run_blocking(
            lambda: self._vault.save_session(user, state, on_disk=self._on_disk, no_dialog=self._no_dialog)
        )

    def adopt_session(self, user: str) -> None:
        """Record the user of the current context's session."""
        self._user = user

    async def reset_context(self) -> None:
        """Close the context; the next tab gets a new one from the saved session."""
        await self._close_context()

    async def close(self) -> None:
        """Close the browser and the driver."""
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
        environ = without_secrets({**os.environ, **self._environ})
        certificates = await run_blocking(lambda: certificate_environment(environ, self._vault.folder))
        self._playwright = await _start_playwright()
        try:
            self._browser = await self._playwright.chromium.launch(
                executable_path=executable,
                headless=self._headless,
                args=switches(self._environ, headless=self._headless),
                chromium_sandbox=can_use_sandbox(),
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                env={**environ, **certificates},
                proxy=proxy_for(self._server, self._environ),
                timeout=_START_TIMEOUT_MS,
            )
            await add_headers(self._browser, self._extra_headers)
        except Error as error:
            await self.close()
            raise _cannot_start(executable, error) from None
        log.info("Started %s, version %s", executable, self._browser.version)

    async def _new_context(self, browser: Browser) -> BrowserContext:
        state = None
        user = self._user
        if user is not None:
            state = await run_blocking(lambda: self._vault.load_session(user, no_dialog=self._no_dialog))
        try:
            return await browser.new_context(
                storage_state=cast("StorageState | None", state), no_viewport=self._no_viewport
            )
        except Error:
            if not browser.is_connected():
                raise BrowserGoneError from None
            log.warning("The browser rejects the saved session; it is deleted")
            self._vault.forget_session(user)
            return await browser.new_context(no_viewport=self._no_viewport)

    @property
    def _no_viewport(self) -> bool | None:
        """Whether pages get no fixed size: in a window they fill it; without one they need a size."""
        return None if self._headless else True

    async def _close_context(self) -> None:
        context, self._context = self._context, None
        self._saved_cookies = ""
        if context is not None:
            with contextlib.suppress(Error):
                await context.close()


async def _close_tab(page: Page) -> None:
    """Close a tab, within a bounded time.

    Chromium loses a request to close that arrives while a new page takes over the tab (seen in its protocol), and
    Playwright does not repeat it. So it is repeated here.
    """
    closing = asyncio.ensure_future(page.close())
    # Retrieve a late exception, which asyncio would otherwise report at exit.
    closing.add_done_callback(lambda done: done.cancelled() or done.exception())
    for _ in range(_CLOSE_TAB_TRIES):
        try:
            async with asyncio.timeout(_CLOSE_TAB_TIMEOUT_S):
                await asyncio.shield(closing)
        except Error:
            return
        except TimeoutError:
            log.info("A tab did not confirm that it has closed; closing it again")
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(_CLOSE_TAB_TIMEOUT_S):
                    chromium = await page.context.new_cdp_session(page)
                    await chromium.send("Page.close")
        else:
            return


async def run_blocking(work: Callable[[], T]) -> T:
    """Run a blocking call outside the browser's thread."""
    return await asyncio.wrap_future(_POOL.submit(work))


def _is_closed(error: Error) -> bool:
    text = error.message
    return "has been closed" in text or "crashed" in text or "Connection closed" in text


def _cannot_start(executable: Path, error: Error) -> NoBrowserError:
    text = redact(error.message)
    log.warning("The browser does not start: %s", text)
    lines = [line.strip() for line in text.splitlines()]
    if any("No usable sandbox" in line for line in lines):
        return NoBrowserError(
            f"{executable} does not start: its sandbox cannot be set up here.",
            "Allow unprivileged user namespaces, or install the browser's own sandbox helper.",
        )
    if any("missing X server" in line.lower() or "$DISPLAY" in line for line in lines):
        return NoBrowserError("There is no display for a browser window.", "Work without a window (headless = true).")
    if problem := start_problem(text):
        hint = "Install it with: playwright install-deps chromium" if problem.library else problem.hint
        return NoBrowserError(f"{executable} does not start: {problem.reason}.", hint)
    return NoBrowserError(f"{executable} does not start (see the log).", "Try another one with WANDB_TUI_BROWSER.")
