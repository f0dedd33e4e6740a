"""The output of ``wandb-tui wait``: lines or JSON; on a terminal a live table (see `live_table`)."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import say, takes_symbols
from wandb_tui.cli.json_line import json_line
from wandb_tui.cli.process_end import discard_output
from wandb_tui.core.events import Level, MonitorStatus
from wandb_tui.core.notice import Notice, text_notice
from wandb_tui.core.state import State
from wandb_tui.library.event import Event

if TYPE_CHECKING:
    from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
    from wandb_tui.cli.wait.options import WaitOptions
    from wandb_tui.core.address import RunAddress
    from wandb_tui.library.group import MonitorGroup
    from wandb_tui.library.results import GroupSummary

_SIGNS = {Level.WARNING: "!", Level.ERROR: "✖"}
_REPEAT_AFTER_S = 60.0
"""Seconds after which an unchanged line is printed again."""


class Output:
    """Prints each event on a line; the base of the other kinds of output."""

    for_programs = False
    """Whether a program reads stdout, so that nothing else may be written there."""

    def __init__(self, options: WaitOptions, notice: FirstAnswerNotice) -> None:
        self._notice = notice
        self._quiet = options.quiet
        self._to_stderr = options.to_stderr
        self._several = options.several
        self._printing = threading.Lock()
        self._noticed = False
        self._printed: dict[RunAddress, tuple[Notice, float]] = {}
        self._last: dict[RunAddress, Event] = {}
        self.pipe_closed = False
        self.error: OSError | None = None
        """The reason why nothing more can be printed, if it is not that the reader has left."""
        self.closing = False

    def on_event(self, event: Event) -> None:
        """Print an event; called from the monitors' threads."""
        self._notice.on_event(event)
        self._last[event.run] = event
        if self.closing and event.state is State.CANCELLED:
            return
        if not self._is_left_out(event):
            self._print(event)

    def tick(self) -> None:
        """Update the output; called a few times a second by the waiting thread."""
        if not self._noticed and (text := self._notice.text):
            self._noticed = True
            say(text, err=True)

    def notice(self, text: str) -> None:
        """Print what keeps everything waiting, beside the events; called from any thread."""
        say(f"wandb-tui: {text}", err=True)

    @contextlib.contextmanager
    def showing(self, group: MonitorGroup) -> Iterator[None]:  # noqa: ARG002 - what a live table needs
        """Show the state of the group while the block runs."""
        yield

    @contextlib.contextmanager
    def making_room(self) -> Iterator[None]:
        """Leave the terminal to a command while the block runs."""
        yield

    def conclude(self, summary: GroupSummary, interrupted: str) -> None:
        """Print the summary at the end.

        Args:
            summary: The final state of the runs.
            interrupted: Why the wait ended early; empty if it did not.
        """
        if not interrupted:
            return
        for run in summary.runs:
            last = self._last.get(run.run)
            if last is not None and not (last.state.final and last.state is not State.CANCELLED):
                self._print(
                    replace(
                        last,
                        state=State.CANCELLED,
                        notice=text_notice(interrupted),
                        status=None,
                        elapsed=run.elapsed,
                        time=datetime.now(UTC),
                    )
                )

    def _is_left_out(self, event: Event) -> bool:
        """Whether an event is not printed: because of --quiet, or because nothing changed."""
        if self._quiet:
            return not event.state.final
        if self.for_programs:
            return False
        now = time.monotonic()
        printed, when = self._printed.get(event.run, (None, 0.0))
        repeats = printed is not None and event.notice.repeats(printed) and now - when < _REPEAT_AFTER_S
        if repeats and event.status is MonitorStatus.NOT_AVAILABLE:
            return True
        self._printed[event.run] = (event.notice, now)
        return False

    def _print(self, event: Event) -> None:
        with self._printing:
            if self.pipe_closed:
                return
            try:
                self._write(event)
            except OSError as error:
                self.pipe_closed = True
                if not isinstance(error, BrokenPipeError):
                    self.error = error
                discard_output(sys.stderr if self._to_stderr else sys.stdout)

    def _write(self, event: Event) -> None:
        stream = sys.stderr if self._to_stderr else sys.stdout
        sign = event.status.emoji if event.status and takes_symbols(stream) else _SIGNS.get(event.level, "·")
        which = f"{event.run}  " if self._several else ""
        say(f"{event.time.astimezone():%H:%M:%S}  {which}{sign} {event.message}", err=self._to_stderr)


class JsonLines(Output):
    """Prints one JSON object per line."""

    for_programs = True

    def _write(self, event: Event) -> None:
        click.echo(
            json_line(
                event.time,
                run=str(event.run),
                attempt=event.attempt,
                state=event.state,
                message=event.message,
                artifact=event.artifact,
                elapsed=event.elapsed,
            )
        )
