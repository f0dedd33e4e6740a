"""One to four log panes, side by side if there is room."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError
from wandb_tui.core.log import LogLine
from wandb_tui.core.persistence import Json
from wandb_tui.core.watch_list import WatchedRun, WatchList
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.logs.consoles import Consoles
from wandb_tui.ui.logs.options import LogOptions
from wandb_tui.ui.logs.pane import LogPane
from wandb_tui.ui.logs.split import Split, SplitAxis

if TYPE_CHECKING:
    from wandb_tui.ui.logs.console_log import ConsoleLog

MAX_PANES = 4
"""The maximum number of open panes."""

_AUTO_PANE_CELLS = 70
"""The minimum width of a pane that opens by itself, in cells."""

_MIN_AUTO_CELLS = 38
_MIN_AUTO_LINES = 4
_MIN_PANE_CELLS, _MIN_PANE_LINES = 16, 3
"""The minimum size of a pane that is resized by hand, in cells."""

_RESIZE_STEP_CELLS = 4
"""The cells by which a key widens a pane."""

_PATH_PARTS = 3
_MAX_FOLLOWING = 3
"""The maximum number of panes that follow the cursor."""


class Panes(Container):
    """The panes. Pinned ones show their own run; any room left shows the runs from the cursor down."""

    class Resized(Message):
        """A divider was dragged."""

    class Raised(Message):
        """The upper edge is being dragged to another line of the screen."""

        def __init__(self, to: int) -> None:
            super().__init__()
            self.to = to

    def __init__(self, glyphs: Glyphs, consoles: Consoles) -> None:
        super().__init__()
        self._consoles = consoles
        self._pinned_consoles: set[RunAddress] = set()
        self._following_consoles = False
        self._all = [LogPane(glyphs) for _ in range(MAX_PANES)]
        self._pinned: list[RunAddress] = []
        self._watch_list: WatchList | None = None
        self._from_cursor: Sequence[RunAddress] = ()
        self._searched: RunAddress | None = None
        self._zoomed: RunAddress | None = None
        self._shares = Split()
        self._dragged: tuple[SplitAxis, int] | None = None
        self._columns = self._rows = 1

    def compose(self) -> ComposeResult:
        """All four; those without a run are hidden."""
        yield from self._all

    @property
    def pinned(self) -> list[RunAddress]:
        """The runs with pinned panes."""
        return list(self._pinned)

    @property
    def panes(self) -> list[LogPane]:
        """The visible panes."""
        return [pane for pane in self._all if pane.display]

    @property
    def current(self) -> LogPane | None:
        """The focused pane, else the one last searched, else the first."""
        shown = self.panes
        focused = (pane for pane in shown if pane is self.screen.focused)
        searched = (pane for pane in shown if pane.run == self._searched)
        return next(chain(focused, searched, shown), None)

    @property
    def view(self) -> LogOptions:
        """The display options of all logs."""
        return self._all[0].view

    @view.setter
    def view(self, view: LogOptions) -> None:
        for pane in self._all:
            pane.view = view

    @property
    def zoomed(self) -> bool:
        """Whether one pane is in full screen."""
        return self._zoomed is not None

    def zoom(self, pane: LogPane | None) -> None:
        """Show one pane in full screen; with None, all of them again."""
        self._zoomed = pane.run if pane is not None else None
        self._arrange()

    @property
    def saved(self) -> dict[str, Json]:
        """The layout to store for the next start."""
        return {
            "runs": [str(run) for run in self._pinned],
            "consoles": [str(run) for run in self._pinned if run in self._pinned_consoles],
            "following_consoles": self._following_consoles,
            "view": self.view.saved,
            "shares": self._shares.saved,
        }

    def restore(self, saved: Json) -> None:
        """Restore a stored layout; ignores invalid values."""
        if not isinstance(saved, dict):
            return
        runs = saved.get("runs")
        paths = [path.split("/", 2) for path in runs if isinstance(path, str)] if isinstance(runs, list) else []
        with contextlib.suppress(UsageError):
            self._pinned = [RunAddress(*path) for path in paths if len(path) == _PATH_PARTS][:MAX_PANES]
        consoles = saved.get("consoles")
        self._pinned_consoles = {run for run in self._pinned if isinstance(consoles, list) and str(run) in consoles}
        self._following_consoles = saved.get("following_consoles") is True
        self.view = LogOptions.of(saved.get("view"))
        self._shares = Split.of(saved.get("shares"))

    def pin(self, run: RunAddress) -> bool:
        """Pin a pane for a run; returns False if all are taken."""
        if run not in self._pinned:
            if len(self._pinned) == MAX_PANES:
                return False
            self._pinned.append(run)
            if self._following_consoles:
                self._pinned_consoles.add(run)
        return True

    def unpin(self, run: RunAddress) -> None:
        """Close a run's pane."""
        if run in self._pinned:
            self._pinned.remove(run)
            self._pinned_consoles.discard(run)

    def toggle_console(self) -> None:
        """Let the current pane show its run's console, or its log again; if it follows the cursor, all that do."""
        pane = self.current
        if pane is None or pane.run is None:
            return
        if pane.run in self._pinned:
            self._pinned_consoles ^= {pane.run}
        else:
            self._following_consoles = not self._following_consoles
        if pane.run_console is None:
            self._consoles.reopen(pane.run)

    def _shows_console(self, run: RunAddress) -> bool:
        return run in self._pinned_consoles if run in self._pinned else self._following_consoles

    @property
    def console_runs(self) -> list[RunAddress]:
        """The runs whose consoles are in view."""
        return [pane.run for pane in self.panes if pane.run is not None and pane.run_console is not None]

    def console_read(self, console: ConsoleLog, kept: LogLine | None) -> None:
        """Show what was read of a console; the lines after `kept` are new."""
        for pane in self._all:
            pane.console_read(console, kept)

    def show(self, watch_list: WatchList, from_cursor: Sequence[RunAddress]) -> None:
        """Show the pinned runs, and as many from the cursor down as there is room for."""
        self._watch_list, self._from_cursor = watch_list, from_cursor
        self._pinned = [run for run in self._pinned if run in watch_list]
        roomy = max(1, min(_MAX_FOLLOWING, self.size.width // _AUTO_PANE_CELLS))
        following = [run for run in from_cursor if run not in self._pinned]
        wanted = self._pinned + following[: max(0, roomy - len(self._pinned))]
        for index, pane in enumerate(self._all):
            row = watch_list.get(wanted[index]) if index < len(wanted) else None
            pane.display = row is not None
            pane.show(
                row,
                pinned=row is not None and row.run in self._pinned,
                console=self._consoles.of(row.run) if row is not None and self._shows_console(row.run) else None,
            )
        self._arrange()

    def repaint(self, rows: Iterable[WatchedRun] | None = None) -> None:
        """Show new lines of these runs; None: of all."""
        changed = None if rows is None else {row.run for row in rows}
        for pane in self._all:
            if changed is None or pane.run in changed:
                pane.repaint()

    def search(self, run: RunAddress | None) -> None:
        """Make that run's pane the current one while the focus is elsewhere; None: the first."""
        self._searched = run

    def find(self, needle: str) -> None:
        """Highlight a text in all logs, also later ones; only the current one scrolls to a match."""
        current = self.current
        for pane in self._all:
            pane.find(needle, go=pane is current)

    @property
    def found(self) -> str:
        """The position among the matches of the current log, and the number in all logs."""
        shown, current = self.panes, self.current
        if current is None:
            return ""
        matches = sum(pane.match_count for pane in shown)
        elsewhere = " (Tab: next log)" if matches > current.match_count else ""
        return current.match_position + (f" · {matches} in all logs{elsewhere}" if len(shown) > 1 else "")

    def recalled(self, row: WatchedRun) -> None:
        """Show the older lines of a run's log."""
        for pane in self._all:
            if pane.run == row.run:
                pane.reload()

    def reload(self) -> None:
        """Draw all logs again."""
        for pane in self._all:
            pane.reload()

    def on_resize(self, _event: events.Resize) -> None:
        """Show more panes or fewer, as there is room."""
        if self._watch_list is not None:
            self.show(self._watch_list, self._from_cursor)

    def _arrange(self) -> None:
        """Arrange the panes side by side, else in rows; those without room are hidden."""
        taken = [pane for pane in self._all if pane.run is not None]
        alone = [pane for pane in taken if pane.run == self._zoomed]
        if not alone:
            # Its run may have been removed meanwhile.
            self._zoomed = None
        taken = alone or taken
        self._columns = max(1, min(len(taken) or 1, self.size.width // _MIN_AUTO_CELLS))
        self._rows = max(1, min(-(-len(taken) // self._columns), self.size.height // _MIN_AUTO_LINES))
        room = self._columns * self._rows
        # Keep the newest ones: they were opened last.
        seen = taken[-room:]
        for pane in self._all:
            pane.display = pane in seen
        self.styles.grid_size_columns = self._columns
        self.styles.grid_size_rows = self._rows
        self._apply_shares()

    # Sizes

    def _apply_shares(self) -> None:
        self.styles.grid_columns = " ".join(
            f"{share}fr" for share in self._shares.of_axis(SplitAxis.ACROSS, self._columns)
        )
        self.styles.grid_rows = " ".join(f"{share}fr" for share in self._shares.of_axis(SplitAxis.DOWN, self._rows))

    def resize(self, step: int) -> bool:
        """Enlarge the current pane by so many steps, shrinking its neighbour; whether it has one."""
        pane = self.current
        if pane is None:
            return False
        index = self.panes.index(pane)
        axis, at, count = (
            (SplitAxis.ACROSS, index % self._columns, self._columns)
            if self._columns > 1
            else (SplitAxis.DOWN, index // self._columns, self._rows)
        )
        if count < 2:  # noqa: PLR2004 - alone
            return False
        # The last pane moves the divider before it, all others the one after them.
        last = at == count - 1
        cells = step * (_RESIZE_STEP_CELLS if axis is SplitAxis.ACROSS else 1)
        edge = self._edges(axis)[at - last]
        self._move(axis, at - last, edge + (-cells if last else cells))
        return True

    @property
    def table_share(self) -> float:
        """The table's share of the height, in per cent."""
        table, rest = self._shares.of_axis(SplitAxis.TABLE, 2)
        return 100 * table / (table + rest)

    def leave_to_table(self, lines: int, *, of: int) -> None:
        """Limit the table's height to so many lines of a total; half a line more, since Textual rounds down."""
        self._shares = self._shares.with_axis(SplitAxis.TABLE, (2 * lines + 1, 2 * (of - lines) - 1))

    def _edges(self, axis: SplitAxis) -> list[int]:
        """The positions of the dividers: the first cell after each, on the screen."""
        shown = self.panes
        if axis is SplitAxis.ACROSS:
            return [pane.region.right for pane in shown[: self._columns]][:-1]
        return [pane.region.bottom for pane in shown[:: self._columns]][:-1]

    def _move(self, axis: SplitAxis, divider: int, to: int) -> None:
        region = self.region
        start, end = (region.x, region.right) if axis is SplitAxis.ACROSS else (region.y, region.bottom)
        least = _MIN_PANE_CELLS if axis is SplitAxis.ACROSS else _MIN_PANE_LINES
        edges = [start, *self._edges(axis), end]
        edges[divider + 1] = max(edges[divider] + least, min(edges[divider + 2] - least, to))
        sizes = [after - before for before, after in pairwise(edges)]
        if min(sizes) > 0:
            self._shares = self._shares.with_axis(axis, sizes)
            self._apply_shares()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Start dragging a divider (the two borders between neighbours) or the upper edge."""
        for axis, at in ((SplitAxis.ACROSS, event.screen_x), (SplitAxis.DOWN, event.screen_y)):
            for divider, edge in enumerate(self._edges(axis)):
                if at in {edge - 1, edge}:
                    self._start_drag(event, axis, divider)
                    return
        if event.screen_y == self.region.y and not self.zoomed:
            self._start_drag(event, SplitAxis.TABLE, 0)

    def _start_drag(self, event: events.MouseDown, axis: SplitAxis, divider: int) -> None:
        self._dragged = (axis, divider)
        self.capture_mouse()
        event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag it."""
        if self._dragged is not None:
            axis, divider = self._dragged
            if axis is SplitAxis.TABLE:
                self.post_message(self.Raised(event.screen_y))
                return
            self._move(axis, divider, event.screen_x if axis is SplitAxis.ACROSS else event.screen_y)

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """Stop dragging."""
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()
            self.post_message(self.Resized())

    def on_click(self, event: events.Click) -> None:
        """Zoom on a double click: a title that is being dragged does not get its second click."""
        pane = next((pane for pane in self.panes if pane.region.contains_point(event.screen_offset)), None)
        if event.chain == 2 and pane is not None and event.screen_y == pane.region.y:  # noqa: PLR2004 - a double click
            self.post_message(LogPane.ZoomWanted(pane))
