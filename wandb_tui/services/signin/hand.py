"""The eye and the hand: reads the documents of a page, types into fields, presses buttons.

No error that leaves here holds what was typed: Playwright's own errors quote it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from playwright.async_api import ElementHandle, Error, Frame, JSHandle, Page

from wandb_tui.services.paths import private_folder
from wandb_tui.services.signin.page_view import FrameView, PageView

_MOST_FRAMES = 8
_PATIENCE = 5000.0

_SETTLED = "new Promise(done => requestAnimationFrame(() => setTimeout(done, 250)))"
_STANDS_IN = """element => {
  const form = element.form || element.closest("form");
  const action = form ? new URL(form.getAttribute("action") || "", document.baseURI).origin : "";
  return [element.ownerDocument.defaultView ? location.origin : "", action];
}"""
_FOCUSED = "element => element.getRootNode().activeElement === element"


@dataclass(slots=True)
class SeenPage:
    """A page as it was read, with handles on its elements."""

    view: PageView
    handles: list[JSHandle]

    async def element(self, frame: int, index: int) -> ElementHandle:
        """The element that was described under this number.

        Raises:
            GoneError: The page has changed meanwhile.
        """
        with clean_errors():
            handle = await self.handles[frame].evaluate_handle("(seen, index) => seen.elements[index]", index)
            element = handle.as_element()
        if element is None:
            raise GoneError
        return element


class GoneError(Exception):
    """The page has changed or closed under the hand."""


@contextlib.contextmanager
def clean_errors() -> Iterator[None]:
    """Let no error of Playwright through."""
    try:
        yield
    except Error:
        raise GoneError from None


@cache
def _script() -> str:
    return files(__package__).joinpath("read.js").read_text(encoding="utf-8")


async def read_page(page: Page) -> SeenPage:
    """Describe the page and the frames in it.

    Raises:
        GoneError: It is being left, or has closed.
    """
    views: list[FrameView] = []
    handles: list[JSHandle] = []
    frames = [page.main_frame, *(frame for frame in page.frames if frame != page.main_frame)]
    for frame in frames[:_MOST_FRAMES]:
        try:
            view, handle = await _read_frame(frame)
        except Error:
            if frame == page.main_frame:
                raise GoneError from None
            continue
        if not handles or _worth_it(view):
            views.append(view)
            handles.append(handle)
    return SeenPage(PageView(tuple(views)), handles)


async def _read_frame(frame: Frame) -> tuple[FrameView, JSHandle]:
    ancestors = []
    above = frame.parent_frame
    while above is not None:
        ancestors.append(await above.evaluate("location.origin"))
        above = above.parent_frame
    handle = await frame.evaluate_handle(_script())
    described = await handle.evaluate("seen => seen.described")
    return FrameView.from_described(described, tuple(ancestors)), handle


def _worth_it(view: FrameView) -> bool:
    return bool(view.fields or view.challenge)


async def stands_in(element: ElementHandle) -> tuple[str, str]:
    """The origin of the document that holds an element, and the origin to which its form is sent, or empty."""
    with clean_errors():
        origin, action = await element.evaluate(_STANDS_IN)
    return str(origin), str(action)


async def type_into(element: ElementHandle, text: str) -> None:
    """Put a text into a field, whatever lies over it.

    Raises:
        GoneError: It does not take it.
    """
    with clean_errors():
        await element.fill(text, timeout=_PATIENCE)


async def leave_field(page: Page) -> None:
    """Go on to the next field, as a person does: some pages look at an address only then."""
    with clean_errors():
        await page.keyboard.press("Tab")
        await page.evaluate(_SETTLED)


async def press(page: Page, element: ElementHandle) -> None:
    """Press a button by keyboard, so that nothing that lies over it is in the way.

    Raises:
        GoneError: It is not there any more.
    """
    with clean_errors():
        await element.focus()
        if await element.evaluate(_FOCUSED):
            await page.keyboard.press("Enter")
        else:
            await element.evaluate("element => element.click()")


async def press_enter(field: ElementHandle) -> None:
    """Send a form that has no button."""
    with clean_errors():
        await field.press("Enter", timeout=_PATIENCE, no_wait_after=True)


async def keep_picture(page: Page, folder: Path) -> Path | None:
    """Keep a screenshot with all fields covered; None where there is none to be had."""
    path = private_folder(folder) / "sign-in-page.png"
    try:
        masks = [frame.locator("input, textarea, select") for frame in page.frames]
        picture = await page.screenshot(mask=masks, timeout=_PATIENCE)
    except Error:
        return None
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(picture)
    return path
