"""``wandb-tui wait`` on a terminal: a live table of the runs, and a lasting line for each run that has ended."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from queue import SimpleQueue

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from wandb_tui.cli.console import fitted
from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
from wandb_tui.cli.wait.options import WaitOptions
from wandb_tui.cli.wait.output import Output
from wandb_tui.core.state import State
from wandb_tui.library.event import Event
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.results import GroupSummary, RunSummary
from wandb_tui.text.durations import format_elapsed
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean

_COLOURS = {
    State.AVAILABLE: "green",
    State.TIMED_OUT: "red",
    State.FAILED: "red",
    State.CANCELLED: "dim",
    State.QUEUED: "dim",
    State.SIGNING_IN: "cyan",
    State.VISITING: "cyan",
    State.WAITING: "yellow",
}
_WORDS_FROM_CELLS = 60
_FREE_LINES = 3
_MIN_CELLS, _ECHO_CELLS = 20, 3


class LiveTable(Output):
    """Shows each waiting run in a row; a run that ends gets a line above the table instead."""

    def __init__(self, options: WaitOptions, notice: FirstAnswerNotice, *, ascii_look: bool) -> None:
        super().__init__(options, notice)
        self._console = Console(
            file=sys.stderr if options.to_stderr else sys.stdout, highlight=False, emoji=False, markup=False
        )
        self._glyphs = Glyphs(ascii=ascii_look or not self._console.encoding.startswith("utf"))
        self._live: Live | None = None
        # Filled by the monitors' threads; only one thread may print lines and table.
        self._ended: SimpleQueue[Event] = SimpleQueue()
        self._notices: SimpleQueue[str] = SimpleQueue()

    def on_event(self, event: Event) -> None:
        """Queue the line of a run that has ended; the table shows everything else."""
        self._notice.on_event(event)
        if event.state.final and not (self.closing and event.state is State.CANCELLED):
            self._ended.put(event)

    def tick(self) -> None:
        """Print the lines of runs that have ended, and redraw the table."""
        self._say_ended()
        if self._live is not None:
            self._live.refresh()

    def notice(self, text: str) -> None:
        """Remember a notice for its line above the table."""
        self._notices.put(text)

    @contextlib.contextmanager
    def showing(self, group: MonitorGroup) -> Iterator[None]:
        """Show the table, and remove it afterwards."""
        self._live = Live(
            console=self._console,
            get_renderable=lambda: self._table(group.summary()),
            auto_refresh=False,
            transient=True,
            # Other programs' output on the terminal stays where it is.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with self._live:
            yield

    @contextlib.contextmanager
    def making_room(self) -> Iterator[None]:
        """Remove the table while the user's command uses the terminal."""
        if self._live is None:
            yield
            return
        self._say_ended()
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def conclude(self, summary: GroupSummary, interrupted: str) -> None:
        """Print a line for each run that was cancelled, and for several runs the counts."""
        self._say_ended()
        ends = [run.state if run.state.final else State.CANCELLED for run in summary.runs]
        for run, end in zip(summary.runs, ends, strict=True):
            if end is State.CANCELLED:
                self._say(end, str(run.run), run.elapsed, interrupted or "Cancelled")
        if self._several:
            parts = [f"{number} {state.value}" for state, number in Counter(ends).items()]
            self._console.print(Text(f"{len(ends)} runs: {', '.join(parts)}"), soft_wrap=True)

    def _say_ended(self) -> None:
        while not self._notices.empty():
            self._console.print(Text(fitted(self._plain(self._notices.get()), self._console.width)), soft_wrap=True)
        while not self._ended.empty():
            event = self._ended.get()
            self._say(event.state, str(event.run), event.elapsed, event.message)

    def _say(self, state: State, run: str, elapsed: float, message: str) -> None:
        text = f"{self._glyphs.icon(state)} {run}  {format_elapsed(elapsed)}  {self._plain(message)}"
        line = Text(fitted(text, self._console.width, hang=2))
        line.stylize(_COLOURS[state], 0, 1)
        # The terminal itself breaks longer words, so that they can be copied whole.
        self._console.print(line, soft_wrap=True)

    def _table(self, summary: GroupSummary) -> RenderableType:
        waiting = [run for run in summary.runs if not run.state.final]
        note = Text(fitted(self._plain(self._notice.text), self._width), style="dim")
        room = max(1, self._console.height - _FREE_LINES - (note.plain.count("\n") + 1 if note else 0))
        shown, hidden = waiting[:room], len(waiting[room:])
        table = self._rows(shown)
        if hidden:
            table.add_row("", Text(self._plain(f"… and {hidden} more"), style="dim"))
        return Group(table, note) if note else table

    def _rows(self, runs: Sequence[RunSummary]) -> Table:
        words = self._console.width >= _WORDS_FROM_CELLS
        table = Table.grid(padding=(0, 2, 0, 0))
        table.width = self._width
        table.add_column(no_wrap=True, width=12 if words else 1)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=2, max_width=50 if words else None)
        table.add_column(no_wrap=True, justify="right", width=7)
        if words:
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=3)
        for run in runs:
            sign = self._glyphs.icon(run.state)
            state = Text(f"{sign} {run.state.value}" if words else sign, style=_COLOURS[run.state])
            cells = [state, Text(clean(str(run.run))), Text(format_elapsed(run.elapsed))]
            table.add_row(*cells, *([Text(self._plain(run.message), style="dim")] if words else []))
        return table

    @property
    def _width(self) -> int:
        """Leaves room for the terminal's own “^C”, which would wrap and move the table down."""
        return max(_MIN_CELLS, self._console.width - _ECHO_CELLS)

    def _plain(self, text: str) -> str:
        """Text from outside without control characters, in the symbols that this terminal can show."""
        return self._glyphs.text(clean(text))
