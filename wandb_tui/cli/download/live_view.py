"""``wandb-tui download`` on a terminal: what runs wait for, bars, bytes, rate; a line stays for each that ended."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import deque
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from wandb_tui.cli.console import fitted
from wandb_tui.cli.download.options import DownloadOptions
from wandb_tui.cli.download.output import DownloadOutput
from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
from wandb_tui.core.address import RunAddress
from wandb_tui.core.download_progress import DOWNLOADED, DOWNLOADING, DownloadProgress
from wandb_tui.core.state import State
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.sizes import format_bytes

_RATE_OVER_S = 3.0
_FREE_LINES = 3
_BAR_CELLS = 20
_WORDS_FROM_CELLS = 60
_STYLES = {State.AVAILABLE: "green", State.FAILED: "red", State.WAITING: "yellow", State.VISITING: "cyan"}


class LiveView(DownloadOutput):
    """Shows each run that has not ended in a row."""

    def __init__(self, options: DownloadOptions, notice: FirstAnswerNotice, *, ascii_look: bool) -> None:
        super().__init__(options, notice)
        self._console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
        self._glyphs = Glyphs(ascii=ascii_look or not self._console.encoding.startswith("utf"))
        self._live: Live | None = None
        # Filled by other threads: lines and table must be printed by one thread, or they interleave.
        self._ended: deque[tuple[RunAddress, DownloadProgress]] = deque()
        self._seen: deque[tuple[float, int]] = deque()

    def tick(self) -> None:
        """Print the lines of the runs that have ended since, and redraw the rows."""
        self._say_ended()
        if self._live is not None:
            self._live.refresh()

    @contextlib.contextmanager
    def showing(self) -> Iterator[None]:
        """Show the rows; they are gone afterwards."""
        self._live = Live(
            console=self._console,
            get_renderable=self._rows,
            auto_refresh=False,
            transient=True,
            # Other programs' output on the terminal stays where it is.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with self._live:
            yield
        self._live = None

    def conclude(self) -> None:
        """Print the lines that are still to come, and for several runs how many ended how."""
        self._say_ended()
        if len(self.runs) > 1:
            self._console.print(Text(self.totals()), soft_wrap=True)

    def _write(self, run: RunAddress, progress: DownloadProgress) -> None:
        if progress.final:
            self._ended.append((run, progress))

    def _say_ended(self) -> None:
        while self._ended:
            run, progress = self._ended.popleft()
            state = State.AVAILABLE if progress.state == DOWNLOADED else State.FAILED
            where = f" in {progress.path}" if progress.path else ""
            text = f"{self._glyphs.icon(state)} {run}  {self._plain(progress.message + where)}"
            line = Text(fitted(text, self._console.width, hang=2))
            line.stylize(_STYLES[state], 0, 1)
            # A word longer than the line is broken by the terminal itself, so that it can be copied whole.
            self._console.print(line, soft_wrap=True)

    def _rows(self) -> RenderableType:
        open_runs = [(run, progress) for run, progress in self.runs.items() if not progress.final]
        # Those that move come first: they are few, and many may wait.
        open_runs.sort(key=lambda item: (not item[1].bytes, item[1].state != DOWNLOADING))
        room = max(1, self._console.height - _FREE_LINES)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for run, progress in open_runs[:room]:
            table.add_row(
                self._plain(str(run)),
                self._bar(progress) if progress.size else Text(self._words(progress), style="dim"),
            )
        if len(open_runs) > room:
            table.add_row("", Text(self._plain(f"… and {len(open_runs) - room} more"), style="dim"))
        parts: list[RenderableType] = [table]
        if len(self.runs) > 1 or any(progress.size for progress in self.runs.values()):
            parts.append(Text(self._plain(self._header()), style="bold"))
        if self._notice.text:
            parts.append(Text(fitted(self._plain(self._notice.text), self._console.width), style="dim"))
        return Group(*parts)

    def _bar(self, progress: DownloadProgress) -> RenderableType:
        row = Table.grid(padding=(0, 2, 0, 0))
        size = progress.size or 0
        amounts = f"{format_bytes(progress.bytes)} of {format_bytes(size)}"
        if self._console.width < _WORDS_FROM_CELLS or self._glyphs.ascii:
            return Text(f"{100 * progress.bytes // max(1, size):>3} %  {amounts}")
        row.add_row(ProgressBar(total=max(1, size), completed=progress.bytes, width=_BAR_CELLS), Text(amounts))
        return row

    def _words(self, progress: DownloadProgress) -> str:
        return self._plain(progress.message or progress.state)

    def _header(self) -> str:
        now, there = time.monotonic(), sum(progress.bytes for progress in self.runs.values())
        self._seen.append((now, there))
        while now - self._seen[0][0] > _RATE_OVER_S:
            self._seen.popleft()
        began, before = self._seen[0]
        rate = max(0, there - before) / (now - began) if now > began else 0.0
        done = sum(progress.final for progress in self.runs.values())
        of_runs = f"{done} of {len(self.runs)} runs · " if len(self.runs) > 1 else ""
        return f"{of_runs}{format_bytes(there)} · {format_bytes(int(rate))}/s"

    def _plain(self, text: str) -> str:
        """Text from outside without control characters, in the symbols that this terminal can show."""
        return self._glyphs.text(clean(text))
