"""Prepares what a terminal sends for Textual's parser: takes out its answers, and joins what a slow line tore apart."""

from __future__ import annotations

import re
from collections.abc import Callable

from textual.message import Message

from wandb_tui.text.terminals import Answer

STATUS_REQUEST, STATUS_REPORT = "\x1b[5n", "\x1b[0n"
"""The device status report: every terminal answers it, in a few bytes, and after all that it was asked before."""

DEVICE_REQUEST = "\x1b[>c"
"""Asks for the secondary device attributes: a number for the kind of terminal, its version, and a third one."""

_KNOWN = re.compile(r"\x1b\[(?:>(?P<device>[\d;]*)c|(?P<status>0n)|27;(?P<modifiers>\d+);(?P<code>\d+)~)")

# A person who types Escape and a bracket goes on with a letter; only a terminal sends parameters.
_INCOMPLETE = re.compile(r"\x1b\[[\d;:<=>?$]+\Z")

# The rest of a key, an answer or a paste, in one piece: a person who types these characters sends them one by one.
_TAIL = re.compile(r"\[[\d;:<=>?$A-Za-z~]|O[A-DFHMP-S]")

_SHIFT = 2
_FIRST_PRINTABLE, _DELETE = 32, 127


class TerminalAnswered(Message):
    """The terminal has said what it is."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class TerminalClosed(Message):
    """The terminal, or the page that takes its place, is gone."""


class TerminalInput:
    """A filter for the characters from a terminal."""

    def __init__(self, on_device: Callable[[Answer], None], on_status: Callable[[], None]) -> None:
        """Create a filter.

        Args:
            on_device: Called with the answer to `DEVICE_REQUEST`.
            on_status: Called on the answer to `STATUS_REQUEST`.
        """
        self._on_device = on_device
        self._on_status = on_status
        self._held = ""
        self._escape_was_key = False

    def escape_was_key(self) -> None:
        """Say that the parser waits no longer for what follows an ESC, and has taken it for the key Escape."""
        self._escape_was_key = True

    def feed(self, text: str) -> str:
        """The text that the parser should read; the beginning of a sequence is held back until its end has come.

        The rest of a sequence whose ESC was taken for a key gets another ESC: its letters would be keys that were
        never pressed.
        """
        if self._escape_was_key and _TAIL.match(text):
            text = "\x1b" + text
        self._escape_was_key = False
        text, self._held = self._held + text, ""
        if (incomplete := _INCOMPLETE.search(text)) is not None:
            text, self._held = text[: incomplete.start()], incomplete.group()
        return _KNOWN.sub(self._replaced, text)

    def _replaced(self, found: re.Match[str]) -> str:
        if (device := found["device"]) is not None:
            self._on_device(tuple(int(number) for number in device.split(";") if number))
            return ""
        if found["status"]:
            self._on_status()
            return ""
        return _key(int(found["code"]), int(found["modifiers"]))


def _key(code: int, modifiers: int) -> str:
    """A key as xterm's modifyOtherKeys sends it, in the form that Textual knows (the keyboard protocol of kitty)."""
    if modifiers == _SHIFT and code >= _FIRST_PRINTABLE and code != _DELETE:
        return chr(code)
    return f"\x1b[{code};{modifiers}u"
