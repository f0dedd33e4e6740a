"""One to four log panes, side by side where there is room for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError
from wandb_tui.core.persistence import Json
from wandb_tui.core.watch_list import WatchedRun, WatchList
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.logs.options import LogOptions
from wandb_tui.ui.logs.pane import LogPane
from wandb_tui.ui.logs.split import Split, SplitAxis

MAX_PANES = 4
"""How many panes there are at most."""

_ROOMY_WIDTH = 70
"""How wide a pane is at least where nobody has asked for it."""

_LEAST_WIDTH = 38
_LEAST_HEIGHT = 4
_SMALLEST_WIDTH, _SMALLEST_HEIGHT = 16, 3
"""To this a pane may be made small by hand, in cells."""

_STEP = 4
"""By so many cells a key makes a pane wider."""

_PATH_PARTS = 3
_FOLLOWING = 3
"""How many panes follow the cursor at most."""


class Panes(Container):
    """The panes. Pinned ones show their own run; room that is left beside them follows the cursor, down the table."""

    class Resized(Message):
        """A divider was dragged."""

    class Raised(Message):
        """The upper edge is being dragged to another line of the screen."""

        def __init__(self, to: int) -> None:
            super().__init__()
            self.to = to

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
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
        """The runs that have a pane of their own."""
        return list(self._pinned)

    @property
    def panes(self) -> list[LogPane]:
        """The panes that can be seen."""
        return [pane for pane in self._all if pane.display]

    @property
    def current(self) -> LogPane | None:
        """The pane in focus, else the one in which one searches, else the first."""
        shown = self.panes
        focused = (pane for pane in shown if pane is self.screen.focused)
        searched = (pane for pane in shown if pane.run == self._searched)
        return next(chain(focused, searched, shown), None)

    @property
    def view(self) -> LogOptions:
        """How all logs are shown."""
        return self._all[0].view

    @view.setter
    def view(self, view: LogOptions) -> None:
        for pane in self._all:
            pane.view = view

    @property
    def zoomed(self) -> bool:
        """Whether one pane has all of the room."""
        return self._zoomed is not None

    def zoom(self, pane: LogPane | None) -> None:
        """Give one pane all of the room, or with None all of them their own again."""
        self._zoomed = pane.run if pane is not None else None
        self._arrange()

    @property
    def saved(self) -> dict[str, Json]:
        """All that the next start should know again."""
        return {"runs": [str(run) for run in self._pinned], "view": self.view.saved, "shares": self._shares.saved}

    def restore(self, kept: Json) -> None:
        """Take back what was kept, as far as it still makes sense."""
        if not isinstance(kept, dict):
            return
        runs = kept.get("runs")
        paths = [path.split("/", 2) for path in runs if isinstance(path, str)] if isinstance(runs, list) else []
        with contextlib.suppress(UsageError):
            self._pinned = [RunAddress(*path) for path in paths if len(path) == _PATH_PARTS][:MAX_PANES]
        self.view = LogOptions.of(kept.get("view"))
        self._shares = Split.of(kept.get("shares"))

    def pin(self, run: RunAddress) -> bool:
        """Give a run a pane of its own; False where all are taken."""
        if run not in self._pinned:
            if len(self._pinned) == MAX_PANES:
                return False
            self._pinned.append(run)
        return True

    def unpin(self, run: RunAddress) -> None:
        """Close a run's pane."""
        if run in self._pinned:
            self._pinned.remove(run)

    def show(self, watch_list: WatchList, from_cursor: Sequence[RunAddress]) -> None:
        """Show the pinned runs, and as many of those from the cursor on as there is good room for."""
        self._watch_list, self._from_cursor = watch_list, from_cursor
        self._pinned = [run for run in self._pinned if run in watch_list]
        roomy = max(1, min(_FOLLOWING, self.size.width // _ROOMY_WIDTH))
        following = [run for run in from_cursor if run not in self._pinned]
        wanted = self._pinned + following[: max(0, roomy - len(self._pinned))]
        for index, pane in enumerate(self._all):
            row = watch_list.get(wanted[index]) if index < len(wanted) else None
            pane.display = row is not None
            pane.show(row, kept=row is not None and row.run in self._pinned)
        self._arrange()

    def repainting(self, rows: Iterable[WatchedRun]) -> Iterator[None]:
        """These runs may have said something: show it pane by pane."""
        changed = {row.run for row in rows}
        for pane in self._all:
            if pane.run in changed:
                pane.repaint()
                yield

    def search(self, run: RunAddress | None) -> None:
        """From now on, with the focus elsewhere, the pane of that run is the current one; without any, the first."""
        self._searched = run

    def find(self, needle: str) -> None:
        """Highlight a text in all logs, and in those to come; only the current one goes there."""
        current = self.current
        for pane in self._all:
            pane.find(needle, go=pane is current)

    @property
    def found(self) -> str:
        """At which of the places one is in the current log, and how many there are in all of them."""
        shown, current = self.panes, self.current
        if current is None:
            return ""
        places = sum(pane.places for pane in shown)
        elsewhere = " (Tab: next log)" if places > current.places else ""
        return current.found + (f" · {places} in all logs{elsewhere}" if len(shown) > 1 else "")

    def recalled(self, row: WatchedRun) -> None:
        """A run's log has got its older lines."""
        for pane in self._all:
            if pane.run == row.run:
                pane.reload()

    def reload(self) -> None:
        """Draw all logs anew."""
        for pane in self._all:
            pane.reload()

    def on_resize(self, _event: events.Resize) -> None:
        """There may be room for another one, or no more."""
        if self._watch_list is not None:
            self.show(self._watch_list, self._from_cursor)

    def _arrange(self) -> None:
        """Side by side, else one above the other; those for which no room is left are hidden."""
        taken = [pane for pane in self._all if pane.run is not None]
        alone = [pane for pane in taken if pane.run == self._zoomed]
        if not alone:
            # Its run may have been removed meanwhile.
            self._zoomed = None
        taken = alone or taken
        self._columns = max(1, min(len(taken) or 1, self.size.width // _LEAST_WIDTH))
        self._rows = max(1, min(-(-len(taken) // self._columns), self.size.height // _LEAST_HEIGHT))
        room = self._columns * self._rows
        # The newest ones stay: they were asked for last.
        seen = taken[-room:]
        for pane in self._all:
            pane.display = pane in seen
        self.styles.grid_size_columns = self._columns
        self.styles.grid_size_rows = self._rows
        self._share()

    # Their sizes

    def _share(self) -> None:
        self.styles.grid_columns = " ".join(
            f"{share}fr" for share in self._shares.of_axis(SplitAxis.ACROSS, self._columns)
        )
        self.styles.grid_rows = " ".join(f"{share}fr" for share in self._shares.of_axis(SplitAxis.DOWN, self._rows))

    def resize(self, step: int) -> bool:
        """Let the current pane grow by so many steps, at the cost of its neighbour; whether there is one."""
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
        # The last one moves the divider before it, all others the one after them.
        last = at == count - 1
        cells = step * (_STEP if axis is SplitAxis.ACROSS else 1)
        edge = self._edges(axis)[at - last]
        self._move(axis, at - last, edge + (-cells if last else cells))
        return True

    @property
    def table_share(self) -> float:
        """How much of the room the table above may have, in per cent."""
        table, rest = self._shares.of_axis(SplitAxis.TABLE, 2)
        return 100 * table / (table + rest)

    def leave_to_table(self, lines: int, *, of: int) -> None:
        """Let the table above have so many lines at most, of so many; half a line more, since it is rounded down."""
        self._shares = self._shares.with_axis(SplitAxis.TABLE, (2 * lines + 1, 2 * (of - lines) - 1))

    def _edges(self, axis: SplitAxis) -> list[int]:
        """Where each divider is: the first cell after it, on the screen."""
        shown = self.panes
        if axis is SplitAxis.ACROSS:
            return [pane.region.right for pane in shown[: self._columns]][:-1]
        return [pane.region.bottom for pane in shown[:: self._columns]][:-1]

    def _move(self, axis: SplitAxis, divider: int, to: int) -> None:
        region = self.region
        start, end = (region.x, region.right) if axis is SplitAxis.ACROSS else (region.y, region.bottom)
        least = _SMALLEST_WIDTH if axis is SplitAxis.ACROSS else _SMALLEST_HEIGHT
        edges = [start, *self._edges(axis), end]
        edges[divider + 1] = max(edges[divider] + least, min(edges[divider + 2] - least, to))
        sizes = [after - before for before, after in pairwise(edges)]
        if min(sizes) > 0:
            self._shares = self._shares.with_axis(axis, sizes)
            self._share()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a divider: the two borders between neighbours, or the upper edge."""
        for axis, at in ((SplitAxis.ACROSS, event.screen_x), (SplitAxis.DOWN, event.screen_y)):
            for divider, edge in enumerate(self._edges(axis)):
                if at in {edge - 1, edge}:
                    self._take_hold(event, axis, divider)
                    return
        if event.screen_y == self.region.y and not self.zoomed:
            self._take_hold(event, SplitAxis.TABLE, 0)

    def _take_hold(self, event: events.MouseDown, axis: SplitAxis, divider: int) -> None:
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
        """Let go of it."""
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()
            self.post_message(self.Resized())

    def on_click(self, event: events.Click) -> None:
        """A title that was taken hold of does not hear of the second click on it."""
        pane = next((pane for pane in self.panes if pane.region.contains_point(event.screen_offset)), None)
        if event.chain == 2 and pane is not None and event.screen_y == pane.region.y:  # noqa: PLR2004 - a double click
            self.post_message(LogPane.ZoomWanted(pane))
