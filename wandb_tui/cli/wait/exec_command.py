"""``wandb-tui wait --exec``: runs a command for each run whose goal is met."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from wandb_tui.cli.console import say
from wandb_tui.core.address import RunAddress
from wandb_tui.core.hook_env import run_environment
from wandb_tui.services.credentials.redaction import without_password
from wandb_tui.services.processes import kill_process_group, terminate_process_group

if TYPE_CHECKING:
    from wandb_tui.cli.interruption import Interruption
    from wandb_tui.cli.wait.output import Output

_POLL_INTERVAL_S = 0.1


class ExecCommands:
    """Runs the user's command once for each run, while the other runs are still monitored."""

    def __init__(self, command: str, interruption: Interruption, out: Output) -> None:
        """Prepare.

        Args:
            command: The command for the shell; empty for none.
            interruption: Ends everything, the running command included.
            out: Clears the terminal for the command's output.
        """
        self._command = command
        self._interruption = interruption
        self._out = out
        self._done_for: set[RunAddress] = set()
        self.failed = False
        """Whether any command has failed."""

    def run_for(self, met: Mapping[RunAddress, str | None]) -> None:
        """Run the command for each of these runs, unless it has been run for it.

        Args:
            met: The runs whose goals are met, each with the full name of its artifact.
        """
        for run, artifact in met.items():
            if run in self._done_for or self._interruption.event.is_set():
                continue
            self._done_for.add(run)
            if self._command:
                with self._out.making_room():
                    self._run(run, artifact or "")

    def _run(self, run: RunAddress, artifact: str) -> None:
        posix = os.name == "posix"
        # The shell reads the user's own words only; the run's names reach it in the environment.
        process = subprocess.Popen(
            ["/bin/sh", "-c", self._command] if posix else self._command,
            # The SDK in the command may need the API key; the password is for our browser alone.
            env={**without_password(os.environ), **run_environment(run, artifact)},
            stdin=subprocess.DEVNULL,
            # stdout is for the JSON.
            stdout=sys.stderr if self._out.for_programs else None,
            process_group=0 if posix else None,
        )
        with self._interruption.last_act(lambda: kill_process_group(process)):
            while process.poll() is None and not self._interruption.event.is_set():
                self._wait(process, _POLL_INTERVAL_S)
            interrupted = process.poll() is None
            if interrupted:
                terminate_process_group(process)
        if not interrupted and process.returncode != 0:
            self._report(run, process.returncode)

    def _report(self, run: RunAddress, status: int) -> None:
        self.failed = True
        say(f"The command for {run} {_ending(status)}.", err=True)

    @staticmethod
    def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return


def _ending(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
