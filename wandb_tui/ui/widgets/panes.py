"""One to four log panes, side by side where there is room for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Container

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch import Watch, Watched
from wandb_tui.ui.look import Look
from wandb_tui.ui.widgets.log_pane import LogPane

MOST = 4
"""How many panes there are at most."""

_ROOMY_WIDTH = 70
"""How wide a pane is at least where nobody has asked for it."""

_LEAST_WIDTH = 38
_LEAST_HEIGHT = 4
_FOLLOWING = 3
"""How many panes follow the cursor at most."""


class Panes(Container):
    """The panes. Pinned ones show their own run; room that is left beside them follows the cursor, down the table."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._all = [LogPane(look) for _ in range(MOST)]
        self._pinned: list[RunAddress] = []
        self._watch: Watch | None = None
        self._from_cursor: Sequence[RunAddress] = ()

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

    def pin(self, run: RunAddress) -> bool:
        """Give a run a pane of its own; False where all are taken."""
        if run not in self._pinned:
            if len(self._pinned) == MOST:
                return False
            self._pinned.append(run)
        return True

    def unpin(self, run: RunAddress) -> None:
        """Close a run's pane."""
        if run in self._pinned:
            self._pinned.remove(run)

    def focus_run(self, run: RunAddress) -> None:
        """Bring a run's pane into focus."""
        for pane in self.panes:
            if pane.run == run:
                pane.focus()

    def show(self, watch: Watch, from_cursor: Sequence[RunAddress]) -> None:
        """Show the pinned runs, and as many of those from the cursor on as there is good room for."""
        self._watch, self._from_cursor = watch, from_cursor
        self._pinned = [run for run in self._pinned if run in watch]
        roomy = max(1, min(_FOLLOWING, self.size.width // _ROOMY_WIDTH))
        following = [run for run in from_cursor if run not in self._pinned]
        wanted = self._pinned + following[: max(0, roomy - len(self._pinned))]
        for index, pane in enumerate(self._all):
            row = watch.get(wanted[index]) if index < len(wanted) else None
            pane.display = row is not None
            pane.show(row)
        self._arrange()

    def repaint(self, rows: Iterable[Watched]) -> None:
        """These runs may have said something."""
        changed = {row.run for row in rows}
        for pane in self._all:
            if pane.run in changed:
                pane.repaint()

    def recalled(self, row: Watched) -> None:
        """A run's log has got its older lines."""
        for pane in self._all:
            if pane.run == row.run:
                pane.reload()

    def on_resize(self, _event: events.Resize) -> None:
        """There may be room for another one, or no more."""
        if self._watch is not None:
            self.show(self._watch, self._from_cursor)

    def _arrange(self) -> None:
        """Side by side, else one above the other; those for which no room is left are hidden."""
        taken = [pane for pane in self._all if pane.run is not None]
        columns = max(1, min(len(taken) or 1, self.size.width // _LEAST_WIDTH))
        lines = max(1, min(-(-len(taken) // columns), self.size.height // _LEAST_HEIGHT))
        room = columns * lines
        # The newest ones stay: they were asked for last.
        for index, pane in enumerate(taken):
            pane.display = index >= len(taken) - room
        self.styles.grid_size_columns = columns
        self.styles.grid_size_rows = lines
