"""Turns what a program wrote to its terminal into plain text: one line as it stood there at the end."""

from __future__ import annotations

import re

_MAX_CHARS = 20_000
_TAB_CELLS = 8
_TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<command>[@-~])"
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|$)"  # titles, links: up to their end
    r"|\x1b[ -/]*[0-~]?"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)",
    re.DOTALL,
)


def console_text(written: str) -> str:
    """A line of a console as a terminal would show it in the end, without colours.

    Text after a carriage return overwrites the line from its beginning, as a progress bar does; erasing and moving
    within the line are followed, while whatever leaves it is ignored.
    """
    written = written[-_MAX_CHARS:].rstrip("\r\n")
    if written.isprintable():
        return written
    line = _Line()
    for token in _TOKEN.finditer(written):
        if token["text"]:
            line.write(token["text"])
        elif token["control"]:
            line.control(token["control"])
        elif token["command"]:
            line.command(token["command"], token["parameters"])
    return line.text


class _Line:
    """A line of a terminal, and the cursor in it."""

    def __init__(self) -> None:
        self._chars: list[str] = []
        self._at = 0

    @property
    def text(self) -> str:
        return "".join(self._chars).rstrip()

    def write(self, text: str) -> None:
        if self._at > len(self._chars):
            self._chars += " " * (self._at - len(self._chars))
        self._chars[self._at : self._at + len(text)] = text
        self._at += len(text)

    def control(self, char: str) -> None:
        match char:
            case "\r" | "\n":
                self._at = 0
            case "\b":
                self._at = max(0, self._at - 1)
            case "\t":
                self._at = (self._at // _TAB_CELLS + 1) * _TAB_CELLS

    def command(self, command: str, parameters: str) -> None:
        number = int(parameters) if parameters.isdigit() else None
        count = min(max(1, number or 1), _MAX_CHARS)
        match command:
            case "K":
                self._erase(number or 0)
            case "G":
                self._at = count - 1
            case "C":
                self._at = min(self._at + count, _MAX_CHARS)
            case "D":
                self._at = max(0, self._at - count)

    def _erase(self, part: int) -> None:
        """Erase to the end of the line, with 1 up to the cursor, with 2 all of it."""
        if part == 0:
            del self._chars[self._at :]
        elif part == 1:
            self._chars[: self._at + 1] = " " * min(self._at + 1, len(self._chars))
        else:
            self._chars.clear()
