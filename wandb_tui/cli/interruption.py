"""Ends a command cleanly on a signal, without a traceback."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from wandb_tui.core.exit_codes import ExitCode

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
"""The signals that end a job; Slurm, LSF and Grid Engine give notice with the last three."""

_IGNORED_SIGNALS = 1
"""Further signals that are ignored during a clean end; the next one ends the process immediately."""


class Interruption:
    """The signal that ended a command early, if any.

    Attributes:
        event: Set by the first signal.
        name: The first signal's name, such as ``SIGTERM``; empty before it.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self.name = ""
        self._further = 0
        self._last_words: Callable[[str], object] | None = None
        self._last_act: Callable[[], object] | None = None

    @property
    def reason(self) -> str:
        """The signal as a message."""
        return f"Interrupted by {self.name}"

    @contextmanager
    def caught(self, last_words: Callable[[str], object]) -> Iterator[None]:
        """Catch the signals in the block. Until `begin` is called, a signal ends the process immediately.

        Args:
            last_words: Called with `reason` before the process ends immediately.
        """
        self._last_words = last_words
        wanted = [number for name in _NAMES if (number := getattr(signal, name, None)) is not None]
        # Ignored signals stay ignored, as under nohup; except Ctrl-C, which a script's background jobs ignore.
        wanted = [
            number for number in wanted if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN
        ]
        before = {number: signal.signal(number, self._stop) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def begin(self) -> None:
        """From now on a signal only sets `event`, for the code that waits for it to end cleanly."""
        self._last_words = None

    @contextmanager
    def last_act(self, act: Callable[[], object]) -> Iterator[None]:
        """Call `act` before a signal in the block ends the process at once."""
        self._last_act = act
        try:
            yield
        finally:
            self._last_act = None

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if not self.name:
            self.name = signal.Signals(number).name
            if self._last_words is not None:
                self._last_words(self.reason)
                os._exit(ExitCode.INTERRUPTED)
            self.event.set()
            return
        self._further += 1
        if self._further > _IGNORED_SIGNALS:
            if self._last_act is not None:
                self._last_act()
            os._exit(ExitCode.INTERRUPTED)


def end_at_once_on_interrupt() -> None:
    """Let Ctrl-C end the process silently, while there is nothing to clean up."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(ExitCode.INTERRUPTED))


def undo_inherited_signals() -> None:
    """Undo what the program that started us has left behind, and what every program that it starts inherits.

    With SIGCHLD ignored, the system reports no command's status, and Python takes each for 0. A blocked signal could
    never end us.
    """
    if hasattr(signal, "SIGCHLD") and signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(
            signal.SIG_UNBLOCK, {number for name in _NAMES if (number := getattr(signal, name, None)) is not None}
        )


def end_as_first_process() -> None:
    """Let SIGTERM and SIGHUP end the first process of a container: the system ignores there what nothing handles."""
    if os.getpid() != 1:
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name)
        if signal.getsignal(number) is signal.SIG_DFL:
            # All other processes of the container end with this one.
            signal.signal(number, lambda number, _frame: os._exit(128 + number))


def raise_on_interrupt() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt`, as usual in Python."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def ending_on_interrupt() -> Iterator[None]:
    """Let Ctrl-C in the block end the process without a word."""
    before = signal.getsignal(signal.SIGINT)
    end_at_once_on_interrupt()
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
