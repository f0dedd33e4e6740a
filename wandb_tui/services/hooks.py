"""The user's own commands for runs whose attempt has ended: off by default, never run through a shell."""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import IO

from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.hook_env import AttemptOutcome, run_environment
from wandb_tui.core.state import State
from wandb_tui.services.credentials.redaction import redact, without_secrets
from wandb_tui.services.disk.file_lock import ProcessLock
from wandb_tui.services.disk.settings import HookCommands
from wandb_tui.services.processes import terminate_process_group

log = logging.getLogger(__name__)

MAX_RUNNING_COMMANDS = 4
"""The number of commands that run at the same time; the others queue."""

_POLL_INTERVAL_S = 0.1
_TERMINATE_TIMEOUT_S = 0.2
_MAX_OUTPUT_BYTES = 20_000
"""The last bytes of a command's output that go into the log."""

_MAX_MESSAGE_CHARS = 200

Report = Callable[[str], None]
"""Receives the error of a command, in one sentence."""


class CommandHooks:
    """Runs the commands; implements `ui.runtime.ports.Hooks`.

    If several dashboards share a list, only the one that holds the lock runs them.
    """

    def __init__(self, commands: HookCommands, lock: Path, environ: Mapping[str, str] = os.environ) -> None:
        """Prepare; nothing starts yet.

        Args:
            commands: The commands.
            lock: The lock file of the dashboard that runs them.
            environ: The environment that they inherit, without its secrets.
        """
        self._commands = commands
        self._environ = environ
        self._lock = ProcessLock(lock)
        self._lock_held = False
        self._pool = DaemonPool("wandb-tui hooks", MAX_RUNNING_COMMANDS)
        self._state_lock = threading.Lock()
        self._futures: set[Future[None]] = set()
        self._deferred: list[tuple[AttemptOutcome, Report]] = []
        self._stopped = threading.Event()

    def ended(self, end: AttemptOutcome, on_error: Report) -> None:
        """Run the command for this outcome, if any, as soon as fewer than `MAX_RUNNING_COMMANDS` are running."""
        if not self._command(end) or self._stopped.is_set():
            return
        with self._state_lock:
            due, self._deferred = [*self._deferred, (end, on_error)], []
            for outcome, report in due:
                try:
                    future = self._pool.submit(self._run_if_ours, outcome, report)
                except RuntimeError:
                    log.warning("No thread is left for the command of %s; it runs with the next one", outcome.run)
                    self._deferred.append((outcome, report))
                else:
                    self._futures.add(future)

    def stop(self) -> None:
        """Terminate the running commands and start no more."""
        self._stopped.set()
        with self._state_lock:
            self._deferred.clear()
            for future in self._futures:
                future.cancel()

    def join(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for all commands; returns whether all have ended."""
        with self._state_lock:
            futures = list(self._futures)
        done, pending = wait(futures, timeout)
        with self._state_lock:
            self._futures.difference_update(done)
        return not pending

    def close(self) -> None:
        """Terminate the running commands, and wait for them briefly."""
        self.stop()
        self.join(2 * _TERMINATE_TIMEOUT_S + _POLL_INTERVAL_S)
        with self._state_lock:
            self._lock.release()
            self._lock_held = False

    def _command(self, end: AttemptOutcome) -> tuple[str, ...]:
        return self._commands.on_success if end.state is State.AVAILABLE else self._commands.on_failure

    def _run_if_ours(self, end: AttemptOutcome, report: Report) -> None:
        if self._stopped.is_set():
            return
        try:
            if self._is_ours():
                self._run(end, report)
        except Exception:
            log.exception("The command for %s cannot be run", end.run)

    def _is_ours(self) -> bool:
        """Whether this dashboard runs the commands, rather than another one."""
        with self._state_lock:
            self._lock_held = self._lock_held or self._lock.acquire()
            return self._lock_held

    def _run(self, end: AttemptOutcome, report: Report) -> None:
        command, setting = self._command(end), "on_success" if end.state is State.AVAILABLE else "on_failure"
        with tempfile.TemporaryFile() as output:
            try:
                process = subprocess.Popen(
                    command,
                    env=self._environment(end),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # Detached from our terminal, and in a process group that can be terminated as a whole.
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                report(f"The command {setting} cannot be started: {printable(command[0])}: {printable(reason)}")
                return
            log.info("The command %s for %s runs as process %d", setting, end.run, process.pid)
            while process.poll() is None and not self._stopped.wait(_POLL_INTERVAL_S):
                pass
            stopped = process.poll() is None
            if stopped:
                terminate_process_group(process, _TERMINATE_TIMEOUT_S)
            lines = _last_lines(output)
        for line in lines:
            log.info("%s for %s: %s", setting, end.run, line)
        if process.returncode and not stopped:
            last_line = f": {printable(lines[-1])}" if lines else ""
            report(f"The command {setting} {exit_description(process.returncode)}{last_line}")

    def _environment(self, end: AttemptOutcome) -> dict[str, str]:
        return {
            **without_secrets(self._environ),
            **run_environment(end.run, end.artifact or ""),
            "WANDB_TUI_STATE": str(end.state),
            "WANDB_TUI_MESSAGE": printable(end.message, 2000),
        }


def exit_description(status: int) -> str:
    """The end of a process in words, by its status as `subprocess` gives it."""
    return f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"


def _last_lines(output: IO[bytes]) -> list[str]:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _MAX_OUTPUT_BYTES))
    text = output.read().decode("utf-8", "replace")
    return [line for line in text.splitlines() if line.strip()]


def printable(text: str, max_chars: int = _MAX_MESSAGE_CHARS) -> str:
    """Text from outside without secrets and control characters, for an environment variable or a log."""
    text = "".join(char if char.isprintable() else " " for char in redact(text)[:max_chars])
    return text.encode("utf-8", "replace").decode().strip()
