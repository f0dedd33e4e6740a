"""The message on a terminal that is too small."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

MIN_WIDTH = 40
MIN_HEIGHT = 10


class TooSmall(Screen[None]):
    """Covers everything until the terminal has grown."""

    def compose(self) -> ComposeResult:
        """One sentence."""
        yield Static(Content(f"Terminal too small (needs {MIN_WIDTH}x{MIN_HEIGHT})"))
