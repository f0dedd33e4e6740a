"""Wait as wished: many monitors, signals, and the exit status."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from wandb_tui.cli.wait.exec_command import ExecCommands
from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
from wandb_tui.cli.wait.options import WaitOptions
from wandb_tui.cli.wait.output import Output
from wandb_tui.cli.wait.output_choice import output_for
from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Failure
from wandb_tui.core.state import State
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.results import MonitorResult
from wandb_tui.wiring import Wiring

DONE, NOT_DONE, REFUSED, TIMED_OUT, INTERRUPTED = 0, 1, 3, 4, 130
_SLICE = 0.2
_GRAVEST_FIRST = (REFUSED, NOT_DONE, TIMED_OUT)


def wait(wish: WaitOptions, wiring: Wiring) -> int:
    """Wait as wished; the exit status."""
    interrupted = threading.Event()
    out = output_for(wish, FirstAnswerNotice(wiring.server.info.base_url), ascii_look=wiring.settings.look == "ascii")
    commands = ExecCommands(wish.command, interrupted, out)
    group = MonitorGroup(
        wiring=wiring,
        visit=wish.visit,
        on_event=out.hear,
        check_interval=wish.interval,
        max_wait_time=wish.timeout,
    )
    with _interrupts(interrupted), group:
        for run in wish.runs:
            group.add(run, wish.goal)
        with out.showing(group):
            results = _until_done(group, wish, interrupted, out, commands)
            out.closing = True
        out.conclude(group.summary())
    if interrupted.is_set():
        return INTERRUPTED
    return max(_status(wish, results), NOT_DONE if commands.failed and not out.pipe_closed else DONE)


def _until_done(
    group: MonitorGroup, wish: WaitOptions, interrupted: threading.Event, out: Output, commands: ExecCommands
) -> dict[RunAddress, MonitorResult]:
    """Wait in slices: a signal reaches Python's handler only between two waits on some systems."""
    while True:
        results = group.wait_any(_SLICE) if wish.any_run else group.wait_all(_SLICE)
        out.tick()
        met = {run: result.artifact_name for run, result in results.items() if result.success}
        commands.run_for(met)
        if interrupted.is_set() or out.pipe_closed or len(results) == len(wish.runs) or (wish.any_run and met):
            return results


def _status(wish: WaitOptions, results: dict[RunAddress, MonitorResult]) -> int:
    if wish.any_run and any(result.success for result in results.values()):
        return DONE
    statuses = {_status_of(result) for result in results.values()} - {DONE}
    return next((status for status in _GRAVEST_FIRST if status in statuses), DONE)


def _status_of(result: MonitorResult) -> int:
    if result.success:
        return DONE
    if result.state is State.TIMED_OUT:
        return TIMED_OUT
    return REFUSED if result.failure in {Failure.SIGN_IN, Failure.API_KEY} else NOT_DONE


@contextmanager
def _interrupts(interrupted: threading.Event) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal end the waiting in good order; under nohup the last is no signal."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        interrupted.set()

    wanted = [signal.SIGINT, signal.SIGTERM]
    if os.name == "posix" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        wanted.append(signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
