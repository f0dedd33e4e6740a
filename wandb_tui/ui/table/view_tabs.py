"""The line of tabs, one for each of the user's views, and the actions on views."""

from __future__ import annotations

import asyncio
import time
from itertools import chain
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.saved_view import SavedView
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.run_prompts import hint
from wandb_tui.ui.runtime.backend import SaveViews
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.run_table import RunTable
from wandb_tui.ui.table.saved_views import SavedViews, ViewTab

if TYPE_CHECKING:
    from wandb_tui.ui.table.view_dialog import ViewChoice

_MAX_NAME_CELLS, _MIN_NAME_CELLS = 24, 4
"""The most cells of a name, and the least: where there is room for less, only the view that is shown has a name."""

_IDLE_FACTOR = 20
"""Count the runs of each view at most in one part of this many of the time."""


class ViewTabs(Widget):
    """Each tab has the key of its view, its name, and how many runs match. Hidden if there are no views."""

    tabs: reactive[tuple[ViewTab, ...]] = reactive(())
    """The tabs."""

    class Switched(Message):
        """The table shows another view."""

    def __init__(self, session: Session, table: RunTable, glyphs: Glyphs) -> None:
        super().__init__()
        self._session = session
        self._table = table
        self._glyphs = glyphs
        self.saved = SavedViews(session.backend.views, table.facts)
        """All views."""
        self._count_at = 0.0
        self._storing = asyncio.Lock()
        self.display = False

    def watch_tabs(self) -> None:
        """Show the line only if there are views."""
        self.display = bool(self.tabs)

    def render(self) -> Content:
        """The line."""
        width, cells = self.content_size.width, range(_MAX_NAME_CELLS, _MIN_NAME_CELLS - 1, -1)
        lines = chain(
            (self._line(name, name) for name in cells),
            (self._line(name, 0) for name in cells),
            (self._line(name, 0, all_counts=False) for name in cells),
        )
        return next((line for line in lines if line.cell_length <= width), self._line(0, 0, all_counts=False))

    def _line(self, active_cells: int, other_cells: int, *, all_counts: bool = True) -> Content:
        """The tabs, with at most so many cells for the name of the view that is shown, and of the others."""
        parts: list[Content] = []
        for number, tab in enumerate(self.tabs, 1):
            count = self._glyphs.text("…") if tab.count is None else str(tab.count)
            cells = active_cells if tab.active else other_cells
            name = self._glyphs.fit(clean(tab.name), cells) if cells else ""
            shown_count = f" {count} " if all_counts or tab.active else ""
            key_style, count_style = ("bold", "") if tab.active else ("bold $accent", "$quiet")
            label = Content.assemble((f" {number} ", key_style), name, (shown_count, count_style))
            parts.append(label.stylize("reverse" if tab.active else "").stylize(Style.from_meta({"view": number})))
        return Content(" ").join(parts)

    def on_click(self, event: events.Click) -> None:
        """Show the view whose tab is clicked; Textual's own links would lose the colours."""
        if (number := event.style.meta.get("view")) is not None:
            self.action_show_view(number)

    def tick(self) -> None:
        """Count again, unless that would take too much of the time; to be called once a second, and after changes."""
        if len(self.saved) and time.monotonic() >= self._count_at:
            self.count()

    def count(self) -> None:
        """Count the runs of each view, and mark the one that is shown."""
        began = time.thread_time()
        self.tabs = self.saved.tabs(self._table.view, self._session.watch_list, self._session.now)
        self._count_at = time.monotonic() + _IDLE_FACTOR * (time.thread_time() - began)

    def action_show_view(self, number: int) -> None:
        """Show a view, or what was shown before it."""
        if not self.saved.toggle(self._table.view, number):
            hint(self, self._session.keys.hint(f"There is no view {number}", "save_view", "saves one"))
            return
        self._table.view_changed()
        self.count()
        self.post_message(self.Switched())

    async def action_save_view(self) -> None:
        """Ask for a name, and save what the table shows under it."""
        from wandb_tui.ui.table.view_dialog import ViewDialog

        active = self.saved.active(self._table.view)
        names = [view.name for view in self.saved.all]
        await self.app.push_screen(ViewDialog(active.name if active else "", names), self._save)

    def _save(self, choice: ViewChoice | None) -> None:
        save = self._session.backend.save_views
        if choice is None or save is None:
            return
        before = list(self.saved.all)
        if choice.delete:
            self.saved.remove(choice.name)
        else:
            self.saved.save(self._table.view, choice.name)
        self.count()
        self.run_worker(self._store(save, list(self.saved.all), before))

    async def _store(self, save: SaveViews, views: list[SavedView], before: list[SavedView]) -> None:
        """Write the views, one change after the other, and not on this thread: the disk may be slow."""
        async with self._storing:
            try:
                await asyncio.to_thread(save, views)
            except WandbTuiError as error:
                hint(self, str(error))
                if self.saved.all == views:
                    self.saved.replace(before)
                    self.count()
