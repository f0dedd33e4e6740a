"""What ``wandb-tui wait`` prints: lines, JSON, or, on a terminal, a live table (see `table`)."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import say
from wandb_tui.core.events import Event, Level
from wandb_tui.core.state import State

if TYPE_CHECKING:
    from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
    from wandb_tui.cli.wait.options import WaitOptions
    from wandb_tui.library.group import MonitorGroup
    from wandb_tui.library.results import GroupSummary

_MARKS = {Level.WARNING: "!", Level.ERROR: "✖"}


class Output:
    """Prints each event as a line of its own; what other kinds do differently, they override."""

    for_programs = False
    """Whether a program reads stdout, so that nothing else may be written there."""

    def __init__(self, wish: WaitOptions, asking: FirstAnswerNotice) -> None:
        self._asking = asking
        self._several = len(wish.runs) > 1
        self._printing = threading.Lock()
        self._noted = False
        self.pipe_closed = False
        self.closing = False
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A log file in another encoding must not end the waiting for the sake of an emoji.
            sys.stdout.reconfigure(errors="replace")

    def hear(self, event: Event) -> None:
        """Take in one event; called from the monitors' threads."""
        self._asking.hear(event)
        if self.closing and event.state is State.CANCELLED:
            return
        with self._printing:
            if self.pipe_closed:
                return
            try:
                self._print(self.line(event))
            except BrokenPipeError:
                self.pipe_closed = True
                # Python would complain on its way out that it cannot flush.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _print(self, line: str) -> None:
        say(line)

    def line(self, event: Event) -> str:
        """An event as text."""
        mark = event.status.emoji if event.status else _MARKS.get(event.level, "·")
        which = f"{event.run}  " if self._several else ""
        return f"{event.time.astimezone():%H:%M:%S}  {which}{mark} {event.message}"

    def tick(self) -> None:
        """Bring up to date what is shown; called a few times a second by the one thread that waits."""
        if not self._noted and (note := self._asking.note):
            self._noted = True
            say(note, err=True)

    @contextlib.contextmanager
    def showing(self, group: MonitorGroup) -> Iterator[None]:  # noqa: ARG002 - what a live table needs
        """Show how the group stands, for as long as the block lasts."""
        yield

    @contextlib.contextmanager
    def making_room(self) -> Iterator[None]:
        """Let somebody else write to the terminal, for as long as the block lasts."""
        yield

    def conclude(self, summary: GroupSummary) -> None:
        """Say at the end how it went, where the lines have not said it all."""


class JsonLines(Output):
    """Prints one JSON object a line."""

    for_programs = True

    def _print(self, line: str) -> None:
        click.echo(line)

    def line(self, event: Event) -> str:
        """An event as JSON."""
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
