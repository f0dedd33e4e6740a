"""Downloads histories in the background, while something else is on the screen."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.download_progress import DOWNLOADED, DOWNLOADING, FAILED, DownloadProgress
from wandb_tui.core.errors import WandbTuiError

if TYPE_CHECKING:
    # The first download imports these, in its own thread.
    from wandb_tui.library.downloader import HistoryDownloader
    from wandb_tui.library.history_folder import HistoryFolder
    from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

_RUNS_AT_ONCE = 4
"""Runs that are downloaded at a time; their files share the downloader's connections."""


class BackgroundDownloads:
    """Downloads histories into one folder, as exported. May be called from any thread; no call blocks."""

    def __init__(self, wiring: Wiring, folder: Path) -> None:
        """Prepare; nothing is sent or written yet.

        Args:
            wiring: The services.
            folder: Where the histories go, as ``folder/entity/project/run_id/``.
        """
        self.folder = folder
        self._wiring = wiring
        self._pool = DaemonPool("wandb-tui download", _RUNS_AT_ONCE)
        self._lock, self._building = threading.Lock(), threading.Lock()
        self._pending = 0
        self._stopped = threading.Event()

    def start(
        self,
        run: RunAddress,
        artifact: str,
        run_last_step: int | None,
        on_change: Callable[[RunAddress, DownloadProgress], object],
    ) -> None:
        """Download a version of a run's history.

        Args:
            run: The run.
            artifact: ``entity/project/run-<id>-history:v0``.
            run_last_step: The last step that the run has logged; None if unknown.
            on_change: Called from another thread with each change, at last with a final one.
        """
        with self._lock:
            self._pending += 1
        on_change(run, DownloadProgress(DOWNLOADING))
        self._pool.submit(self._download, run, artifact, run_last_step, on_change)

    def stop(self) -> None:
        """End what is under way; a later download resumes it."""
        self._stopped.set()
        # One that is still being built, which takes its imports, sees that it has been stopped.
        downloader: HistoryDownloader | None = self.__dict__.get("_downloader")
        if downloader is not None:
            downloader.stop()

    @cached_property
    def _downloader(self) -> HistoryDownloader:
        from wandb_tui.library.downloader import HistoryDownloader

        return HistoryDownloader(self._wiring)

    @cached_property
    def _histories(self) -> HistoryFolder:
        from wandb_tui.library.history_folder import ExportOptions, HistoryFolder
        from wandb_tui.library.lineage import ancestry_of

        # Without stitching, no ancestor is asked about.
        ancestry = ancestry_of(self._wiring, visit=False, timeout=1.0)
        return HistoryFolder(self.folder, self._downloader, ExportOptions(), ancestry)

    def _download(
        self,
        run: RunAddress,
        artifact: str,
        run_last_step: int | None,
        on_change: Callable[[RunAddress, DownloadProgress], object],
    ) -> None:
        progress = DownloadProgress(DOWNLOADING)

        def advance(count: int, size: int) -> None:
            nonlocal progress
            progress = replace(progress, bytes=progress.bytes + count, size=size)
            on_change(run, progress)

        try:
            with self._building:
                histories = self._histories
            if self._stopped.is_set():
                return
            done = histories.download(
                run,
                artifact,
                run_last_step,
                advance,
                on_wait=lambda message: on_change(run, replace(progress, message=message)),
            )
        except WandbTuiError as error:
            on_change(run, replace(progress, state=FAILED, message=str(error)))
        except Exception as error:
            log.exception("The download of %s failed", run)
            on_change(run, replace(progress, state=FAILED, message=f"The download failed ({type(error).__name__})."))
        else:
            record = done.record
            on_change(
                run,
                DownloadProgress(
                    DOWNLOADED, done.describe(), str(done.folder), record.bytes, record.bytes, record.rows
                ),
            )
        finally:
            with self._lock:
                self._pending -= 1
                last = not self._pending
            if last:
                self._write_index()

    def _write_index(self) -> None:
        try:
            self._histories.write_index()
        except WandbTuiError as error:
            log.warning("The index of the downloads was not written: %s", error)
