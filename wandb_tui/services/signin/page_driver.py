"""The eye and the hand: reads the documents of a page, types into fields, presses buttons.

No error that leaves here holds what was typed: Playwright's own errors quote it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from playwright.async_api import ElementHandle, Error, Frame, JSHandle, Page
from playwright.async_api import TimeoutError as TookTooLongError

from wandb_tui.services.disk.paths import private_folder
from wandb_tui.services.signin.page_view import FrameView, PageView

_MOST_FRAMES = 10
_PATIENCE = 5000.0
_REACHED_WITHIN = 1500.0
_FILLED = "input, textarea, select, [contenteditable]"

_SETTLED = "new Promise(done => requestAnimationFrame(() => setTimeout(done, 250)))"
# A form or link that would open a new tab is kept in this one. Only real buttons and links know the Enter key.
_PREPARED = """element => {
  for (const at of [element, element.form].filter(Boolean))
    for (const name of ["target", "formtarget"]) {
      const target = at.getAttribute(name) || "_self";
      if (!/^_(self|top|parent)$/i.test(target) && !document.getElementsByName(target).length)
        at.setAttribute(name, "_self");
    }
  element.focus();
  return element.getRootNode().activeElement === element && /^(A|BUTTON|INPUT)$/.test(element.tagName);
}"""
_SHOWN = """element => {
  const box = element.getBoundingClientRect();
  return element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && box.width > 8 && box.height > 8 &&
    box.right + scrollX > 0 && box.bottom + scrollY > 0;
}"""
UNFIT = "unfit"


@dataclass(slots=True)
class PageSnapshot:
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
def _script(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


async def read_page(page: Page) -> PageSnapshot:
    """Describe the page and the frames that show in it.

    Raises:
        GoneError: It is being left, or has closed.
    """
    views: list[FrameView] = []
    handles: list[JSHandle] = []
    hidden: set[Frame] = set()
    for frame in [page.main_frame, *(frame for frame in page.frames if frame != page.main_frame)]:
        try:
            if frame.parent_frame in hidden or not await _shown(frame):
                hidden.add(frame)
                continue
            view, handle = await _read_frame(frame)
        except Error:
            if frame == page.main_frame:
                raise GoneError from None
            continue
        if not handles or _worth_it(view):
            views.append(view)
            handles.append(handle)
        if len(handles) == _MOST_FRAMES:
            break
    return PageSnapshot(PageView(tuple(views)), handles)


async def _shown(frame: Frame) -> bool:
    """Whether a frame shows: pages keep invisible ones, with forms in them, to talk to themselves."""
    if frame.parent_frame is None:
        return True
    return bool(await (await frame.frame_element()).evaluate(_SHOWN))


async def _read_frame(frame: Frame) -> tuple[FrameView, JSHandle]:
    ancestors = []
    above = frame.parent_frame
    while above is not None:
        ancestors.append(await above.evaluate("location.origin"))
        above = above.parent_frame
    handle = await frame.evaluate_handle(_script("read.js"))
    described = await handle.evaluate("seen => seen.described")
    return FrameView.from_described(described, tuple(ancestors)), handle


def _worth_it(view: FrameView) -> bool:
    return bool(view.fields or view.challenge or view.alerts or view.text)


async def type_into(
    element: ElementHandle, text: str | None, open_to: tuple[str, ...], button: ElementHandle | None
) -> str:
    """Put a text into a field, whatever lies over it, if it and its form stand where that may be done.

    Args:
        element: The field.
        text: What to type; None only asks whether it may be done.
        open_to: The origins for which it may be done.
        button: What will send the form.

    Returns:
        The origin that speaks against it; then nothing was typed. Empty where it was done.

    Raises:
        GoneError: The field does not take it.
    """
    with clean_errors():
        said = str(await element.evaluate(_script("type.js"), {"text": text, "open": open_to, "button": button}))
    if said == UNFIT:
        raise GoneError
    if text is not None and not said:
        # Some pages listen to keys alone. The field may go away at the first letter; then the next look finds out.
        with contextlib.suppress(Error):
            await element.press("End", timeout=_PATIENCE)
    return said


async def leave_field(page: Page) -> None:
    """Go on to the next field, as a person does: some pages look at an address only then."""
    with clean_errors():
        await page.keyboard.press("Tab")
        await page.evaluate(_SETTLED)


async def press(page: Page, element: ElementHandle) -> None:
    """Press a button by keyboard, so that nothing that lies over it is in the way; what is none by the mouse.

    Raises:
        GoneError: It is not there any more.
    """
    with clean_errors():
        if await element.evaluate(_PREPARED):
            await page.keyboard.press("Enter")
            return
        try:
            # Some hear of the pointer alone. Nothing is pressed where something else lies.
            await element.click(timeout=_REACHED_WITHIN, no_wait_after=True)
        except TookTooLongError:
            await element.evaluate("element => element.click()")


async def press_enter(field: ElementHandle) -> None:
    """Send a form that has no button."""
    with clean_errors():
        await field.press("Enter", timeout=_PATIENCE, no_wait_after=True)


async def keep_picture(page: Page, folder: Path, *, hide: Iterable[str] = ()) -> Path | None:
    """Keep a screenshot with all fields covered; None where there is none to be had.

    Args:
        page: The page.
        folder: Where to keep it.
        hide: Texts that are covered wherever else the page shows them.
    """
    try:
        masks = [frame.locator(_FILLED) for frame in page.frames]
        masks += [frame.get_by_text(text) for frame in page.frames for text in hide if text]
        picture = await page.screenshot(mask=masks, timeout=_PATIENCE)
    except Error:
        return None
    try:
        path = private_folder(folder) / "sign-in-page.png"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(picture)
    except OSError:
        return None
    return path
