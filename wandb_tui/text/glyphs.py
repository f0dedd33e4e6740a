"""The icons and colours of every front end, in Unicode or plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from wandb_tui.core.events import Level, MonitorStatus
from wandb_tui.core.log import LogLine
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.plain_text import REPLACEMENT, clean, fit, fit_end
from wandb_tui.text.run_labels import run_name, short_name

_MIN_NAME_CELLS = 4
"""A name is left out if fewer cells than this are left for it."""


EMOJI, ASCII = LOOKS = ("emoji", "ascii")
"""The looks, as they are named in the settings."""


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
        "▲": "^", "▼": "v", "►": ">", "━": "=", "╸": "-",
        REPLACEMENT: "?",
    }
)  # fmt: skip


@dataclass(eq=False, slots=True)
class Glyphs:
    """The glyphs to draw with. All widgets share one instance, which may change at any time.

    Attributes:
        ascii: Whether our own text is plain ASCII, for fonts and terminals without other characters.
        links: Whether addresses are written as links that the terminal opens on a click.
    """

    ascii: bool = False
    links: bool = False

    @property
    def name(self) -> str:
        """The name in the settings."""
        return ASCII if self.ascii else EMOJI

    def icon(self, state: State) -> str:
        """The icon of a state, one cell wide."""
        return (_ASCII_ICONS if self.ascii else _UNICODE_ICONS)[state]

    @property
    def pinned(self) -> str:
        """The symbol of a pinned log pane, with a space."""
        return "[pinned] " if self.ascii else "📌 "

    def text(self, text: str) -> str:
        """One of our own texts in this look."""
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
        """The run's display name and its id in `width` cells; the name is cut first, since it may not be unique."""
        whole, run_id = run_name(row), clean(row.run.run_id)
        room = width - cell_len(run_id) - 1
        if cell_len(whole) <= width or whole == run_id:
            return self.fit(whole, width)
        if room < _MIN_NAME_CELLS:
            return self.fit(run_id, width)
        return f"{self.fit(short_name(row), room)} {self.text(run_id)}"

    def sign(self, line: LogLine) -> str:
        """The icon before a line of a log, two cells wide."""
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
