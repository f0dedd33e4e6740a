"""The bar at the bottom: the most important keys, as many as fit."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from wandb_tui.ui.input.actions import ACTIONS, BY_ID, Action, Scope
from wandb_tui.ui.input.key_map import KeyMap

_BY_IMPORTANCE = (
    "leave", "help", "ask_quit", "add", "next_metric", "restart", "cancel", "filter", "details", "goal", "logs",
    "select", "pick", "remove", "sort", "find", "find_next", "follow", "zoom", "level", "wrap", "times", "fold",
    "save_log", "copy_log", "grow_pane", "shrink_pane", "grow_logs", "shrink_logs", "find_previous",
    "command_palette", "visit", "copy", "sign_in",
)  # fmt: skip
"""The actions by importance: the last ones go first if there is no room."""


class KeyBar(Widget):
    """One line of keys; a click on one runs its action, hovering explains it."""

    disabled_actions: reactive[frozenset[str]] = reactive(frozenset())
    """The ids of actions that are not possible now; they are dimmed."""
    places: reactive[tuple[Scope, ...]] = reactive(())
    """The scopes whose actions are shown, in this order, before those available anywhere."""

    typing: reactive[bool] = reactive(False)
    """Whether an input is focused, where keys are characters."""

    def __init__(self, keys: KeyMap, *places: Scope) -> None:
        super().__init__()
        self._keys = keys
        self.set_reactive(KeyBar.places, places)

    def render(self) -> Content:
        """The line, with the most important keys that fit."""
        if self.typing:
            return Content.assemble(" ", ("Enter", "bold $accent"), " Apply  ", ("Esc", "bold $accent"), " Cancel")
        here = [*self.places, Scope.ANYWHERE]
        usable = [action for action in ACTIONS if action.footer and action.where in here and self._keys.of(action)]
        room = self.size.width - 1
        fitting: set[str] = set()
        for action in sorted(usable, key=_rank):
            if (width := self._width(action)) <= room:
                room -= width
                fitting.add(action.id)
        shown = sorted((a for a in usable if a.id in fitting), key=lambda action: here.index(action.where))
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
        """Run the action under the mouse; Textual's own links would lose the colours."""
        action = _action_under_mouse(event)
        if action is not None:
            owner = self.app if action.where is Scope.ANYWHERE else self.screen
            await owner.run_action(action.id)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Explain the key under the mouse."""
        action = _action_under_mouse(event)
        tooltip = Content(f"{self._keys.all(action)}  {action.help}") if action is not None else None
        if self.tooltip != tooltip:
            self.tooltip = tooltip

    def _width(self, action: Action) -> int:
        return len(self._keys.first(action.id)) + 1 + len(action.label) + 2


def _action_under_mouse(event: events.MouseEvent) -> Action | None:
    return BY_ID.get(event.style.meta.get("action", ""))


def _rank(action: Action) -> int:
    return _BY_IMPORTANCE.index(action.id) if action.id in _BY_IMPORTANCE else len(_BY_IMPORTANCE)
