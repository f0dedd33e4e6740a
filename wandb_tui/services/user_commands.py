"""Runs the user's own commands for runs, and passes their output on; never through a shell."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.hook_env import run_environment
from wandb_tui.services.credentials.redaction import without_secrets
from wandb_tui.services.hooks import exit_description, printable
from wandb_tui.services.processes import terminate_process_group

log = logging.getLogger(__name__)

_MAX_RUNNING = 4
_MAX_LINES = 200
"""The lines of one command that are passed on; the rest is counted."""

Report = Callable[[str, bool], object]
"""Receives a line of output, or how the command failed (then with True); from another thread."""

Begun = Callable[[str], object]
"""Called once the program runs, or with the reason why it cannot be started; from another thread."""


class UserCommandRunner:
    """Implements `ui.runtime.ports.CommandRunner`."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Prepare; nothing starts yet.

        Args:
            environ: The environment that the commands inherit, without its secrets.
        """
        self._environ = environ
        self._pool = DaemonPool("wandb-tui commands", _MAX_RUNNING)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        # A lock of its own: the other one is held while a program is being loaded, which may hang.
        self._counting = threading.Lock()
        self._unfinished = 0
        self._stopped = False

    @property
    def queued(self) -> int:
        """The number of commands that wait for one of the four that are running to end."""
        with self._counting:
            return max(0, self._unfinished - _MAX_RUNNING)

    def start(self, arguments: Sequence[str], run: RunAddress, artifact: str, *, begun: Begun, report: Report) -> None:
        """Run a command for a run, as soon as fewer than four are running.

        Args:
            arguments: The program and its arguments.
            run: The run.
            artifact: ``entity/project/run-<id>-history:v0``, or empty.
            begun: Called once the program runs, or with the reason why it cannot be started.
            report: Receives what it prints, and how it fails.
        """
        done = self._pool.submit(self._run, tuple(arguments), run, artifact, begun, report)
        with self._counting:
            self._unfinished += 1
        done.add_done_callback(self._finished)

    def close(self) -> None:
        """Terminate what is running, and start no more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            terminate_process_group(process)

    def _finished(self, _: object) -> None:
        with self._counting:
            self._unfinished -= 1

    def _run(self, arguments: tuple[str, ...], run: RunAddress, artifact: str, begun: Begun, report: Report) -> None:
        program = printable(arguments[0])
        with contextlib.ExitStack() as at_end:
            with self._lock:
                if self._stopped:
                    return
                try:
                    process = at_end.enter_context(
                        subprocess.Popen(
                            arguments,
                            env={**without_secrets(self._environ), **run_environment(run, artifact)},
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT,
                            text=True,
                            errors="replace",
                            # Detached from our terminal, and in a process group that can be terminated as a whole.
                            start_new_session=True,
                        )
                    )
                except (OSError, ValueError) as error:
                    begun(f"{program} cannot be started: {_reason(error, arguments[0])}")
                    return
                self._running.add(process)
            begun("")
            log.info("%s for %s runs as process %d", program, run, process.pid)
            left_out = self._pass_on(process, report)
            status = process.wait()
            with self._lock:
                self._running.discard(process)
                stopped = self._stopped
        if left_out:
            report(f"{left_out:,} more lines of {program} are left out", False)
        if status and not stopped:
            report(f"{program} {exit_description(status)}", True)

    @staticmethod
    def _pass_on(process: subprocess.Popen[str], report: Report) -> int:
        """Report the first lines of output; returns how many more there were."""
        count = 0
        for line in process.stdout or ():
            if text := printable(line):
                count += 1
                if count <= _MAX_LINES:
                    report(text, False)
        return max(0, count - _MAX_LINES)


def _reason(error: OSError | ValueError, program: str) -> str:
    match error:
        case FileNotFoundError() if shutil.which(program):
            return "the interpreter that its first line names is not there"
        case FileNotFoundError():
            return "there is no such file" if os.sep in program else "no program of this name is in PATH"
        case PermissionError():
            return "it is not executable"
        case OSError(errno=errno.ENOEXEC):
            return "it is neither a program nor a script whose first line names one"
        case _:
            return printable(getattr(error, "strerror", None) or str(error))
