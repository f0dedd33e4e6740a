"""Base class of the screens that show runs: it keeps them up to date and shares actions on runs."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.dom import DOMNode
from textual.events import Resize
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets._toast import Toast, ToastRack

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.run_prompts import MAX_NAMED, confirm_runs, hint, named
from wandb_tui.ui.input.actions import Action, Scope
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.session import Session

if TYPE_CHECKING:
    from wandb_tui.ui.common.copy_formats import CopyFormat

_MAX_TOAST_PERCENT = 33
"""The share of the screen's height that toasts may take, as in the style sheet."""


class RunScreen(Screen[None]):
    """A screen that shows runs and is updated while it is open, also under a dialog."""

    PLACES: ClassVar[tuple[Scope, ...]] = ()
    """The scopes whose actions are available here."""

    session: Session
    glyphs: Glyphs
    _toast_lines = 0

    @property
    @abstractmethod
    def app_url(self) -> str:
        """Base address of the server's pages; empty until it is known."""

    @abstractmethod
    def target_rows(self) -> list[WatchedRun]:
        """The runs that an action applies to."""

    @abstractmethod
    def applies(self, action: Action) -> bool:
        """Whether an action is possible now."""

    def action_owner(self, name: str) -> DOMNode:  # noqa: ARG002 - for subclasses
        """The widget whose ``action_`` method handles an action: this screen, unless a subclass delegates it."""
        return self

    # Updates

    @abstractmethod
    def repainting(self, rows: Iterable[WatchedRun]) -> Iterator[None]:
        """Show changed rows step by step, so that a key press can be handled between two steps."""

    def repaint(self, rows: Iterable[WatchedRun]) -> None:
        """Show changed rows now."""
        for _ in self.repainting(rows):
            pass

    @abstractmethod
    def tick(self) -> None:
        """Update the clocks; called once a second."""

    def redraw(self) -> None:
        """Draw everything again, with other glyphs."""
        self.tick()
        for widget in self.walk_children(Widget):
            widget.refresh()

    # Toasts

    @property
    @abstractmethod
    def above_toasts(self) -> Widget:
        """The widget that makes room for toasts above the key bar, so that they hide nothing."""

    def on_mount(self) -> None:
        """Make room for toasts as they come and go."""
        self.screen_layout_refresh_signal.subscribe(self, lambda _: self._make_room())

    def _make_room(self) -> None:
        # Of the rack itself, which is invisible, no region is known.
        lines = sum(toast.region.height for toast in self.query(Toast))
        lines = min(lines, self.size.height * _MAX_TOAST_PERCENT // 100)
        if lines != self._toast_lines:
            self._toast_lines = lines
            self.above_toasts.styles.margin = (0, 0, lines, 0)

    def on_screen_suspend(self) -> None:
        """Hide the toasts: the screen in front shows them."""
        self._show_toasts(False)

    def on_screen_resume(self) -> None:
        """Show the toasts again, and use the size that the terminal has by now."""
        self._show_toasts(True)
        if self.size != self.app.size:
            self.post_message(Resize(self.app.size, self.app.size))

    def _show_toasts(self, shown: bool) -> None:
        for rack in self.query(ToastRack):
            rack.display = shown
        # A screen in the background is not laid out by itself.
        self._refresh_layout()

    # Actions

    def action_down(self) -> None:
        """Press the down arrow."""
        self.app.simulate_key("down")

    def action_up(self) -> None:
        """Press the up arrow."""
        self.app.simulate_key("up")

    async def action_sign_in(self) -> None:
        """Open the sign-in dialog."""
        await self.app.run_action("app.open_sign_in")

    def action_copy(self) -> None:
        """Open the menu of what can be copied."""
        from wandb_tui.ui.common.copy_menu import CopyMenu

        if rows := self.target_rows():
            self.app.push_screen(
                CopyMenu(rows, named(rows, self.session.watch_list), self.app_url, self.glyphs), self._copy_chosen
            )

    def copy_now(self, copy: CopyFormat) -> None:
        """Copy the runs in one of the formats."""
        rows = self.target_rows()
        text = copy.of(rows, self.app_url)
        if text:
            app_context(self).copy(text, copy.confirmation(text, rows))
        else:
            self.hint(f"{copy.name[0].upper()}{copy.name[1:]}: {copy.missing}")

    def _copy_chosen(self, copy: CopyFormat | None) -> None:
        if copy is not None:
            self.copy_now(copy)

    def action_browse(self) -> None:
        """Open the runs' pages in the browser; asks first if there are many."""
        rows = self.target_rows()
        runs = [row.run for row in rows]
        if not self.app_url:
            self.hint("The server's address is not known yet")
        elif len(runs) > MAX_NAMED:
            confirm_runs(self, "Open", rows, f"This opens {len(runs)} tabs.", lambda: self._browse(runs), no="Not now")
        elif runs:
            self._browse(runs)

    def _browse(self, runs: list[RunAddress]) -> None:
        self.run_worker(self._open_pages([run.page(self.app_url) for run in runs]))

    async def _open_pages(self, urls: list[str]) -> None:
        """Open the pages in a thread; copy the addresses instead if there is no browser."""
        open_page, problem = self.session.backend.open_page, "There is no browser here"
        if self.app.is_web:
            for url in urls:
                self.app.open_url(url)
            return
        if open_page is not None:
            for number, url in enumerate(urls):
                if problem := await asyncio.to_thread(open_page, url):
                    urls = urls[number:]
                    break
        if problem:
            first = clean(urls[0], 300) + (f" and {len(urls) - 1} more" if len(urls) > 1 else "")
            self.app.notify(f"{problem}: {first}", title="Not opened", timeout=10, markup=False)
            count = "Address" if len(urls) == 1 else f"{len(urls)} addresses"
            app_context(self).copy("\n".join(urls), f"{count} copied")
        else:
            self.hint("Opened in the browser")

    def action_user_command(self, number: int) -> None:
        """Run one of the user's own commands."""
        from wandb_tui.ui.common.user_commands import start_command

        start_command(self, self.session.backend.commands[number], self.target_rows())

    def hint(self, text: str) -> None:
        """Show a short message for a moment."""
        hint(self, text)
