"""Syncs the runs of ``wandb-tui sync``, or prints their order, and gives the exit status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_tui.cli.console import say
from wandb_tui.cli.interruption import Interruption
from wandb_tui.cli.options import check_access
from wandb_tui.cli.sync.output import SyncJson, SyncOutput, order_json, order_lines
from wandb_tui.cli.terminal import is_ascii
from wandb_tui.cli.wait.first_answer import notice_if_unanswered
from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.exit_codes import ExitCode, code_of, gravest
from wandb_tui.core.offline_runs import OfflineFile, plan_sync
from wandb_tui.core.sync_progress import SyncProgress, SyncState
from wandb_tui.library.offline import read_files
from wandb_tui.library.offline_sync import OfflineSync, plan_online, remembered_failures
from wandb_tui.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Iterable

_SLICE_S = 0.1


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """The options of ``wandb-tui sync``.

    Attributes:
        folders: The folders.
        verify: Whether to compare with the server.
        timeout: Seconds to wait for each export; 0 for ever.
        visit: Whether to visit the parents' pages.
        as_json: Whether to print JSON.
    """

    folders: Sequence[Path]
    verify: bool
    timeout: float
    visit: bool
    as_json: bool


def print_order(folders: Sequence[Path], wiring: Wiring, *, as_json: bool) -> ExitCode:
    """Print the order as a tree, without asking the server about the runs."""
    files, codes = _read(folders, wiring)
    plan = plan_sync(files)
    failures = remembered_failures(wiring)
    if as_json:
        lines: Iterable[str] = order_json(plan, failures)
    else:
        ascii_look = is_ascii(wiring.settings.look, wiring.environ)
        lines = order_lines(plan, failures, ascii_look=ascii_look)
    for line in lines:
        say(line)
    return gravest({*codes, *([ExitCode.FAILED] if plan.problems else [])})


def sync_runs(options: SyncOptions, wiring: Wiring, interruption: Interruption) -> ExitCode:
    """Sync until every run has ended, or all is interrupted."""
    check_access(wiring, visit=options.visit)
    files, codes = _read(options.folders, wiring)
    with notice_if_unanswered(wiring.server.info.base_url):
        plan = plan_online(files, wiring)
    out = (SyncJson if options.as_json else SyncOutput)()
    sync = OfflineSync(
        wiring, timeout=options.timeout, visit=options.visit, verify=options.verify, on_change=out.update
    )
    out.begin(plan)
    interruption.begin()
    ended = DaemonPool("wandb-tui sync").submit(sync.run, plan)
    # In slices: on some systems a signal reaches Python's handler only between two waits.
    while not (ended.done() or out.pipe_closed or interruption.event.wait(_SLICE_S)):
        pass
    if not ended.done():
        sync.stop()
    outcomes = ended.result()
    out.conclude()
    if interruption.event.is_set():
        return ExitCode.INTERRUPTED
    return gravest({*codes, *(_code(progress) for progress in outcomes.values())})


def show_runs(options: SyncOptions, wiring: Wiring) -> int:
    """Sync while the dashboard shows a row for each run; the dashboard's exit status."""
    from wandb_tui.cli.dashboard import dashboard_app
    from wandb_tui.cli.process_end import leave_threads
    from wandb_tui.cli.terminal import check_terminal
    from wandb_tui.core.events import Level
    from wandb_tui.library.offline_rows import OfflineRows
    from wandb_tui.ui.app.terminal import run_app
    from wandb_tui.ui.runtime.run_remark import RunRemark

    def show(run: RunAddress, progress: SyncProgress) -> None:
        # The row of a run that failed fails with the reason.
        if progress.state is not SyncState.FAILED:
            app.post_from_thread(RunRemark(run, progress.message, Level.INFO))

    check_terminal()
    wiring.check_api_key()
    files, _ = _read(options.folders, wiring)
    plan = plan_online(files, wiring)
    rows = OfflineRows(wiring, plan, timeout=options.timeout, verify=options.verify, on_change=show)
    app = dashboard_app(wiring, rows.goals, offline=rows)
    leave_threads()
    try:
        return run_app(app, wiring.paths.log_file)
    finally:
        rows.stop()


def _read(folders: Sequence[Path], wiring: Wiring) -> tuple[list[OfflineFile], set[ExitCode]]:
    """The files that can be read; errors about the others are printed."""
    files, errors = read_files(folders, wiring)
    for error in errors:
        say(f"wandb-tui: {error}", err=True)
    if not files and not errors:
        say("wandb-tui: there are no offline runs in these folders.", err=True)
    return files, {ExitCode.FAILED} if errors else set()


def _code(progress: SyncProgress) -> ExitCode:
    if progress.state is not SyncState.FAILED:
        return ExitCode.DONE
    return code_of(progress.error or WandbTuiError(progress.message))
