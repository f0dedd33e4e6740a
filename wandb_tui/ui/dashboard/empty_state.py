"""The placeholder of a dashboard without runs."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.input.actions import BY_ID, Scope
from wandb_tui.ui.input.key_map import KeyMap

_HINTS = (
    ("add", "add runs: paste the addresses of their pages"),
    ("pick", "pick runs from your projects"),
    ("help", "keys, symbols and files"),
)
_WIDTH = max(len(what) for _, what in _HINTS)


class EmptyState(Widget):
    """Explains how to start."""

    def __init__(self, glyphs: Glyphs, keys: KeyMap) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._keys = keys

    def render(self) -> Content:
        """A few lines; a click on a key hint runs its action."""
        text = self._glyphs.text
        hints = [(self._keys.first(action), what, action) for action, what in _HINTS if self._keys.first(action)]
        widest = max((len(key) for key, _, _ in hints), default=0)
        return Content.assemble(
            ("No runs yet", "bold $foreground"),
            "\n\n",
            (text("wandb-tui visits the page of each run you add and waits\n"), "$quiet"),
            (text("until its history has been exported."), "$quiet"),
            "\n\n",
            Content("\n").join(_hint(key.ljust(widest), what, action) for key, what, action in hints),
        )

    async def on_click(self, event: events.Click) -> None:
        """Run the action under the mouse."""
        action = BY_ID.get(event.style.meta.get("action", ""))
        if action is not None:
            owner = self.app if action.where is Scope.ANYWHERE else self.screen
            await owner.run_action(action.id)


def _hint(key: str, what: str, action: str) -> Content:
    line = Content.assemble((key, "bold $accent"), (f"  {what:<{_WIDTH}}", "$foreground"))
    return line.stylize(Style.from_meta({"action": action}))
