"""Runs the monitors of ``wandb-tui wait``, and determines its exit status."""

from __future__ import annotations

from collections.abc import Iterable

from wandb_tui.cli.interruption import Interruption
from wandb_tui.cli.terminal import is_ascii
from wandb_tui.cli.wait.exec_command import ExecCommands
from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
from wandb_tui.cli.wait.options import WaitOptions
from wandb_tui.cli.wait.output import Output
from wandb_tui.cli.wait.output_choice import output_for
from wandb_tui.cli.wait.query_notices import QueryNotices
from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.events import Failure
from wandb_tui.core.exit_codes import ExitCode, code_of, gravest
from wandb_tui.core.state import State
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.results import MonitorResult
from wandb_tui.wiring import Wiring

_SLICE_S = 0.2


def wait_for_runs(options: WaitOptions, wiring: Wiring, interruption: Interruption) -> ExitCode:
    """Wait until all runs have ended or the wait is interrupted; returns the exit status."""
    notice = FirstAnswerNotice(wiring.server.info.base_url)
    out = output_for(options, notice, ascii_look=is_ascii(wiring.settings.look, wiring.environ))
    wiring.notify = out.notice
    commands = ExecCommands(options.command, interruption, out)
    interruption.begin()
    group = MonitorGroup(
        wiring=wiring,
        visit=options.visit,
        on_event=out.on_event,
        check_interval=options.interval,
        max_wait_time=options.timeout,
    )
    with group:
        for run in options.runs:
            group.add(run, options.goal)
        queries = QueryNotices(
            [group.follow(query, options.goal, forever=options.follow) for query in options.queries], out, notice
        )
        with out.showing(group):
            results = _wait_in_slices(group, options, interruption, out, commands, queries)
            out.closing = True
        summary = group.summary()
    out.conclude(summary, interruption.reason if interruption.event.is_set() else "")
    if interruption.event.is_set():
        return ExitCode.INTERRUPTED
    if out.error is not None:
        raise out.error
    failed = commands.failed and not out.pipe_closed
    status = _status(options, results.values(), queries.conclude())
    return gravest({status, ExitCode.COMMAND_FAILED if failed else ExitCode.DONE})


def _wait_in_slices(
    group: MonitorGroup,
    options: WaitOptions,
    interruption: Interruption,
    out: Output,
    commands: ExecCommands,
    queries: QueryNotices,
) -> dict[RunAddress, MonitorResult]:
    """Wait in slices: on some systems Python handles a signal only between two waits."""
    while True:
        group.wait_any(_SLICE_S) if options.any_run else group.wait_all(_SLICE_S)
        # Before the results, so that these are complete.
        is_over = group.is_over
        results = group.results
        queries.tick()
        out.tick()
        met = {run: result.artifact_name for run, result in results.items() if result.success}
        commands.run_for(met)
        if interruption.event.is_set() or out.pipe_closed or is_over or (options.any_run and met):
            return results


def _status(options: WaitOptions, results: Iterable[MonitorResult], errors: Iterable[WandbTuiError]) -> ExitCode:
    codes = {*map(_status_of, results), *map(code_of, errors)}
    return ExitCode.DONE if options.any_run and ExitCode.DONE in codes else gravest(codes)


def _status_of(result: MonitorResult) -> ExitCode:
    if result.success:
        return ExitCode.DONE
    if result.state is State.TIMED_OUT:
        return ExitCode.TIMED_OUT
    return ExitCode.REFUSED if result.failure in {Failure.SIGN_IN, Failure.API_KEY} else ExitCode.FAILED
