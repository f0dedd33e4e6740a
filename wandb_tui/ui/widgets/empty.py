"""What the dashboard shows while it has no runs."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from wandb_tui.ui.look import Look


class EmptyState(Widget):
    """Tells how to begin."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def render(self) -> Content:
        """A few calm lines."""
        text = self._look.text
        add = [
            ("a", "bold $accent"),
            ("  add runs: paste the addresses of their pages", "$foreground"),
        ]
        return Content.assemble(
            ("No runs yet", "bold $foreground"),
            "\n\n",
            (text("wandb-tui opens the page of each run you add, waits until\n"), "$quiet"),
            (text("its history has been exported, and tells you here."), "$quiet"),
            "\n\n",
            *add,
            "\n",
            ("p", "bold $accent"),
            ("  pick runs from your projects", "$foreground"),
            " " * 15,
            "\n",
            ("?", "bold $accent"),
            ("  keys, signs and files", "$foreground"),
            " " * 23,
        )
