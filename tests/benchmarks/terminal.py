"""A real pty: a program runs in it, its output is recorded with times, and its screen can be read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

import pyte

from tests.benchmarks.processes import end, pause

COLUMNS, LINES = 140, 44
_LOOK_UP = 0.5
"""Seconds between two looks at whether the measuring is to end."""

# The answers of a terminal that is asked who and where it is; programs wait for that before they draw.
_ANSWERS = {
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b]11;?": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
    b"\x1b]10;?": b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
}


class Terminal:
    """Runs a program in a pty; leaving the block ends it with all below it."""

    def __init__(self, command: Sequence[str], environ: dict[str, str]) -> None:
        self.began = time.monotonic()
        self._main, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            command, env=environ, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
        )
        os.close(inner)
        self.chunks: list[tuple[float, bytes]] = []
        self._screen, self._replayed = emulator(), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        # Nothing reads it any more: closing first keeps the program from blocking on a full pty while it ends.
        os.close(self._main)
        end(self.process)

    def read(self, seconds: float) -> None:
        """Take in what is written within the next `seconds`."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(min(left, _LOOK_UP))

    def wait(self, condition: Callable[[bytes], bool], seconds: float, what: str) -> float:
        """The moment of the chunk with which all that was written meets a condition.

        Raises:
            TimeoutError: It does not within `seconds`; what the screen shows is told.
        """
        until = time.monotonic() + seconds
        written = b"".join(chunk for _, chunk in self.chunks)
        while (left := until - time.monotonic()) > 0:
            before = len(self.chunks)
            if not self._read(min(left, _LOOK_UP)):
                break
            written += b"".join(chunk for _, chunk in self.chunks[before:])
            if condition(written):
                return self.chunks[-1][0]
        raise TimeoutError(f"{what} did not come within {seconds:.0f} s; the screen shows:\n{self.screen()}")

    def write(self, keys: bytes) -> float:
        """Press keys; the moment in which that was done."""
        os.write(self._main, keys)
        return time.monotonic()

    def screen(self) -> str:
        """The text on the screen now."""
        for _ in replayed(self._screen, self.chunks[self._replayed :]):
            pass
        self._replayed = len(self.chunks)
        return "\n".join(self._screen.display)

    def _read(self, seconds: float) -> bool:
        """Take in one chunk; False where the program has ended."""
        pause(0)
        ready, _, _ = select.select([self._main], [], [], seconds)
        if not ready:
            return True
        try:
            chunk = os.read(self._main, 1 << 16)
        except OSError:
            return False
        self.chunks.append((time.monotonic(), chunk))
        for question, answer in _ANSWERS.items():
            if question in chunk:
                with contextlib.suppress(OSError):
                    os.write(self._main, answer)
        return bool(chunk)


def emulator() -> pyte.Screen:
    """An empty screen of the pty's size."""
    return pyte.Screen(COLUMNS, LINES)


def replayed(screen: pyte.Screen, chunks: Sequence[tuple[float, bytes]]) -> Iterator[float]:
    """Draw what was written, chunk by chunk; the moment of each."""
    stream = pyte.ByteStream(screen)
    for at, chunk in chunks:
        # pyte takes the private sequences for keyboards (CSI > … u) for something else.
        stream.feed(_without_private(chunk))
        yield at


def _without_private(chunk: bytes) -> bytes:
    import re

    return re.sub(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]", b"", chunk)
