"""Hands the terminal to the dashboard and back, and redirects all other output to the log."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from textual.app import App

from wandb_tui.core.exit_codes import ExitCode
from wandb_tui.ui.app.event_loop import run_first

_END_SIGNALS = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]
_LEAVE_SCREEN = "\x1b[?1049l\x1b[?25h"


def switches(app: App[Any]) -> bool:
    """Whether an app ends, or has ended, for another one to follow on the same terminal."""
    return getattr(app, "switching", False)


FollowingApp = Callable[[], App[int] | None]
"""Gives the app that follows, on the same terminal, one that has ended with `switching`."""


def run_app(app: App[int], log_path: Path, following: FollowingApp = lambda: None) -> int:
    """Run the dashboard with the terminal to itself, and return its exit status.

    Textual draws on ``sys.__stderr__`` and gets the size from ``sys.__stdout__``. While it runs, both use private
    copies of the terminal's descriptor; descriptors 1 and 2, which child processes inherit and C libraries write to,
    lead to the log.

    Args:
        app: The app.
        log_path: The log file; created with its folder if missing. If it cannot be written, as in a read-only home,
            that output is discarded.
        following: Gives the app that follows when the user switches to another server.
    """
    if not _is_terminal():
        print("wandb-tui needs a terminal for its dashboard; without one, use: wandb-tui wait RUN", file=sys.stderr)  # noqa: T201
        return ExitCode.BAD_USAGE
    with _terminal_alone(log_path, 2 if os.isatty(2) else 1):
        result = run_first(app)
        while switches(app) and (after := _next_app(following)) is not None:
            app = after
            result = run_first(app)
    return _status(app, result, log_path)


def _next_app(following: FollowingApp) -> App[int] | None:
    """The app that follows. Without one, and if a signal or an error comes between, the terminal is given back."""
    before = {number: signal.signal(number, lambda number, _: sys.exit(128 + number)) for number in _END_SIGNALS}
    after = None
    try:
        after = following()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if after is None and sys.__stderr__ is not None:
            sys.__stderr__.write(_LEAVE_SCREEN)
            sys.__stderr__.flush()
    return after


def run_in_page(app: App[int], log_path: Path, size: tuple[int, int], following: FollowingApp = lambda: None) -> int:
    """Run the dashboard for a page in a browser, and return its exit status.

    The web server reads what is drawn from stdout, and writes keys to stdin. Everything else leads to the log.

    Args:
        app: The app.
        log_path: The log file, as for `run_app`.
        size: The columns and rows of the page.
        following: Gives the app that follows when the user switches to another server.
    """
    from wandb_tui.ui.app.page_driver import PageDriver

    app.driver_class = PageDriver
    with _terminal_alone(log_path, 1):
        # A report of a crash would break the packets.
        sys.__stderr__ = sys.stderr  # type: ignore[misc, assignment]
        result = run_first(app, size)
        while switches(app) and (after := following()) is not None:
            after.driver_class = PageDriver
            result = run_first(after, (app.size.width, app.size.height))
            app = after
    return _status(app, result, log_path)


def _status(app: App[int], result: int | None, log_path: Path) -> int:
    if app.return_code not in {0, None}:
        why = f"see {log_path}" if os.access(log_path, os.W_OK) else f"{log_path} cannot be written"
        print(f"wandb-tui crashed; {why}", file=sys.stderr)  # noqa: T201
        return app.return_code or ExitCode.FAILED
    return 0 if result is None else result


def _is_terminal() -> bool:
    """Whether there is a terminal for keys and drawing."""
    try:
        return os.isatty(0) and (os.isatty(1) or os.isatty(2))
    except OSError:
        return False


def below_a_shell() -> bool:
    """Whether a shell is there that would notice that we stopped, and could resume us."""
    leader = os.getpgrp()
    if leader != os.getpid():
        return True
    try:
        return os.getsid(os.getppid()) == os.getsid(0)
    except OSError:
        return False


@contextlib.contextmanager
def _terminal_alone(log_path: Path, descriptor: int) -> Iterator[None]:
    terminal = os.dup(descriptor)
    drawing, asking = _writer(terminal), _writer(os.dup(terminal))
    before: tuple[Any, Any] = (sys.__stdout__, sys.__stderr__)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    try:
        with _redirected((1, 2), log_path):
            sys.__stdout__, sys.__stderr__ = asking, drawing  # type: ignore[misc]  # Textual uses these
            try:
                yield
            finally:
                sys.__stdout__, sys.__stderr__ = before  # type: ignore[misc]
                # Output that Python has buffered for 1 and 2 belongs in the log, not on the terminal.
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
    finally:
        drawing.close()
        asking.close()


class _Terminal(io.FileIO):
    """A terminal that may disappear: output is then discarded without an error."""

    def write(self, data: Any) -> int:
        """Write, if the terminal is still there."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _writer(descriptor: int) -> io.TextIOWrapper:
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    return io.TextIOWrapper(io.BufferedWriter(_Terminal(descriptor, "wb")), encoding=encoding, errors="replace")


@contextlib.contextmanager
def _redirected(descriptors: tuple[int, ...], path: Path) -> Iterator[None]:
    """Redirect these descriptors to a file, and restore them afterwards."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    kept = [(descriptor, os.dup(descriptor)) for descriptor in descriptors]
    try:
        for descriptor in descriptors:
            os.dup2(log, descriptor)
        yield
    finally:
        for descriptor, copy in kept:
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(log)
