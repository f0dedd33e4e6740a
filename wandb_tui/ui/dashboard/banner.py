"""A line across the screen for problems that need the user."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.input.key_map import KeyMap


class Banner(Widget):
    """Visible while there is a message."""

    message: reactive[str] = reactive("")

    def __init__(self, glyphs: Glyphs, keys: KeyMap) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._keys = keys

    def watch_message(self, message: str) -> None:
        """Show or hide the banner."""
        self.display = bool(message)

    def render(self) -> Content:
        """The message, and the key that fixes the problem."""
        key = f"{self._keys.first('sign_in')} Sign in".strip()
        room = self.size.width - len(key) - 7
        text = self._glyphs.fit(f"⚠ {clean(self.message)}", room)
        gap = " " * max(1, room - Content(text).cell_length + 2)
        return Content.assemble(" ", text, gap, (key, "bold"), " ").stylize("@click=screen.sign_in")
