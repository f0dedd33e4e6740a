"""A terminal with the keyboard protocol of kitty, at the other end of a slow line."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterable
from typing import Self

_SEQUENCE = re.compile(
    rb"\x1b\[(?:(?P<push>>\d*u)|<(?P<pop>\d*)u|(?P<query>\?\d+\$p|>c|5n)|\?(?P<mode>[\d;]+)(?P<on>[hl]))"
)
_ANSWERS = {b">c": b"\x1b[>1;4000;35c", b"5n": b"\x1b[0n", b"?2026$p": b"\x1b[?2026;2$y", b"?2048$p": b"\x1b[?2048;0$y"}


class KittyTerminal:
    """Shows nothing, but answers, and encodes keys by the flags that the program has set.

    Attributes:
        output: All that it was sent.
        modes: The private modes that are on.
        keys_at_leaving: The keys typed when the program begins to leave, and the terminal still encodes keys.
        flags: Whether the keys are encoded, for the main and the alternate screen.
    """

    def __init__(self, latency: float, *, withhold: bool = False) -> None:
        """Open a terminal.

        Args:
            latency: Seconds that keys and answers are on their way.
            withhold: Whether answers set out only when the program leaves.
        """
        self.output = b""
        self.modes: set[bytes] = set()
        self.keys_at_leaving = ""
        self.flags = {False: 0, True: 0}
        self._latency = latency
        self._line: list[tuple[float, bytes]] = []
        self._withhold = withhold
        self._withheld: list[bytes] = []
        self._lock = threading.Lock()
        self._ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        os.close(self._ours)
        os.close(self.theirs)

    @contextlib.contextmanager
    def program(self, command: list[str]):
        """Run a program; ends it."""
        environ = {name: value for name, value in os.environ.items() if name not in {"TMUX", "STY"}}
        process = subprocess.Popen(
            command,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            env=environ | {"TERM": "xterm-kitty"},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def press(self, *keys: str) -> None:
        """Send keys, as the flags say at this moment."""
        with self._lock:
            self._send_keys(keys)

    def _send_keys(self, keys: Iterable[str]) -> None:
        encoded = bool(self.flags[b"1049" in self.modes])
        for key in keys:
            text = f"\x1b[{ord(key)};1;{ord(key)}u" if encoded else key
            self._line.append((time.monotonic() + self._latency, text.encode()))

    def _serve(self) -> None:
        rest = b""
        while not self._end.is_set():
            if select.select([self._ours], [], [], 0.01)[0]:
                data = os.read(self._ours, 65536)
                with self._lock:
                    self.output += data
                    rest = self._obey(rest + data)
            with self._lock:
                while self._line and self._line[0][0] <= time.monotonic():
                    os.write(self._ours, self._line.pop(0)[1])

    def _obey(self, data: bytes) -> bytes:
        end = 0
        for found in _SEQUENCE.finditer(data):
            end = found.end()
            screen = b"1049" in self.modes
            if found["push"]:
                self.flags[screen] += 1
            elif found["pop"] is not None:
                self.flags[screen] = max(0, self.flags[screen] - int(found["pop"] or 1))
            elif found["query"]:
                self._withheld.append(_ANSWERS[found["query"]])
                if self._withheld.count(_ANSWERS[b"5n"]) > 1 or not self._withhold:
                    self._send_answers()
            else:
                change = self.modes.add if found["on"] == b"h" else self.modes.discard
                for mode in found["mode"].split(b";"):
                    change(mode)
                if found["mode"] == b"2004" and found["on"] == b"l":
                    self._send_keys(self.keys_at_leaving)
                if screen and b"1049" not in self.modes:
                    self._send_answers()
        return data[max(end, len(data) - 32) :]

    def _send_answers(self) -> None:
        self._line += [(time.monotonic() + self._latency, answer) for answer in self._withheld]
        self._withheld.clear()
