"""The downloads of the table's runs: which ones wait, how far each is, and what the table and the header show of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.core.download_progress import DOWNLOADED, DownloadProgress
from wandb_tui.core.events import Level
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.sizes import format_bytes
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.job_outcome import JobOutcome

_ENDED_BADLY = {State.FAILED, State.TIMED_OUT, State.CANCELLED}
_SIGN = "▼"


class RunDownloads:
    """Starts downloads as soon as a run's history is there. For the UI thread; progress comes from other threads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: set[RunAddress] = set()
        # Written by the downloads' threads, one key each; replacing a value is atomic.
        self._progress: dict[RunAddress, DownloadProgress] = {}
        self._ended: dict[RunAddress, JobOutcome] = {}
        self._bytes_before, self._time_before, self._rate = 0, 0.0, 0.0

    @property
    def active(self) -> int:
        """The number of downloads that are under way or wait for an export."""
        return len(self._waiting) + len(self._progress)

    @property
    def folder(self) -> Path | None:
        """The folder for the histories; None where nothing can be downloaded."""
        downloads = self._session.backend.downloads
        return downloads.folder if downloads is not None else None

    def request(self, rows: Iterable[WatchedRun]) -> tuple[int, int]:
        """Download these runs, or wait for their exports; how many begin, and how many wait."""
        before = len(self._progress)
        runs = [row.run for row in rows if row.run not in self._progress]
        self._waiting.update(runs)
        for run in runs:
            self._ended.pop(run, None)
        if not before:
            self._bytes_before, self._time_before, self._rate = 0, self._session.now, 0.0
        self._start_ready()
        return len(self._progress) - before, sum(run in self._waiting for run in runs)

    def tick(self) -> list[WatchedRun]:
        """Start what has become ready, and report what has ended; the rows of those."""
        self._start_ready()
        self._measure_rate()
        finished = [(run, progress) for run, progress in list(self._progress.items()) if progress.final]
        return [row for run, progress in finished if (row := self._report(run, progress)) is not None]

    def describe(self, row: WatchedRun) -> tuple[str, str]:
        """The text about a run's download for the table, in place of its newest message, and the colour; else empty.

        An offline run that is being synced is shown in the same way.
        """
        if (progress := self._progress.get(row.run)) is not None:
            if progress.size is None:
                return f"{_SIGN} {progress.message or 'Downloading…'}", "primary"
            return f"{_SIGN} Downloading: {_of(progress.bytes, progress.size)}", "primary"
        ended = self._ended.get(row.run)
        if ended is not None and (outcome := ended.describe(row))[0]:
            return outcome
        return self._session.backend.syncing(row.run), "primary"

    def waits(self, row: WatchedRun) -> bool:
        """Whether a run is downloaded once its goal is met."""
        return row.run in self._waiting

    def summary(self) -> str:
        """All downloads under way, in a few words; empty if there are none."""
        running = list(self._progress.values())
        if not running:
            return f"{_SIGN} {len(self._waiting)}" if self._waiting else ""
        rate = f"  {format_bytes(int(self._rate))}/s" if self._rate else ""
        done, size = sum(one.bytes for one in running), sum(one.size or 0 for one in running)
        return f"{_SIGN} {self.active}  {_of(done, size)}{rate}"

    def _start_ready(self) -> None:
        downloads = self._session.backend.downloads
        for run in list(self._waiting):
            row = self._session.watch_list.get(run)
            if row is None or downloads is None:
                self._waiting.discard(run)
            elif row.state is State.AVAILABLE and row.artifact:
                self._waiting.discard(run)
                last = row.run_info.last_step if row.run_info else None
                downloads.start(run, row.artifact, last, self._progress.__setitem__)
            elif row.state in _ENDED_BADLY:
                self._waiting.discard(run)
                self._session.add_remark(run, "Not downloaded: the goal was not met", Level.WARNING)

    def _report(self, run: RunAddress, progress: DownloadProgress) -> WatchedRun | None:
        """Move a finished download from the header into the run's log; its row, if it is still on the list."""
        del self._progress[run]
        good = progress.state == DOWNLOADED
        message = f"{progress.message} (in {progress.path})" if good else f"Not downloaded: {progress.message}"
        row = self._session.add_remark(run, message, Level.INFO if good else Level.ERROR)
        if row is not None:
            shown = f"Downloaded to {progress.path}" if good else message
            self._ended[run] = JobOutcome(shown, "success" if good else "error", row.notice)
        return row

    def _measure_rate(self) -> None:
        now, done = self._session.now, sum(one.bytes for one in list(self._progress.values()))
        if now - self._time_before > 0.0 and done >= self._bytes_before:
            self._rate = (done - self._bytes_before) / (now - self._time_before)
        self._bytes_before, self._time_before = done, now


def _of(done: int, size: int) -> str:
    return f"{format_bytes(done)} of {format_bytes(size)}"
