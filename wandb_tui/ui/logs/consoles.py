"""The consoles of runs that the panes show, and which of them to read on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.schedule import Clock

if TYPE_CHECKING:
    # Imported for the first console.
    from wandb_tui.ui.logs.console_log import ConsoleLog

_MAX_CONSOLES = 8
"""The maximum number of consoles that are kept, shown or not: twice as many as there are panes."""


class Consoles:
    """The consoles that have been looked at last, and which of them to read now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._logs: OrderedDict[RunAddress, ConsoleLog] = OrderedDict()

    def of(self, run: RunAddress) -> ConsoleLog:
        """The console of a run; a new one is read as soon as possible."""
        from wandb_tui.ui.logs.console_log import ConsoleLog

        found = self._logs.setdefault(run, ConsoleLog(self._clock()))
        self._logs.move_to_end(run)
        while len(self._logs) > _MAX_CONSOLES:
            self._logs.popitem(last=False)
        return found

    def reopen(self, run: RunAddress) -> None:
        """Read a console now, even if its run had ended."""
        self.of(run).due_at = self._clock()

    def due(self, runs: Iterable[RunAddress]) -> RunAddress | None:
        """The run among these whose console has been waiting the longest to be read; None if none is due."""
        now = self._clock()
        waiting = [(log.due_at, run) for run in runs if (log := self.of(run)).due_at is not None and log.due_at <= now]
        return min(waiting, key=lambda pair: pair[0] or 0.0)[1] if waiting else None
