"""The output of ``wandb-tui download``: lines or JSON; on a terminal a live display (see `live_view`)."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.download.options import DownloadOptions
from wandb_tui.cli.process_end import discard_output
from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
from wandb_tui.core.address import RunAddress
from wandb_tui.core.download_progress import DOWNLOADED, FAILED, DownloadProgress

_SIGNS = {DOWNLOADED: "✔", FAILED: "✖"}


class DownloadOutput:
    """Prints a line for each change of a run; the other kinds of output override parts of it. For any thread."""

    def __init__(self, options: DownloadOptions, notice: FirstAnswerNotice) -> None:
        self._notice = notice
        self._noticed = False
        self._printing = threading.Lock()
        self.runs = dict.fromkeys(options.runs, DownloadProgress())
        self.pipe_closed = False

    def update(self, run: RunAddress, progress: DownloadProgress) -> None:
        """Show the progress of a run, unless it has ended."""
        with self._printing:
            before = self.runs[run]
            if before.final:
                return
            self.runs[run] = progress
            if (before.state, before.message) != (progress.state, progress.message):
                self._print(run, progress)

    def tick(self) -> None:
        """Update the display; called a few times a second by the one thread that waits."""
        if not self._noticed and (text := self._notice.text):
            self._noticed = True
            say(text, err=True)

    @contextlib.contextmanager
    def showing(self) -> Iterator[None]:
        """Show how the runs stand, for as long as the block lasts."""
        yield

    def conclude(self) -> None:
        """Print at the end what the lines have not told yet."""
        if len(self.runs) > 1:
            say(self.totals())

    def totals(self) -> str:
        """The number of runs for each way to end."""
        done = sum(run.state == DOWNLOADED for run in self.runs.values())
        failed = sum(run.state == FAILED for run in self.runs.values())
        return f"{done} of {len(self.runs)} runs downloaded" + (f", {failed} failed" if failed else "")

    def note(self, text: str) -> None:
        """Print a line about the whole."""
        say(f"wandb-tui: {text}", err=True)

    def _print(self, run: RunAddress, progress: DownloadProgress) -> None:
        if self.pipe_closed:
            return
        try:
            self._write(run, progress)
        except BrokenPipeError:
            self.pipe_closed = True
            discard_output(sys.stdout)

    def _write(self, run: RunAddress, progress: DownloadProgress) -> None:
        which = f"{run}  " if len(self.runs) > 1 else ""
        say(f"{datetime.now().astimezone():%H:%M:%S}  {which}{_SIGNS.get(progress.state, '·')} {progress.message}")


class DownloadJson(DownloadOutput):
    """Prints one JSON object per line."""

    def conclude(self) -> None:
        """Nothing more: every line is about a run."""

    def _write(self, run: RunAddress, progress: DownloadProgress) -> None:
        click.echo(json_line(str(run), progress))


def json_line(run: str, progress: DownloadProgress) -> str:
    """One object of ``--json``, as `docs/guides/downloads.md` describes it."""
    told = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "run": run,
        "state": progress.state,
        "path": progress.path,
        "bytes": progress.bytes,
        "rows": progress.rows,
        "message": progress.message,
    }
    return json.dumps(told, ensure_ascii=False)
