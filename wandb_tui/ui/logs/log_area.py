"""The lower part of the dashboard: the log panes, the search bar, and the actions on logs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.run_prompts import hint
from wandb_tui.ui.logs.consoles import Consoles
from wandb_tui.ui.logs.find_bar import FindBar
from wandb_tui.ui.logs.options import LogOptions
from wandb_tui.ui.logs.pane import LogPane
from wandb_tui.ui.logs.panes import MAX_PANES, Panes
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.ports import Console
from wandb_tui.ui.runtime.session import Session


class LogArea(Vertical):
    """Shows logs and owns their actions. Most apply to all panes, some to the focused one."""

    class Left(Message):
        """The user wants to go back to the table."""

    class PanesChanged(Message):
        """Panes were opened or closed."""

    class OptionsChanged(Message):
        """A log was zoomed, paused or shown in another way, so that `labels` have changed."""

    def __init__(self, session: Session, glyphs: Glyphs, cursor: Callable[[], RunAddress | None]) -> None:
        """Create the panes.

        Args:
            session: The watch list, and what is remembered between sessions.
            glyphs: The glyphs to draw with.
            cursor: Returns the run under the table's cursor.
        """
        super().__init__()
        self._session = session
        self._cursor = cursor
        self._from_cursor: Sequence[RunAddress] = ()
        self._focus_before_zoom: Widget | None = None
        self._consoles = Consoles(session.clock)
        self._reading_console = False
        self.panes = Panes(glyphs, self._consoles)
        self.find_bar = FindBar()

    def compose(self) -> ComposeResult:
        """The panes, the search bar."""
        yield self.panes
        yield self.find_bar

    def restore(self) -> None:
        """Open the panes of the last session."""
        self.panes.restore(self._session.view.get("panes"))

    def save_layout(self) -> None:
        """Remember the panes, their sizes and options for the next start."""
        self._session.remember("panes", self.panes.saved)

    def show(self, from_cursor: Sequence[RunAddress]) -> None:
        """Show pinned runs, and the runs from the cursor on where there is room; loads missing lines from disk."""
        self._from_cursor = from_cursor
        self.panes.show(self._session.watch_list, from_cursor)
        self.screen.set_class(self.panes.zoomed, "-zoomed")
        for pane in self.panes.panes:
            if pane.run is not None:
                self._session.load_log(pane.run)
        self.show_match_count()

    def repaint(self, rows: Iterable[WatchedRun] | None = None) -> None:
        """Show new lines of these runs, and the matches among them; None: of all runs."""
        self.panes.repaint(rows)
        self.show_match_count()

    @property
    def _focused_pane(self) -> LogPane | None:
        focused = self.screen.focused
        return focused if isinstance(focused, LogPane) else None

    @property
    def pointed_at(self) -> RunAddress | None:
        """The run of the focused pane, else the one under the table's cursor."""
        return self._focused_pane.run if self._focused_pane is not None else self._cursor()

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the toggles whose next effect is not the one they are named after, by full id."""
        view, pane = self.panes.view, self.panes.current
        toggled = {
            "logs.zoom": ("Exit full screen", self.panes.zoomed),
            "logs.follow": ("Pause", pane is not None and pane.following),
            "logs.wrap": ("Unwrap", view.wrap),
            "logs.fold": ("Fold", not view.fold),
            "logs.console": ("Own log", pane is not None and pane.run_console is not None),
        }
        return {action: label for action, (label, on) in toggled.items() if on}

    # Opening and closing

    def pin(self, runs: Sequence[RunAddress]) -> None:
        """Open a pane for each of these runs, as long as there is room."""
        for run in runs:
            if not self.panes.pin(run):
                hint(self, self._session.keys.hint(f"{MAX_PANES} panes are open", "close_pane", "closes one"))
                break
        self._panes_changed()

    def action_close_pane(self) -> None:
        """Close the focused pane, else that of the run under the cursor, else the newest."""
        pinned = self.panes.pinned
        focused = self._focused_pane.run if self._focused_pane is not None else None
        run = next((run for run in (focused, self._cursor(), *reversed(pinned)) if run in pinned), None)
        if run is not None:
            self.panes.unpin(run)
            self._zoom(None)
            self.post_message(self.Left())
            self._panes_changed()

    def _panes_changed(self) -> None:
        self.show(self._from_cursor)
        self.save_layout()
        self.post_message(self.PanesChanged())

    # Options

    def action_follow(self) -> None:
        """Follow the newest line, or pause."""
        if (pane := self.panes.current) is not None:
            if pane.following:
                pane.pause()
            else:
                pane.action_follow()

    def action_wrap(self) -> None:
        """Wrap long lines, or scroll sideways."""
        self._set_options(replace(self.panes.view, wrap=not self.panes.view.wrap))

    def action_times(self) -> None:
        """Switch between the time of day and the time since the attempt started."""
        self._set_options(replace(self.panes.view, relative=not self.panes.view.relative))

    def action_fold(self) -> None:
        """Fold repeated lines into one, or show each."""
        self._set_options(replace(self.panes.view, fold=not self.panes.view.fold))

    def action_level(self) -> None:
        """Cycle the lowest level shown."""
        self._set_options(self.panes.view.next_level)

    def _set_options(self, view: LogOptions) -> None:
        self.panes.view = view
        self.save_layout()
        self.post_message(self.OptionsChanged())

    # The runs' consoles

    def action_console(self) -> None:
        """Show the console of the pane's run, or its log again."""
        if self._session.backend.console is None:
            hint(self, "Consoles cannot be read here")
            return
        self.panes.toggle_console()
        self._panes_changed()
        self.post_message(self.OptionsChanged())
        self.read_consoles()

    def read_consoles(self) -> None:
        """Read the console in view that is due, one at a time; to be called once a second."""
        make, run = self._session.backend.console, self._consoles.due(self.panes.console_runs)
        if make is not None and run is not None and not self._reading_console:
            self._reading_console = True
            self.run_worker(self._read_console(make, run))

    async def _read_console(self, make: Callable[[], Console], run: RunAddress) -> None:
        console = self._consoles.of(run)
        try:
            reader = await asyncio.to_thread(make)
            if reader.pause() > 0:
                return
            page = await asyncio.to_thread(reader.read, run, console.position)
        except WandbTuiError as error:
            kept = console.failed(error.message, self._session.now)
        else:
            kept = console.take(page, self._session.now)
        finally:
            self._reading_console = False
        self.panes.console_read(console, kept)
        self.show_match_count()

    # Size

    def action_zoom(self) -> None:
        """Toggle full screen for one pane."""
        self._zoom(None if self.panes.zoomed else self.panes.current)

    @on(LogPane.ZoomWanted)
    def _zoom_wanted(self, event: LogPane.ZoomWanted) -> None:
        self._zoom(None if self.panes.zoomed else event.pane)

    def _zoom(self, pane: LogPane | None) -> None:
        focused = self.screen.focused
        self.panes.zoom(pane)
        self.show(self._from_cursor)
        if pane is not None:
            self._focus_before_zoom = None if isinstance(focused, LogPane | Input) else focused
            pane.focus()
        elif self._focus_before_zoom is not None:
            self._focus_before_zoom.focus()
        self.post_message(self.OptionsChanged())

    @on(LogPane.Retitled)
    def _retitled(self) -> None:
        self.post_message(self.OptionsChanged())

    @on(LogPane.Left)
    def _pane_left(self) -> None:
        if self.find_bar.value:
            self.find_bar.end()
        elif self.panes.zoomed:
            self._zoom(None)
        else:
            self.post_message(self.Left())

    def action_grow_pane(self) -> None:
        """Enlarge the pane."""
        self._resize(1)

    def action_shrink_pane(self) -> None:
        """Shrink the pane."""
        self._resize(-1)

    def _resize(self, step: int) -> None:
        if self.panes.resize(step):
            self.save_layout()
        else:
            hint(self, self._session.keys.hint("There is only one pane", "logs", "opens another"))

    @on(Panes.Resized)
    def _resized(self) -> None:
        self.save_layout()

    # Search

    def action_find(self) -> None:
        """Open the search bar."""
        self.panes.search(self.pointed_at)
        self.find_bar.open()

    def action_find_next(self) -> None:
        """Go to the next match."""
        self._find_next(1)

    def action_find_previous(self) -> None:
        """Go to the previous match."""
        self._find_next(-1)

    def _find_next(self, step: int) -> None:
        if not self.find_bar.value:
            self.action_find()
        elif (pane := self.panes.current) is not None:
            pane.find_next(step)
            self.show_match_count()

    def show_match_count(self) -> None:
        """Show the position and the number of matches in the search bar."""
        self.find_bar.found = self.panes.found if self.find_bar.value else ""

    def end_search(self) -> bool:
        """Close the search bar; whether there was a search."""
        searching = bool(self.find_bar.value)
        if searching:
            self.find_bar.end()
        return searching

    @on(FindBar.Changed)
    def _search_changed(self, event: FindBar.Changed) -> None:
        event.stop()
        self.panes.find(event.value)
        if not self.find_bar.display:
            self.panes.search(None)
        self.show_match_count()

    @on(FindBar.Left)
    def _search_left(self) -> None:
        if (pane := self.panes.current) is not None:
            pane.focus()

    # Export

    def action_copy_log(self) -> None:
        """Copy the log to the clipboard."""
        from wandb_tui.ui.logs.export import newest

        if (pane := self.panes.current) is not None:
            text = pane.text
            copied = newest(text)
            lines = copied.count("\n")
            what = "line" if lines == 1 else f"{lines} lines"
            said = f"The newest {what} copied" if len(copied) < len(text) else f"{what.capitalize()} copied"
            app_context(self).copy(copied, said, timeout=3)

    def action_save_log(self) -> None:
        """Save the log to a file."""
        if (pane := self.panes.current) is not None and pane.run is not None:
            self.run_worker(self._save(pane.run, pane.text, "console" if pane.run_console is not None else ""))

    async def _save(self, run: RunAddress, text: str, kind: str) -> None:
        from wandb_tui.ui.logs.export import save

        try:
            path = await asyncio.to_thread(save, run, text, kind=kind)
        except OSError as error:
            self.app.notify(f"The log cannot be saved: {error.strerror}.", severity="error", markup=False)
        else:
            self.app.notify(f"Log saved: {clean(str(path), 400)}", timeout=10, markup=False)
