"""Reads the documents of a page, types into fields, presses buttons.

Playwright's errors quote the typed text, so none of them leaves this module.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from playwright.async_api import ElementHandle, Error, Frame, JSHandle, Page
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from wandb_tui.services.disk.paths import private_folder
from wandb_tui.services.signin.page_view import FrameView, PageView

_MAX_FRAMES = 10
_ACTION_TIMEOUT_MS = 5000.0
_CLICK_TIMEOUT_MS = 1500.0
_INPUT_SELECTOR = "input, textarea, select, [contenteditable]"

_NEXT_FRAME_SCRIPT = "new Promise(done => requestAnimationFrame(() => done()))"
_LEFT_FIELD_S = 0.06
# Keeps forms and links from opening a new tab, and tells whether the Enter key presses the element.
_FOCUS_SCRIPT = """element => {
  for (const at of [element, element.form].filter(Boolean))
    for (const name of ["target", "formtarget"]) {
      const target = at.getAttribute(name) || "_self";
      if (!/^_(self|top|parent)$/i.test(target) && !document.getElementsByName(target).length)
        at.setAttribute(name, "_self");
    }
  element.focus();
  return element.getRootNode().activeElement === element && /^(A|BUTTON|INPUT)$/.test(element.tagName);
}"""
_IS_SHOWN_SCRIPT = """element => {
  const box = element.getBoundingClientRect();
  return element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && box.width > 8 && box.height > 8 &&
    box.right + scrollX > 0 && box.bottom + scrollY > 0;
}"""
UNFIT = "unfit"


@dataclass(slots=True)
class PageSnapshot:
    """The description of a page, with handles on its elements."""

    view: PageView
    handles: list[JSHandle]

    async def element(self, frame: int, index: int) -> ElementHandle:
        """The element with this number in the description.

        Raises:
            PageGoneError: The page has changed meanwhile.
        """
        with hide_playwright_errors():
            handle = await self.handles[frame].evaluate_handle("(seen, index) => seen.elements[index]", index)
            element = handle.as_element()
        if element is None:
            raise PageGoneError
        return element


class PageGoneError(Exception):
    """The page has changed or closed in the meantime."""


@contextlib.contextmanager
def hide_playwright_errors() -> Iterator[None]:
    """Replace Playwright's errors, which may quote typed text, with `PageGoneError`."""
    try:
        yield
    except Error:
        raise PageGoneError from None


@cache
def script(name: str) -> str:
    """The text of a script beside this module."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


async def read_page(page: Page) -> PageSnapshot:
    """Describe the page and its visible frames.

    Raises:
        PageGoneError: The page is being left, or has closed.
    """
    views: list[FrameView] = []
    handles: list[JSHandle] = []
    hidden: set[Frame] = set()
    for frame in [page.main_frame, *(frame for frame in page.frames if frame != page.main_frame)]:
        try:
            if frame.parent_frame in hidden or not await _is_shown(frame):
                hidden.add(frame)
                continue
            view, handle = await _read_frame(frame)
        except Error:
            if frame == page.main_frame:
                raise PageGoneError from None
            continue
        if not handles or _is_relevant(view):
            views.append(view)
            handles.append(handle)
        if len(handles) == _MAX_FRAMES:
            break
    return PageSnapshot(PageView(tuple(views)), handles)


async def _is_shown(frame: Frame) -> bool:
    """Whether a frame is visible: pages use invisible ones, even with forms, for their own messages."""
    if frame.parent_frame is None:
        return True
    return bool(await (await frame.frame_element()).evaluate(_IS_SHOWN_SCRIPT))


async def _read_frame(frame: Frame) -> tuple[FrameView, JSHandle]:
    ancestors = []
    above = frame.parent_frame
    while above is not None:
        ancestors.append(await above.evaluate("location.origin"))
        above = above.parent_frame
    handle = await frame.evaluate_handle(script("read.js"))
    described = await handle.evaluate("seen => seen.described")
    return FrameView.from_described(described, tuple(ancestors)), handle


def _is_relevant(view: FrameView) -> bool:
    return bool(view.fields or view.challenge or view.alerts or view.text)


async def type_into(
    element: ElementHandle, text: str | None, allowed_origins: tuple[str, ...], button: ElementHandle | None
) -> str:
    """Put a text into a field, even under an overlay, if its document and its form belong to allowed origins.

    Args:
        element: The field.
        text: The text; None only checks whether it may be typed.
        allowed_origins: The origins for which it may be done.
        button: The button that will submit the form.

    Returns:
        The origin that is not allowed, and nothing was typed; empty on success.

    Raises:
        PageGoneError: The field does not accept the text.
    """
    with hide_playwright_errors():
        problem = str(
            await element.evaluate(script("type.js"), {"text": text, "open": allowed_origins, "button": button})
        )
    if problem == UNFIT:
        raise PageGoneError
    if text is not None and not problem:
        # Some pages react to key presses only. If the field goes away now, the next read of the page shows it.
        with contextlib.suppress(Error):
            await element.press("End", timeout=_ACTION_TIMEOUT_MS)
    return problem


async def leave_field(page: Page) -> None:
    """Move the focus to the next field: some pages check an address only then."""
    with hide_playwright_errors():
        await page.keyboard.press("Tab")
        await page.evaluate(_NEXT_FRAME_SCRIPT)
    # Not with a timer of the page, which would be taken for its own.
    await asyncio.sleep(_LEFT_FIELD_S)


async def press(page: Page, element: ElementHandle) -> None:
    """Press a button with the Enter key, which works under overlays; any other element with the mouse.

    Raises:
        PageGoneError: The element no longer exists.
    """
    with hide_playwright_errors():
        if await element.evaluate(_FOCUS_SCRIPT):
            await page.keyboard.press("Enter")
            return
        try:
            # Some elements react to the pointer only. Playwright does not click if another element covers it.
            await element.click(timeout=_CLICK_TIMEOUT_MS, no_wait_after=True)
        except PlaywrightTimeoutError:
            await element.evaluate("element => element.click()")


async def press_enter(field: ElementHandle) -> None:
    """Submit a form that has no button."""
    with hide_playwright_errors():
        await field.press("Enter", timeout=_ACTION_TIMEOUT_MS, no_wait_after=True)


async def save_screenshot(page: Page, folder: Path, *, hide: Iterable[str] = ()) -> Path | None:
    """Save a screenshot with all fields covered; None if that fails.

    Args:
        page: The page.
        folder: The folder for the file.
        hide: Texts to cover wherever else the page shows them.
    """
    try:
        masks = [frame.locator(_INPUT_SELECTOR) for frame in page.frames]
        masks += [frame.get_by_text(text) for frame in page.frames for text in hide if text]
        screenshot = await page.screenshot(mask=masks, timeout=_ACTION_TIMEOUT_MS)
    except Error:
        return None
    try:
        path = private_folder(folder) / "sign-in-page.png"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(screenshot)
    except OSError:
        return None
    return path
