"""Waits for the runs of ``wandb-tui download``, brings each as soon as it is ready, and tells the exit status."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from wandb_tui.cli.download.options import DownloadOptions
from wandb_tui.cli.download.output import DownloadJson, DownloadOutput
from wandb_tui.cli.interruption import Interruption
from wandb_tui.cli.terminal import is_ascii
from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool, start_daemon
from wandb_tui.core.download_progress import DOWNLOADED, DOWNLOADING, FAILED, DownloadProgress
from wandb_tui.core.errors import ApiKeyError, SignInError, WandbTuiError
from wandb_tui.core.events import Failure
from wandb_tui.core.exit_codes import ExitCode, gravest
from wandb_tui.core.goal import GoalKind
from wandb_tui.core.optional_package import HISTORY_EXTRA, package_problem
from wandb_tui.core.state import State
from wandb_tui.library.downloader import HistoryDownloader
from wandb_tui.library.event import Event
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.history_folder import HistoryFolder, IncompleteExportError
from wandb_tui.library.lineage import ancestry_of
from wandb_tui.wiring import Wiring

_SLICE_S = 0.1
_RUNS_A_REQUEST = 250
_RUNS_PER_JOB = 2
"""Runs under way for each file that may be fetched, where files stay as they are: some are checked while others are
fetched."""


def download_runs(options: DownloadOptions, wiring: Wiring, interruption: Interruption) -> ExitCode:
    """Download until every run is there or failed, or all is interrupted; the exit status."""
    notice = FirstAnswerNotice(wiring.server.info.base_url)
    out = _output_for(options, notice, ascii_look=is_ascii(wiring.settings.look, wiring.environ))
    downloads = _Downloads(options, wiring, out, notice)
    interruption.begin()
    wiring.prober.allow_batches_of(_RUNS_A_REQUEST)
    with MonitorGroup(
        wiring=wiring, visit=options.visit, on_event=downloads.on_event, max_wait_time=options.timeout
    ) as group:
        downloads.wait_again = lambda run, seconds: group.add(run, options.goal, max_wait_time=seconds)
        for run in options.runs:
            group.add(run, options.goal)
        # While the server is asked: the first files will need it, and it takes a while.
        start_daemon(partial(package_problem, "pyarrow.parquet"), "wandb-tui import")
        with out.showing():
            # In slices: on some systems a signal reaches Python's handler only between two waits.
            while not downloads.ended.wait(_SLICE_S) and not interruption.event.is_set() and not out.pipe_closed:
                out.tick()
            out.tick()
        downloads.finish(interruption.reason if interruption.event.is_set() else "")
    out.conclude()
    return ExitCode.INTERRUPTED if interruption.event.is_set() else gravest(downloads.codes)


class _Downloads:
    """Turns what the monitors say into downloads, and remembers how each run has ended."""

    def __init__(
        self, options: DownloadOptions, wiring: Wiring, out: DownloadOutput, notice: FirstAnswerNotice
    ) -> None:
        self._out = out
        self._notice = notice
        self._left = set(options.runs)
        self._lock = threading.Lock()
        self._timeout = options.timeout
        self._waited = dict.fromkeys(options.runs, 0.0)
        self._steps = wiring.step_reader
        self._unverified: set[RunAddress] = set()
        if options.goal.kind is GoalKind.COMPLETE and not options.export.stitch:
            # The ends of the files need not be read before the files. (An ancestor's files are wanted up to a step that
            # would not be looked for.)
            self._unverified.update(options.runs)
            self._steps.trust_server(options.runs)
        # Converting and checking take memory for each.
        light = options.export.untouched and not options.export.check
        at_once = options.jobs * _RUNS_PER_JOB if light else options.jobs
        self._pool = DaemonPool("wandb-tui download", at_once)
        self._downloader = HistoryDownloader(wiring, options.jobs)
        ancestry = ancestry_of(wiring, visit=options.visit, timeout=options.timeout, warn=out.note)
        self._folder = HistoryFolder(options.directory, self._downloader, options.export, ancestry)
        self.codes: set[ExitCode] = set()
        self.wait_again: Callable[[RunAddress, float], object] = lambda _run, _seconds: None
        """Waits once more for a run's goal, for so many seconds; 0 waits for ever."""
        self.ended = threading.Event()

    def on_event(self, event: Event) -> None:
        """Take in an event of a monitor; called from the monitors' threads."""
        self._notice.on_event(event)
        if event.state is State.AVAILABLE and event.artifact:
            self._out.update(event.run, DownloadProgress(DOWNLOADING, f"Downloading {event.artifact}"))
            last = event.run_info.last_step if event.run_info else None
            self._waited[event.run] += event.elapsed
            self._downloader.announce(event.run, event.artifact)
            self._pool.submit(self._download, event.run, event.artifact, last)
        elif event.state.final:
            self._fail(event.run, event.message, _code_of(event))
        else:
            self._out.update(event.run, DownloadProgress(event.state.value, event.message))

    def finish(self, interrupted: str) -> None:
        """Stop what is under way, tell the runs that have not ended why, and write the index."""
        self._downloader.stop()
        for run in list(self._left):
            self._fail(run, interrupted or "Stopped: nothing reads the output any more", ExitCode.FAILED)
        if ExitCode.DONE in self.codes:
            try:
                if self._folder.write_index() is None and (problem := package_problem("pyarrow", HISTORY_EXTRA)):
                    needed = f"that needs pyarrow, which {problem.reason}. {problem.remedy}"
                    self._out.note(f"index.parquet is not written, as {needed}")
            except WandbTuiError as error:
                self._out.note(str(error))
                self.codes.add(ExitCode.FAILED)

    def _download(self, run: RunAddress, artifact: str, run_last_step: int | None) -> None:
        stand = self._out.runs[run]

        def progress(count: int, size: int) -> None:
            nonlocal stand
            stand = replace(stand, bytes=stand.bytes + count, size=size)
            self._out.update(run, stand)

        try:
            whole = run in self._unverified
            done = self._folder.download(
                run,
                artifact,
                run_last_step,
                progress,
                whole=whole,
                on_wait=lambda message: self._out.update(run, DownloadProgress(State.WAITING.value, message)),
            )
        except IncompleteExportError as error:
            self._unverified.discard(run)
            self._steps.distrust_server(run)
            self._out.update(run, DownloadProgress(State.WAITING.value, str(error)))
            # The time that it has waited before counts.
            self.wait_again(run, self._timeout and max(_SLICE_S, self._timeout - self._waited[run]))
        except WandbTuiError as error:
            refused = isinstance(error, ApiKeyError | SignInError)
            self._fail(run, str(error), ExitCode.REFUSED if refused else ExitCode.FAILED)
        except Exception as error:
            # Any other error ends this run alone; the others continue.
            self._fail(run, f"The download failed ({type(error).__name__}).", ExitCode.FAILED)
            raise
        else:
            record = done.record
            self._out.update(
                run,
                DownloadProgress(
                    DOWNLOADED, done.describe(), str(done.folder), record.bytes, record.bytes, record.rows
                ),
            )
            self._end(run, ExitCode.DONE)

    def _fail(self, run: RunAddress, message: str, code: ExitCode) -> None:
        stand = self._out.runs[run]
        self._out.update(run, replace(stand, state=FAILED, message=message))
        self._end(run, code)

    def _end(self, run: RunAddress, code: ExitCode) -> None:
        with self._lock:
            if run not in self._left:
                return
            self._left.discard(run)
            self.codes.add(code)
            if not self._left:
                self.ended.set()


def _code_of(event: Event) -> ExitCode:
    """The exit status that the end of a monitor stands for."""
    if event.state is State.TIMED_OUT:
        return ExitCode.TIMED_OUT
    return ExitCode.REFUSED if event.failure in {Failure.SIGN_IN, Failure.API_KEY} else ExitCode.FAILED


def _output_for(options: DownloadOptions, notice: FirstAnswerNotice, *, ascii_look: bool) -> DownloadOutput:
    """JSON if --json asks for it; on a terminal a live display; else lines."""
    if options.as_json:
        return DownloadJson(options, notice)
    if sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb"}:
        from wandb_tui.cli.download.live_view import LiveView

        return LiveView(options, notice, ascii_look=ascii_look)
    return DownloadOutput(options, notice)
