"""The bar at the bottom: the most important keys, as many as fit."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.content import Content
from textual.keys import key_to_character
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from wandb_tui.ui.input.actions import ACTIONS, BY_ID, Action, Scope, display_key
from wandb_tui.ui.input.key_map import KeyMap

_BY_IMPORTANCE = (
    "leave", "close", "help", "ask_quit", "submit", "open", "yes", "no", "enter", "add", "next_metric", "zoom_in",
    "zoom_out", "metric_after", "fit", "choose_metric", "next_across", "point_right", "log_up", "smoother", "filter",
    "pick", "copy", "logs", "goal", "command_palette", "cancel", "restart", "details", "compare", "remove", "select",
    "sort", "preview", "find", "find_next", "zoom", "follow", "console", "level", "wrap", "times", "fold", "save_log",
    "copy_log",
    "grow_pane", "shrink_pane", "grow_logs", "shrink_logs", "find_previous", "visit", "sign_in",
)  # fmt: skip
"""The actions by importance: the last ones go first if there is no room. A key that is easy to guess, such as Enter for
details, goes before one that is not."""

_NARROW_CELLS = 100
"""Below this width, hints are one cell apart instead of two."""

_EDITING_KEYS = frozenset({"enter", "backspace", "delete", "left", "right", "up", "down", "home", "end"})
"""The keys that an input handles itself, unless an action has priority; so it does with characters."""


class KeyBar(Widget):
    """One line of keys; a click on one runs its action, hovering explains it."""

    disabled_actions: reactive[frozenset[str]] = reactive(frozenset())
    """The full ids of actions that are not possible now; they are dimmed, and the first to go if there is no room."""
    places: reactive[tuple[Scope, ...]] = reactive(())
    """The scopes whose actions are shown, in this order, before those available anywhere."""
    labels: reactive[Mapping[str, str]] = reactive({})
    """Labels in place of those of the actions, by full id: what a toggle would do now."""
    typing: reactive[bool] = reactive(False)
    """Whether an input is focused, where keys are characters."""
    completing: reactive[bool] = reactive(False)
    """Whether that input completes what is typed."""

    def __init__(self, keys: KeyMap, *places: Scope, dialog: bool = False) -> None:
        """Create the bar.

        Args:
            keys: The keys in use.
            places: The scopes whose actions are shown.
            dialog: Whether it belongs to a dialog, where few of the actions available anywhere are.
        """
        super().__init__()
        self._keys = keys
        self._dialog = dialog
        self.set_reactive(KeyBar.places, places)

    def render(self) -> Content:
        """The line, with the most important keys that fit."""
        if self.typing and not self._dialog:
            keys = {"Enter": "Apply", **({"Tab": "Complete"} if self.completing else {}), "Esc": "Cancel"}
            return " " + Content("  ").join(
                Content.assemble((key, "bold $accent"), " ", label) for key, label in keys.items()
            )
        usable = [action for action in ACTIONS if action.footer and self._available(action) and self._key(action)]
        gap = 1 if self.size.width < _NARROW_CELLS else 2
        room = self.size.width - 1 + gap
        fitting: set[Action] = set()
        for action in sorted(usable, key=self._rank):
            if (width := len(self._key(action)) + 1 + len(self._label(action)) + gap) <= room:
                room -= width
                fitting.add(action)
        here = [*self.places, Scope.ANYWHERE]
        shown = sorted((a for a in usable if a in fitting), key=lambda action: here.index(action.where))
        return " " + Content(" " * gap).join(self._hint(action) for action in shown)

    def _available(self, action: Action) -> bool:
        if action.where is Scope.ANYWHERE:
            return action.in_dialogs or not self._dialog
        return action.where in self.places

    def _key(self, action: Action) -> str:
        """The key to show; empty if none works where the focus is."""
        keys = self._keys.of(action)
        if self.typing and not action.priority:
            keys = tuple(key for key in keys if not (key in _EDITING_KEYS or _printable(key)))
        return display_key(keys[0]) if keys else ""

    def _label(self, action: Action) -> str:
        return self.labels.get(action.full_id, action.label)

    def _hint(self, action: Action) -> Content:
        dim = action.full_id in self.disabled_actions
        hint = Content.assemble(
            (self._key(action), "$quiet" if dim else "bold $accent"),
            " ",
            (self._label(action), "$quiet" if dim else "$foreground"),
        )
        return hint.stylize(Style.from_meta({"action": action.full_id}))

    async def on_click(self, event: events.Click) -> None:
        """Run the action under the mouse; Textual's own links would lose the colours."""
        action = _action_under_mouse(event)
        if action is not None:
            owner = self.app if action.where is Scope.ANYWHERE else self.screen
            await owner.run_action(action.action or action.id)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Explain the key under the mouse."""
        action = _action_under_mouse(event)
        tooltip = Content(f"{self._keys.all(action)}  {action.help}") if action is not None else None
        if self.tooltip != tooltip:
            self.tooltip = tooltip

    def _rank(self, action: Action) -> tuple[bool, int]:
        importance = _BY_IMPORTANCE.index(action.id) if action.id in _BY_IMPORTANCE else len(_BY_IMPORTANCE)
        return action.full_id in self.disabled_actions, importance


def _action_under_mouse(event: events.MouseEvent) -> Action | None:
    return BY_ID.get(event.style.meta.get("action", ""))


def _printable(key: str) -> bool:
    return (key_to_character(key) or "\n").isprintable()
