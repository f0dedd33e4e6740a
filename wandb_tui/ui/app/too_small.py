"""What stands on a terminal that is too small for anything else."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

LEAST_WIDTH = 40
LEAST_HEIGHT = 10


class TooSmall(Screen[None]):
    """Goes by itself when the terminal has grown."""

    def compose(self) -> ComposeResult:
        """One sentence."""
        yield Static(Content(f"Terminal too small (needs {LEAST_WIDTH}x{LEAST_HEIGHT})"))
