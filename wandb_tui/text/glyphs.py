"""How things look: icons, colours of states, times, and text from outside made harmless."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Level, MonitorStatus
from wandb_tui.core.log import LogLine
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor moves
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|$)"  # titles, links, clipboards: up to their end
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]",
    re.DOTALL,
)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_MOST_MARKS = 2
_MINUTE = 60
_HOUR = 3600
_SHORTEST = 4
"""A name that would be cut to fewer cells is left out."""


def clean(text: str, limit: int = 2000) -> str:
    """Text from outside as plain printable text on one line, at most `limit` characters of it.

    Escape sequences and other control characters become a visible sign, line ends and tabs a space. What has no width
    of its own, or turns the direction of writing, goes: terminals disagree about it and tables would bend.
    """
    text = text[: limit + 1]
    if text.isascii() and text.isprintable():
        return text if len(text) <= limit else text[: limit - 1] + "…"
    shown = "".join(_harmless(_ESCAPES.sub(_REPLACEMENT, text)))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _harmless(text: str) -> list[str]:
    out: list[str] = []
    marks = 0
    for char in text:
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if char in "\r\n\t\x0b\x0c\x85" or kind in {"Zl", "Zp", "Zs"}:
            out.append(" ")
        elif kind in {"Cc", "Cs", "Cn", "Co"}:
            out.append(_REPLACEMENT)
        elif kind != "Cf" and marks <= _MOST_MARKS and ord(char) not in _VARIATION_SELECTORS:
            out.append(char)
    return out


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` cut to `width` cells, ending in the ellipsis where something is missing."""
    if width <= 0:
        return ""
    text = text[: width * 4 + 8]
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - len(ellipsis))).rstrip() + ellipsis[:width]


def fit_end(text: str, width: int, ellipsis: str = "…") -> str:
    """The end of `text` in `width` cells, beginning with the ellipsis where something is missing."""
    if cell_len(text) <= width:
        return text
    end = text[-width:]
    while end and cell_len(end) > width - len(ellipsis):
        end = end[1:]
    return ellipsis + end


def minutes(seconds: float) -> str:
    """A length of time as ``m:ss``, or ``h:mm:ss`` from an hour on."""
    whole = int(seconds)
    if whole >= _HOUR:
        return f"{whole // _HOUR}:{whole % _HOUR // _MINUTE:02}:{whole % _MINUTE:02}"
    return f"{whole // _MINUTE}:{whole % _MINUTE:02}"


def time_of_day(moment: datetime) -> str:
    """``HH:MM:SS`` where the user is."""
    return f"{moment.astimezone():%H:%M:%S}"


def date_and_time(moment: datetime) -> str:
    """``YYYY-MM-DD HH:MM`` where the user is."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


EMOJI, ASCII = LOOKS = ("emoji", "ascii")
"""What the settings call the looks there are."""

STATE_COLOURS = {
    State.QUEUED: "queued",
    State.SIGNING_IN: "secondary",
    State.VISITING: "accent",
    State.WAITING: "primary",
    State.AVAILABLE: "success",
    State.TIMED_OUT: "warning",
    State.FAILED: "error",
    State.CANCELLED: "queued",
}
"""The theme's colour for each state."""

_UNICODE_ICONS = {
    State.QUEUED: "○",
    State.SIGNING_IN: "◔",
    State.VISITING: "◑",
    State.WAITING: "◐",
    State.AVAILABLE: "✔",
    State.TIMED_OUT: "◷",
    State.FAILED: "✖",
    State.CANCELLED: "⊘",
}
_ASCII_ICONS = {
    State.QUEUED: ".",
    State.SIGNING_IN: "?",
    State.VISITING: ">",
    State.WAITING: "o",
    State.AVAILABLE: "+",
    State.TIMED_OUT: "t",
    State.FAILED: "x",
    State.CANCELLED: "/",
}
_TO_ASCII = str.maketrans(
    {
        "…": "...", "–": "-", "—": "-", "·": "-", "●": "*", "○": "o", "“": '"', "”": '"', "→": "->", "←": "<-",
        "✔": "+", "✖": "x", "◐": "o", "⚠": "!", "•": "-", "×": "x", "↑": "Up", "↓": "Down", "▪": "*", "─": "-",
        "▲": "^", "▼": "v", "━": "=", "╸": "-",
        _REPLACEMENT: "?",
    }
)  # fmt: skip


@dataclass(eq=False, slots=True)
class Glyphs:
    """Which signs to draw with. All who draw share one, which may change while they do.

    Attributes:
        ascii: Nothing but ASCII of our own: for fonts and terminals without the rest.
        links: Whether addresses are written so that the terminal opens them on a click.
    """

    ascii: bool = False
    links: bool = False

    @property
    def name(self) -> str:
        """As the settings call it."""
        return ASCII if self.ascii else EMOJI

    def icon(self, state: State) -> str:
        """The sign of a state, one cell wide."""
        return (_ASCII_ICONS if self.ascii else _UNICODE_ICONS)[state]

    @property
    def kept(self) -> str:
        """The sign of a pane that is kept for its run, with a space."""
        return "[kept] " if self.ascii else "📌 "

    def text(self, text: str) -> str:
        """A text of our own in this look."""
        return text.translate(_TO_ASCII) if self.ascii else text

    def fit(self, text: str, width: int) -> str:
        """`text` cut to `width` cells, in this look."""
        return fit(self.text(text), width, self._cut)

    def fit_end(self, text: str, width: int) -> str:
        """The end of `text` in `width` cells, in this look."""
        return fit_end(self.text(text), width, self._cut)

    @property
    def _cut(self) -> str:
        return ".." if self.ascii else "…"

    def fit_name(self, row: WatchedRun, width: int) -> str:
        """The run's display name and its id in `width` cells: the name is cut first, since others may have it too."""
        whole, run_id = run_name(row), clean(row.run.run_id)
        room = width - cell_len(run_id) - 1
        if cell_len(whole) <= width or whole == run_id:
            return self.fit(whole, width)
        if room < _SHORTEST:
            return self.fit(run_id, width)
        return f"{self.fit(short_name(row), room)} {self.text(run_id)}"

    def sign(self, line: LogLine) -> str:
        """The sign before a line of a log, two cells wide."""
        if not self.ascii and line.status is not None:
            return line.status.emoji
        if line.state.final and line.state is not State.QUEUED:
            return self.icon(line.state) + " "
        if line.level is not Level.INFO:
            return "! "
        if self.ascii and line.status is not None:
            return _ASCII_STATUS[line.status] + " "
        return self.text("· ")


_ASCII_STATUS = {
    MonitorStatus.SIGNING_IN: "?",
    MonitorStatus.VISITING: ">",
    MonitorStatus.MONITORING: "=",
    MonitorStatus.NOT_AVAILABLE: "o",
    MonitorStatus.AVAILABLE: "+",
    MonitorStatus.TIMEOUT: "t",
}


def run_name(row: WatchedRun) -> str:
    """What people call the run: its display name and its id, or the id alone."""
    name = clean(row.run_info.name, 200) if row.run_info else ""
    run_id = clean(row.run.run_id)
    return f"{name} {run_id}" if name.strip() and name != run_id else run_id


def short_name(row: WatchedRun) -> str:
    """The run's display name, or its id where it has none."""
    name = clean(row.run_info.name, 200) if row.run_info else ""
    return name if name.strip() else clean(row.run.run_id)


def version(row: WatchedRun) -> str:
    """The newest version of the run's history, as ``v3``; empty where there is none."""
    return row.artifact.rpartition(":")[2] if row.artifact else ""


def path(run: RunAddress) -> str:
    """A run's address, safe to show."""
    return clean(str(run))
