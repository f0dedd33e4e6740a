"""The costs of processes, read from /proc, and their end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self

MB = 1024.0
_STOPPING = threading.Event()
_TICKS = os.sysconf("SC_CLK_TCK")


class Stopped(BaseException):
    """The measuring is to end now; what was started is ended on the way out."""


def stop() -> None:
    """Let every measure end at its next wait, in whatever thread it runs."""
    _STOPPING.set()


def pause(seconds: float) -> None:
    """Let time go by.

    Raises:
        Stopped: The measuring is to end now.
    """
    if _STOPPING.wait(max(0.0, seconds)):
        raise Stopped


def pss(pid: int) -> float:
    """The proportional set size in MB; 0 for a process that is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / MB
    except OSError:
        pass
    return 0.0


def processor_seconds(pid: int) -> float:
    """The processor time used so far, all threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def descendants(pid: int) -> dict[int, str]:
    """All processes below one, with their command lines."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(entry.name))
    found: dict[int, str] = {}
    pending = list(parents.get(pid, ()))
    while pending:
        child = pending.pop()
        with contextlib.suppress(OSError):
            found[child] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        pending += parents.get(child, ())
    return found


class Peak:
    """Watches, inside its block, the most memory that some processes below one have taken together, in MB."""

    def __init__(self, pid: int, wanted: Callable[[str], bool], *, every: float = 0.25) -> None:
        self._pid = pid
        self._wanted = wanted
        self._every = every
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.megabytes = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._done.wait(self._every):
            pids = [pid for pid, command in descendants(self._pid).items() if self._wanted(command)]
            self.megabytes = max(self.megabytes, sum(map(pss, pids)))


@contextlib.contextmanager
def program(command: Sequence[str], environ: dict[str, str], output: IO[Any]) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a session of its own; leaving the block ends it with all below it."""
    process = subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes], *, grace_s: float = 5.0) -> None:
    """End a program that was started in a session of its own, and whatever is left below it."""
    below = list(descendants(process.pid))
    for ask in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(ask)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_s)
    for pid in below:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: It does not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds:.0f} s")
        pause(0.05)
