"""The user's own commands for runs that have ended: off by default, never read by a shell, ended with the dashboard."""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from wandb_tui.core.hook_env import AttemptOutcome, run_environment
from wandb_tui.core.state import State
from wandb_tui.services.credentials.redaction import redact, without_secrets
from wandb_tui.services.disk.file_lock import take
from wandb_tui.services.disk.settings import HookCommands
from wandb_tui.services.processes import terminate_process_group

log = logging.getLogger(__name__)

MOST_AT_ONCE = 4
"""How many commands run at once; the others wait for their turn."""

_LOOK_EVERY = 0.1
_END_WITHIN = 0.2
_KEPT = 20_000
"""How many bytes at the end of what a command prints get into the log."""

_LONGEST = 200

Tell = Callable[[str], None]


class CommandHooks:
    """Runs the commands; fulfils `ui.runtime.ports.Hooks`.

    Of several dashboards that wait for the same runs one alone runs them: whichever holds the lock.
    """

    def __init__(self, commands: HookCommands, lock: Path, environ: Mapping[str, str] = os.environ) -> None:
        """Prepare; nothing is started or opened yet.

        Args:
            commands: What to run.
            lock: The file that stands for the right to run commands.
            environ: What the commands inherit, without the secrets in it.
        """
        self._commands = commands
        self._lock_file = lock
        self._environ = environ
        self._changed = threading.Condition()
        self._jobs: deque[tuple[AttemptOutcome, Tell]] = deque()
        self._threads = 0
        self._stopped = threading.Event()
        self._lock: int | None = None

    def ended(self, end: AttemptOutcome, tell: Tell) -> None:
        """Run the command for this end, if there is one, as soon as a turn is free."""
        if not self._command(end) or self._stopped.is_set():
            return
        with self._changed:
            self._jobs.append((end, tell))
            if self._threads == MOST_AT_ONCE:
                return
            self._threads += 1
        try:
            threading.Thread(target=self._work, name="wandb-tui-hooks", daemon=True).start()
        except RuntimeError:
            # The system has no thread left; whichever runs already, or comes next, takes this one along.
            log.warning("No thread is left for the command of %s; it waits", end.run)
            with self._changed:
                self._threads -= 1

    def stop(self) -> None:
        """End the commands that run, and begin no more."""
        self._stopped.set()
        with self._changed:
            self._jobs.clear()

    def join(self, seconds: float) -> bool:
        """Wait until no command runs any more; whether that is so within that time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._threads, seconds)

    def close(self) -> None:
        """End the commands that run, and wait a moment for them."""
        self.stop()
        self.join(2 * _END_WITHIN + _LOOK_EVERY)
        with self._changed:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _command(self, end: AttemptOutcome) -> tuple[str, ...]:
        return self._commands.on_success if end.state is State.AVAILABLE else self._commands.on_failure

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._jobs:
                    self._threads -= 1
                    self._changed.notify_all()
                    return
                end, tell = self._jobs.popleft()
            try:
                if self._ours():
                    self._run(end, tell)
            except Exception:
                log.exception("The command for %s cannot be run", end.run)

    def _ours(self) -> bool:
        """Whether no other dashboard runs the commands."""
        with self._changed:
            if self._lock is None:
                try:
                    self._lock = take(self._lock_file)
                except OSError as error:
                    log.warning("%s cannot be locked: %s", self._lock_file, error)
                    return True
            return self._lock is not None

    def _run(self, end: AttemptOutcome, tell: Tell) -> None:
        command, which = self._command(end), "on_success" if end.state is State.AVAILABLE else "on_failure"
        with tempfile.TemporaryFile() as output:
            try:
                process = subprocess.Popen(
                    command,
                    env=self._environment(end),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # Away from our terminal, and with all that it starts, so that all of it can be ended.
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                tell(f"The command {which} cannot be started: {_plain(command[0])}: {_plain(reason)}")
                return
            log.info("The command %s for %s runs as process %d", which, end.run, process.pid)
            while process.poll() is None and not self._stopped.wait(_LOOK_EVERY):
                pass
            stopped = process.poll() is None
            if stopped:
                terminate_process_group(process, _END_WITHIN)
            lines = _printed(output)
        for line in lines:
            log.info("%s for %s: %s", which, end.run, line)
        if process.returncode and not stopped:
            said = f": {_plain(lines[-1])}" if lines else ""
            tell(f"The command {which} {_how(process.returncode)}{said}")

    def _environment(self, end: AttemptOutcome) -> dict[str, str]:
        return {
            **without_secrets(self._environ),
            **run_environment(end.run, end.artifact or ""),
            "WANDB_TUI_STATE": str(end.state),
            "WANDB_TUI_MESSAGE": _plain(end.message, 2000),
        }


def _how(status: int) -> str:
    return f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"


def _printed(output: IO[bytes]) -> list[str]:
    """The last lines that a command has printed."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _KEPT))
    text = output.read().decode("utf-8", "replace")
    return [line for line in text.splitlines() if line.strip()]


def _plain(text: str, longest: int = _LONGEST) -> str:
    """A text from outside without secrets and control characters: an environment takes no NUL, a log no escapes."""
    text = "".join(char if char.isprintable() else " " for char in redact(text)[:longest])
    return text.encode("utf-8", "replace").decode().strip()
