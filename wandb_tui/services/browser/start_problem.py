"""Names the cause in the system where the browser or its driver does not start, or ends: a limit, a disk, a folder."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from wandb_tui.core.errors import NO_THREAD
from wandb_tui.services.browser.control_group import memory_limit, process_limit
from wandb_tui.text.sizes import format_bytes

_FOLDER_ERROR = re.compile(r"E[A-Z]+: ([^,\n]+), (?:mkdtemp|mkdir|open|write) '([^'\n]+)'")
_FEWEST_FILES = 128
_NO_MEMORY = ("out of memory", "cannot allocate memory", "enomem", "bad_alloc", "virtual memory")
_NO_FILES = ("emfile", "too many open files", "uv_loop_init")
_NO_PROCESSES = (
    "eagain",
    "resource temporarily unavailable",
    "cannot fork",
    "pthread_create",
    NO_THREAD,
)
_KILLED_BEFORE, _REFUSED_BEFORE = memory_limit().refusals, process_limit().refusals
"""The numbers of times that the container's limits had struck before the first browser was started."""


class StartProblem(NamedTuple):
    """The reason why a program does not start, and the remedy.

    Attributes:
        reason: The cause, as a clause.
        hint: The remedy, as a sentence.
        library: The system library that is missing; empty where that is not the cause.
    """

    reason: str
    hint: str
    library: str = ""


def start_problem(output: str) -> StartProblem | None:
    """The cause that a program's last output and the limits of this process tell; None where they tell none.

    Args:
        output: The output of the program, and the error of the call that started it.
    """
    text = output.lower()
    causes: tuple[Callable[[str, str], StartProblem | None], ...] = (
        _missing_library,
        _no_proc,
        _temporary_folder,
        _open_files,
        _processes,
        _memory,
    )
    return next((found for cause in causes if (found := cause(output, text))), None)


def end_problem() -> StartProblem | None:
    """The reason why a browser that had started has ended, if its container's limits tell; None where they do not."""
    return _killed() or _refused()


def _missing_library(output: str, _: str) -> StartProblem | None:
    found = re.search(r"loading shared libraries: (\S+?):", output)
    if found is None:
        return None
    return StartProblem(f"the system library {found[1]} is missing", "Run wandb-tui doctor --fix.", found[1])


def _no_proc(_output: str, _text: str) -> StartProblem | None:
    if not sys.platform.startswith("linux") or Path("/proc/self").exists():
        return None
    return StartProblem(
        "it needs /proc, which is not mounted here", "Mount it (mount -t proc proc /proc), or wait with --no-visit."
    )


def _temporary_folder(output: str, text: str) -> StartProblem | None:
    found = _FOLDER_ERROR.search(output)
    if "enospc" in text or "no space left" in text or "edquot" in text:
        folder = Path(found[2]).parent if found else Path(tempfile.gettempdir())
        return StartProblem(f"the disk of {folder} is full", "Make room there, or set TMPDIR to another folder.")
    if found is None:
        return None
    return StartProblem(
        f"nothing can be written to {Path(found[2]).parent} ({found[1]})", "Set TMPDIR to a folder that can be written."
    )


def _open_files(_: str, text: str) -> StartProblem | None:
    limit = _limit("RLIMIT_NOFILE")
    # Below a certain limit the driver does not even say what it lacks.
    too_low = limit is not None and limit < _FEWEST_FILES
    if not too_low and not any(sign in text for sign in _NO_FILES):
        return None
    return StartProblem(
        "it may not open enough files" + (f" (ulimit -n is {limit})" if limit is not None else ""),
        "Raise the limit: ulimit -n 1024",
    )


def _processes(_: str, text: str) -> StartProblem | None:
    if (refused := _refused()) is not None:
        return refused
    if not any(sign in text for sign in _NO_PROCESSES):
        return None
    limits = [f"ulimit -u is {limit}"] if (limit := _limit("RLIMIT_NPROC")) is not None else []
    # A thread whose stack finds no room is refused with the same error.
    if (addresses := _limit("RLIMIT_AS")) is not None:
        limits.append(f"ulimit -v is {addresses // 1024:,} KB")
    return _too_many_processes(f" ({', '.join(limits)})" if limits else "")


def _refused() -> StartProblem | None:
    """The container's limit of processes, if it has struck."""
    limit, refusals = process_limit()
    return _too_many_processes(f" (the container's limit is {limit})") if refusals > _REFUSED_BEFORE else None


def _too_many_processes(limit: str) -> StartProblem:
    return StartProblem(
        f"the system allows no more processes or threads{limit}",
        "Raise the limit (ulimit -u, ulimit -v, or the container's), or wait with --no-visit.",
    )


def _killed() -> StartProblem | None:
    """The container's limit of memory, if it has struck."""
    limit, kills = memory_limit()
    if limit is None or kills <= _KILLED_BEFORE:
        return None
    return StartProblem(
        f"it was killed because this container may use only {format_bytes(limit)} of memory",
        "Allow more (a browser needs about 1 GB), or wait with --no-visit.",
    )


def _memory(_: str, text: str) -> StartProblem | None:
    """The limit on addresses, which fails a browser in many ways and often without a word, else what was said."""
    if (limit := _limit("RLIMIT_AS")) is not None:
        return StartProblem(
            f"it needs more virtual memory than is allowed here (ulimit -v is {limit // 1024:,} KB)",
            "Raise the limit (ulimit -v unlimited), or wait with --no-visit.",
        )
    if (killed := _killed()) is not None:
        return killed
    if any(sign in text for sign in _NO_MEMORY):
        return StartProblem("there is not enough memory", "Free some, or wait with --no-visit.")
    return None


def _limit(name: str) -> int | None:
    """This process's limit of a resource; None where there is none."""
    if sys.platform == "win32" or os.name != "posix":
        return None
    import resource

    soft, _ = resource.getrlimit(getattr(resource, name, resource.RLIMIT_NOFILE))
    return None if soft == resource.RLIM_INFINITY else soft
