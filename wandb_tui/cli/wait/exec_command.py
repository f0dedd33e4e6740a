"""``wandb-tui wait --exec``: a command for each run that got there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from wandb_tui.cli.console import say
from wandb_tui.core.address import RunAddress
from wandb_tui.core.hook_env import run_environment
from wandb_tui.services.processes import terminate_process_group

if TYPE_CHECKING:
    from wandb_tui.cli.wait.output import Output

_LOOK_EVERY = 0.1


class ExecCommands:
    """Runs the user's command, once for each run; the monitors of the others go on meanwhile."""

    def __init__(self, command: str, interrupted: threading.Event, out: Output) -> None:
        """Prepare.

        Args:
            command: What the shell is given, or empty.
            interrupted: Set when all is to end: then the command ends, too.
            out: Makes room on the terminal for what the command prints.
        """
        self._command = command
        self._interrupted = interrupted
        self._out = out
        self._done_for: set[RunAddress] = set()
        self.failed = False
        """Whether any command ended with another status than 0."""

    def run_for(self, met: Mapping[RunAddress, str | None]) -> None:
        """Run the command for each run that has not had it, with the artifact named."""
        for run, artifact in met.items():
            if run in self._done_for or self._interrupted.is_set():
                continue
            self._done_for.add(run)
            if self._command:
                with self._out.making_room():
                    self._run(run, artifact or "")

    def _run(self, run: RunAddress, artifact: str) -> None:
        posix = os.name == "posix"
        # The shell reads the user's own words only; what the run is called reaches it in the environment.
        process = subprocess.Popen(
            ["/bin/sh", "-c", self._command] if posix else self._command,
            env={**os.environ, **run_environment(run, artifact)},
            stdin=subprocess.DEVNULL,
            # Not among the JSON.
            stdout=sys.stderr if self._out.for_programs else None,
            process_group=0 if posix else None,
        )
        while process.poll() is None and not self._interrupted.is_set():
            self._wait(process, _LOOK_EVERY)
        if process.poll() is None:
            terminate_process_group(process)
        elif process.returncode != 0:
            self.failed = True
            say(f"The command for {run} ended with status {process.returncode}.", err=True)

    @staticmethod
    def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
