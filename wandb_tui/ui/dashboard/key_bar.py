"""The bar at the bottom: the keys that matter, as many as fit."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from wandb_tui.ui.input.actions import ACTIONS, BY_ID, Action, Scope
from wandb_tui.ui.input.key_map import KeyMap

_WORTH = (
    "leave", "help", "ask_quit", "add", "next_metric", "restart", "cancel", "filter", "details", "goal", "logs", "mark",
    "pick", "remove", "sort", "find", "find_next", "follow", "zoom", "level", "wrap", "times", "fold", "save_log",
    "copy_log", "grow_pane", "shrink_pane", "grow_logs", "shrink_logs", "find_previous",
    "command_palette", "visit", "copy", "sign_in",
)  # fmt: skip
"""The actions in the order of their worth: where it is narrow, the last ones go."""


class KeyBar(Widget):
    """One line of keys; a click on one does what the key does, and the mouse over one tells what that is."""

    disabled_actions: reactive[frozenset[str]] = reactive(frozenset())
    """The ids of actions that make no sense right now; they are shown dimmed."""
    places: reactive[tuple[Scope, ...]] = reactive(())
    """Whose actions it shows, in this order, and then those that can be used anywhere."""

    typing: reactive[bool] = reactive(False)
    """Whether the user types into a line, where the keys are letters."""

    def __init__(self, keys: KeyMap, *places: Scope) -> None:
        super().__init__()
        self._keys = keys
        self.set_reactive(KeyBar.places, places)

    def render(self) -> Content:
        """The line; keys of less worth go where it is narrow."""
        if self.typing:
            return Content.assemble(" ", ("Enter", "bold $accent"), " Keep it  ", ("Esc", "bold $accent"), " Drop it")
        here = [*self.places, Scope.ANYWHERE]
        usable = [action for action in ACTIONS if action.footer and action.where in here and self._keys.of(action)]
        room = self.size.width - 1
        kept: set[str] = set()
        for action in sorted(usable, key=_rank):
            if (width := self._width(action)) <= room:
                room -= width
                kept.add(action.id)
        shown = sorted((a for a in usable if a.id in kept), key=lambda action: here.index(action.where))
        return Content.assemble(" ", *(self._hint(action) for action in shown))

    def _hint(self, action: Action) -> Content:
        dim = action.id in self.disabled_actions
        click = Style.from_meta({"action": action.id})
        hint = Content.assemble(
            (self._keys.first(action.id), "$quiet" if dim else "bold $accent"),
            " ",
            (action.label, "$quiet" if dim else "$foreground"),
        )
        return hint.stylize(click) + "  "

    async def on_click(self, event: events.Click) -> None:
        """Do what stands under the mouse; links of Textual itself would lose the colours."""
        action = _under(event)
        if action is not None:
            owner = self.app if action.where is Scope.ANYWHERE else self.screen
            await owner.run_action(action.id)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell what the key under the mouse does."""
        action = _under(event)
        tooltip = Content(f"{self._keys.all(action)}  {action.help}") if action is not None else None
        if self.tooltip != tooltip:
            self.tooltip = tooltip

    def _width(self, action: Action) -> int:
        return len(self._keys.first(action.id)) + 1 + len(action.label) + 2


def _under(event: events.MouseEvent) -> Action | None:
    return BY_ID.get(event.style.meta.get("action", ""))


def _rank(action: Action) -> int:
    return _WORTH.index(action.id) if action.id in _WORTH else len(_WORTH)
