"""``wandb-tui wait``: no screen, lines on stdout, an exit status that says how it went."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from types import FrameType

import click

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Event, Failure, Level
from wandb_tui.core.goal import Goal
from wandb_tui.core.state import State
from wandb_tui.group import MonitorGroup
from wandb_tui.results import MonitorResult
from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

DONE, NOT_DONE, REFUSED, TIMED_OUT, INTERRUPTED = 0, 1, 3, 4, 130
_GRAVEST_FIRST = (REFUSED, NOT_DONE, TIMED_OUT)


@dataclass(frozen=True, slots=True)
class Wish:
    """What ``wait`` was asked for.

    Attributes:
        runs: Which runs.
        goal: What to wait for.
        timeout: Seconds until giving up; 0 waits for ever.
        interval: Seconds between two probes of a run.
        any_run: Whether one run's goal is enough.
        as_json: Whether to print one JSON object a line.
        visit: Whether to visit pages.
        command: What to run for each run that got there, or empty.
    """

    runs: Sequence[RunAddress]
    goal: Goal
    timeout: float
    interval: float
    any_run: bool
    as_json: bool
    visit: bool
    command: str


def wait(wish: Wish, wiring: Wiring) -> int:
    """Wait as wished; the exit status."""
    out = _Output(wish)
    group = MonitorGroup(
        wiring=wiring,
        visit=wish.visit,
        on_event=out.hear,
        check_interval=wish.interval,
        max_wait_time=wish.timeout,
    )
    interrupted = threading.Event()
    with _interrupts(interrupted), group:
        for run in wish.runs:
            group.add(run, wish.goal)
        results = _until_done(group, wish, interrupted, out)
        out.closing = True
    if interrupted.is_set():
        return INTERRUPTED
    return max(_status(wish, results), NOT_DONE if out.command_failed and not out.pipe_closed else DONE)


def _until_done(
    group: MonitorGroup, wish: Wish, interrupted: threading.Event, out: _Output
) -> dict[RunAddress, MonitorResult]:
    """Wait in slices: a signal reaches Python's handler only between two waits on some systems."""
    while True:
        results = group.wait_any(0.2) if wish.any_run else group.wait_all(0.2)
        met = [run for run, result in results.items() if result.success]
        out.run_commands(run for run in met if run not in out.commanded)
        if interrupted.is_set() or out.pipe_closed or len(results) == len(wish.runs) or (wish.any_run and met):
            return results


def _status(wish: Wish, results: dict[RunAddress, MonitorResult]) -> int:
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


class _Output:
    """Prints what the monitors say, and runs the commands of those that got there."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._printing = threading.Lock()
        self._artifacts: dict[RunAddress, str] = {}
        self.commanded: set[RunAddress] = set()
        self.command_failed = False
        self.pipe_closed = False
        self.closing = False
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A log file in another encoding must not end the waiting for the sake of an emoji.
            sys.stdout.reconfigure(errors="replace")

    def hear(self, event: Event) -> None:
        """Print one event; called from the monitors' threads."""
        if event.artifact:
            self._artifacts[event.run] = event.artifact
        if self.closing and event.state is State.CANCELLED:
            return
        text = _as_json(event) if self._wish.as_json else _as_line(event, several=len(self._wish.runs) > 1)
        with self._printing:
            if self.pipe_closed:
                return
            try:
                click.echo(text)
            except BrokenPipeError:
                self.pipe_closed = True
                # Python would complain on its way out that it cannot flush.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def run_commands(self, runs: Iterator[RunAddress]) -> None:
        """Run the wished command for each run; what it prints goes where ours goes, but not among the JSON."""
        for run in runs:
            self.commanded.add(run)
            if not self._wish.command:
                continue
            where = sys.stderr if self._wish.as_json else None
            # The shell reads the user's own words only; what the run is called reaches it in the environment.
            done = subprocess.run(
                ["/bin/sh", "-c", self._wish.command] if os.name == "posix" else self._wish.command,
                env={**os.environ, **self._environment(run)},
                stdin=subprocess.DEVNULL,
                stdout=where,
                check=False,
            )
            if done.returncode != 0:
                self.command_failed = True
                click.echo(f"The command for {run} ended with status {done.returncode}.", err=True)

    def _environment(self, run: RunAddress) -> dict[str, str]:
        return {
            "WANDB_TUI_RUN": str(run),
            "WANDB_TUI_ENTITY": run.entity,
            "WANDB_TUI_PROJECT": run.project,
            "WANDB_TUI_RUN_ID": run.run_id,
            "WANDB_TUI_ARTIFACT": self._artifacts.get(run, ""),
        }


def _as_json(event: Event) -> str:
    return json.dumps(
        {
            "time": event.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "run": str(event.run),
            "attempt": event.attempt,
            "state": event.state.value,
            "message": event.message,
            "artifact": event.artifact,
            "elapsed": round(event.elapsed, 3),
        },
        ensure_ascii=False,
    )


_MARKS = {Level.WARNING: "!", Level.ERROR: "✖"}


def _as_line(event: Event, *, several: bool) -> str:
    mark = event.status.emoji if event.status else _MARKS.get(event.level, "·")
    which = f"{event.run}  " if several else ""
    return f"{event.time.astimezone():%H:%M:%S}  {which}{mark} {event.message}"


@contextmanager
def _interrupts(interrupted: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the waiting in good order."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        interrupted.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
