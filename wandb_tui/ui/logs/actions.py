"""What one can do with the log panes."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from dataclasses import replace

from textual import on

from wandb_tui.core.address import RunAddress
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.logs.export import newest, save, text_of
from wandb_tui.ui.logs.find_bar import FindBar
from wandb_tui.ui.logs.options import LogOptions
from wandb_tui.ui.logs.pane import LogPane
from wandb_tui.ui.logs.panes import MOST, Panes
from wandb_tui.ui.table.actions import TableActions

_LEAST_TABLE, _LEAST_LOGS = 3, 4
"""To so many lines the table and the logs may be made small by hand."""
_BARS = 2


class PaneActions(TableActions):
    """The actions that open, close and change the log panes. Most are for all panes, some for the one in focus."""

    panes: Panes
    find_bar: FindBar
    _zoomed_from_table = False

    @abstractmethod
    def show_panes(self) -> None:
        """Which runs have a pane may have changed."""

    @abstractmethod
    def refresh_bars(self) -> None:
        """What stands above and below the table may have changed."""

    @property
    def pointed_at(self) -> RunAddress | None:
        """The run of the pane in focus, else the one under the cursor."""
        return self.focused.run if isinstance(self.focused, LogPane) else self.table.run

    def action_logs(self) -> None:
        """Pin a pane."""
        for run in self.targets():
            if not self.panes.pin(run):
                self.hint(self.session.keys.hint(f"{MOST} panes are open", "close_pane", "closes one"))
                break
        self._panes_changed()

    def action_close_pane(self) -> None:
        """Close the pane in focus, that of the run under the cursor, or the newest."""
        pinned = self.panes.pinned
        focused = self.focused.run if isinstance(self.focused, LogPane) else None
        run = next((run for run in (focused, self.table.run, *reversed(pinned)) if run in pinned), None)
        if run is not None:
            self.panes.unpin(run)
            self._zoom(None)
            self.table.focus()
            self._panes_changed()

    def _panes_changed(self) -> None:
        self.show_panes()
        self.refresh_bars()
        self._keep_panes()

    def _keep_panes(self) -> None:
        self.session.remember("panes", self.panes.kept)

    # How logs are shown

    def action_follow(self) -> None:
        """Follow the newest line, or pause."""
        if (pane := self.panes.current) is not None:
            if pane.following:
                pane.pause()
            else:
                pane.action_follow()

    def action_wrap(self) -> None:
        """Break long lines, or scroll sideways."""
        self._view(replace(self.panes.view, wrap=not self.panes.view.wrap))

    def action_times(self) -> None:
        """Time of day, or since the attempt began."""
        self._view(replace(self.panes.view, relative=not self.panes.view.relative))

    def action_fold(self) -> None:
        """Lines that say the same as one that counts them, or each of them."""
        self._view(replace(self.panes.view, fold=not self.panes.view.fold))

    def action_level(self) -> None:
        """Fewer lines, or all."""
        self._view(self.panes.view.next_level)

    def _view(self, view: LogOptions) -> None:
        self.panes.view = view
        self._keep_panes()

    # How large they are

    def action_zoom(self) -> None:
        """All of the screen for one pane, or no longer."""
        self._zoom(None if self.panes.zoomed else self.panes.current)

    @on(LogPane.ZoomWanted)
    def _zoom_wanted(self, event: LogPane.ZoomWanted) -> None:
        self._zoom(None if self.panes.zoomed else event.pane)

    def _zoom(self, pane: LogPane | None) -> None:
        before = self.focused
        self.panes.zoom(pane)
        self.show_panes()
        if pane is not None:
            self._zoomed_from_table = before is self.table
            pane.focus()
        elif self._zoomed_from_table:
            self.table.focus()

    @on(LogPane.Left)
    def _pane_left(self) -> None:
        if self.find_bar.value:
            self.find_bar.end()
        elif self.panes.zoomed:
            self._zoom(None)
        else:
            self.table.focus()

    def action_grow_pane(self) -> None:
        """Let the pane grow."""
        self._resize(1)

    def action_shrink_pane(self) -> None:
        """Let the pane shrink."""
        self._resize(-1)

    def _resize(self, step: int) -> None:
        if self.panes.resize(step):
            self._keep_panes()
        else:
            self.hint(self.session.keys.hint("There is one pane only", "logs", "opens another"))

    def action_grow_logs(self) -> None:
        """Let all logs grow, at the cost of the table."""
        self._move_edge(-1)

    def action_shrink_logs(self) -> None:
        """Let the table grow, at the cost of the logs."""
        self._move_edge(1)

    def _move_edge(self, by: int) -> None:
        if self._give_table(self.table.size.height + by):
            self._keep_panes()
        else:
            self.hint(
                "The table shows all its runs" if by > 0 and not self.panes.zoomed else "The logs have all they can"
            )

    @on(Panes.Raised)
    def _raised(self, event: Panes.Raised) -> None:
        self._give_table(self.table.size.height + event.to - self.panes.region.y)

    def _give_table(self, lines: int) -> bool:
        """Let the table have so many lines, if it has as many runs and the logs keep some; whether that changes it."""
        now = self.table.size.height
        most = min(self.table.virtual_size.height, now + self.panes.size.height - _LEAST_LOGS)
        lines = max(_LEAST_TABLE, min(most, lines))
        if lines == now or self.panes.zoomed:
            return False
        # Of this is what a height in per cent is a part: the screen without header, keys and margin.
        room = self.size.height - _BARS - self.table.styles.margin.height
        self.panes.leave_to_table(lines, of=room)
        self.share_with_table()
        return True

    def share_with_table(self) -> None:
        """Give the table what is its own."""
        self.table.styles.max_height = f"{self.panes.table_share:.3f}%"

    @on(Panes.Resized)
    def _resized(self) -> None:
        self._keep_panes()

    # Finding

    def action_find(self) -> None:
        """Type what to find."""
        self._open_find()

    def _open_find(self) -> None:
        self.panes.search(self.pointed_at)
        self.find_bar.open()

    def action_find_next(self) -> None:
        """The next place."""
        self._find_next(1)

    def action_find_previous(self) -> None:
        """The place before."""
        self._find_next(-1)

    def _find_next(self, step: int) -> None:
        if not self.find_bar.value:
            self._open_find()
        elif (pane := self.panes.current) is not None:
            pane.find_next(step)
            self.tell_found()

    def tell_found(self) -> None:
        """Say beside the text where it stands: in the log where one looks, and in all."""
        self.find_bar.found = self.panes.found if self.find_bar.value else ""

    def action_clear(self) -> None:
        """End the find; else what there is to clear in the table."""
        if self.find_bar.value:
            self.find_bar.end()
        else:
            super().action_clear()

    @on(FindBar.Changed)
    def _find_changed(self, event: FindBar.Changed) -> None:
        event.stop()
        self.panes.find(event.value)
        if not self.find_bar.display:
            self.panes.search(None)
        self.tell_found()

    @on(FindBar.Left)
    def _find_left(self) -> None:
        if (pane := self.panes.current) is not None:
            pane.focus()

    # Out of the window

    def action_copy_log(self) -> None:
        """Copy the log."""
        if (pane := self.panes.current) is not None:
            text = text_of(pane.log_lines)
            copied = newest(text)
            self.app.copy_to_clipboard(copied)
            lines = copied.count("\n")
            what = "line" if lines == 1 else f"{lines} lines"
            self.hint(f"The newest {what} copied" if len(copied) < len(text) else f"{what.capitalize()} copied")

    def action_save_log(self) -> None:
        """Write the log to a file."""
        if (pane := self.panes.current) is not None and pane.run is not None:
            self.run_worker(self._save(pane.run, text_of(pane.log_lines)))

    async def _save(self, run: RunAddress, text: str) -> None:
        try:
            path = await asyncio.to_thread(save, run, text)
        except OSError as error:
            self.app.notify(f"The log cannot be saved: {error.strerror}.", severity="error", markup=False)
        else:
            self.app.notify(clean(str(path), 400), title="Log saved", timeout=10, markup=False)
