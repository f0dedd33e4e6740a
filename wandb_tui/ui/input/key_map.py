"""Maps keys to actions, with the user's remappings."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from textual.keys import Keys, key_to_character

from wandb_tui.core.user_command import UserCommand
from wandb_tui.ui.input.actions import ACTIONS, BY_ID, DISPLAY_NAMES, MAIN, RENAMED_IDS, Action, Scope, display_key

_MODIFIERS = ("ctrl", "alt", "shift", "meta", "super", "hyper")
_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Textual's names of characters where they differ from those of Unicode."""

_SYNONYMS = {"ctrl+m": "enter", "ctrl+i": "tab", "return": "enter", "esc": "escape", "del": "delete"}
"""Other names of the same keys; a terminal cannot tell the first two apart."""

_CURSOR_KEYS = frozenset({
    "up", "down", "left", "right", "pageup", "pagedown", "home", "end", "tab", "shift+tab", "ctrl+home", "ctrl+end",
})  # fmt: skip
"""The keys that move the cursor: the table and the logs take them first."""

_QUIT = "ctrl+c"
_MIN_SIMILARITY = 0.75


class KeyMap:
    """The keys of each action. A remapping that is not possible leaves the action as it was, and is a complaint."""

    def __init__(self, remapped: Mapping[str, str] | None = None, commands: Sequence[UserCommand] = ()) -> None:
        self.complaints: list[str] = []
        self.command_keys: dict[str, int] = {}
        """The keys of the user's own commands, as Textual names them, and the commands' positions."""
        self._keys: dict[Action, tuple[str, ...]] = {action: action.keys for action in ACTIONS}
        self._assign(dict(self._read(remapped or {})))
        for number, command in enumerate(commands):
            key = read_key(command.key)
            if why := self._why_no_command(command, key):
                self.complaints.append(f"{why}; “{command.title}” is in the palette only.")
            else:
                self.command_keys[key] = number

    def of(self, action: Action) -> tuple[str, ...]:
        """The keys of an action, as Textual names them."""
        return self._keys[action]

    def first(self, action_id: str) -> str:
        """The first key of an action, as shown to the user; empty if it has none."""
        keys = self._keys[BY_ID[action_id]]
        return display_key(keys[0]) if keys else ""

    def label(self, text: str, action_id: str) -> str:
        """The label of the action's button: `text`, and the key if there is one."""
        key = self.first(action_id)
        return f"{text} ({key})" if key else text

    def all(self, action: Action) -> str:
        """All keys of an action, as shown to the user."""
        return " ".join(display_key(key) for key in self.of(action))

    def hint(self, before: str, action_id: str, what: str) -> str:
        """`before`, and the effect of the action's key if it has one: “4 panes are open; x closes one”."""
        key = self.first(action_id)
        return f"{before}; {key} {what}" if key else before

    @property
    def keymap(self) -> dict[str, str]:
        """The remapped keys, for Textual."""
        # Textual ignores an empty text, but not a key that no keyboard has.
        return {
            action.full_id: ",".join(self.of(action)) or f"no-key-{action.full_id}"
            for action in ACTIONS
            if self.of(action) != action.keys
        }

    def _why_no_command(self, command: UserCommand, key: str) -> str:
        """The reason why a command cannot have its key; empty if it can."""
        if not key:
            return f"“{command.key}” is not a key"
        if key in _CURSOR_KEYS or key == _QUIT:
            return f"{display_key(key)} has a fixed meaning"
        if key in self.command_keys:
            return f"{display_key(key)} is another command's"
        # Where runs are compared, the keys of that screen come first; there are too many to lose a command to each.
        places = MAIN - {Scope.COMPARE}
        taken = next((action for action, keys in self._keys.items() if key in keys and action.where in places), None)
        return f"{display_key(key)} is {taken.full_id}" if taken else ""

    def _read(self, remapped: Mapping[str, str]) -> Iterable[tuple[Action, tuple[str, ...]]]:
        """The remappings that are valid by themselves."""
        for full_id, text in remapped.items():
            action = BY_ID.get(RENAMED_IDS.get(full_id, full_id)) if "." in full_id else None
            if action is None:
                close = get_close_matches(full_id, BY_ID, 1, _MIN_SIMILARITY)
                close = close or get_close_matches(full_id.rpartition(".")[2], BY_ID, 1, _MIN_SIMILARITY)
                meant = f": did you mean “{BY_ID[close[0]].full_id}”?" if close else "."
                self.complaints.append(f"There is no action “{full_id}”{meant}")
                continue
            texts = [part.strip() for part in text.split(",")] if text.strip() else []
            wrong = {part: why for part in texts if (why := _why_not(part, action))}
            keys = tuple(dict.fromkeys(read_key(part) for part in texts if part not in wrong))
            then = f"has {' '.join(map(display_key, keys))}" if keys else f"keeps {action.all_keys}"
            self.complaints += [f"{why}; {full_id} {then}." for why in wrong.values()]
            if keys or not wrong:
                yield action, keys

    def _assign(self, wanted: dict[Action, tuple[str, ...]]) -> None:
        """Give every key to one action of a screen: the first remapped to it, else the one with that default."""
        given: dict[str, list[Action]] = {}

        def owner(key: str, action: Action) -> Action | None:
            return next((other for other in given.get(key, ()) if other.overlaps(action)), None)

        for action in (action for action in ACTIONS if action in wanted):
            won = []
            for key in wanted[action]:
                if first := owner(key, action):
                    self.complaints.append(
                        f"{display_key(key)} is set for {first.full_id} and {action.full_id}; {first.full_id} gets it."
                    )
                else:
                    given.setdefault(key, []).append(action)
                    won.append(key)
            self._keys[action] = tuple(won)
        for action in (action for action in ACTIONS if action not in wanted):
            owners = {key: other for key in action.keys if (other := owner(key, action))}
            self._keys[action] = left = tuple(key for key in action.keys if key not in owners)
            if owners:
                has = f"keeps {' '.join(map(display_key, left))}" if left else "has no key now"
                key, other = next(iter(owners.items()))
                self.complaints.append(f"{display_key(key)} is now {other.full_id}; {action.full_id} {has}.")


def _why_not(text: str, action: Action) -> str:
    """The reason why an action cannot have this key; empty if it can."""
    key = read_key(text)
    if not key:
        return f"“{text}” is not a key"
    if key in action.keys:
        return ""
    if key in _CURSOR_KEYS:
        return f"{display_key(key)} moves the cursor"
    if action.priority and _printable(key) and not any(map(_printable, action.keys)):
        return f"{display_key(key)} is a character to type"
    return "^c always quits" if key == _QUIT else ""


def _printable(key: str) -> bool:
    return key in _NAMES.values() or (key_to_character(key) or "\n").isprintable()


def read_key(text: str) -> str:
    """The Textual name of a key as users write it; empty if it is not a key."""
    text = text.strip()
    if len(text) > 1 and text[0] == "^":
        # As the program displays it.
        text = f"ctrl+{text[1:]}"
    *modifiers, key = text.split("+") if len(text) > 1 else [text]
    modifiers = sorted({modifier.strip().lower() for modifier in modifiers}, key=_rank)
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        return ""
    name = _name_of(key.strip(), control="ctrl" in modifiers)
    if modifiers == ["shift"] and len(name) == 1:
        # The terminal sends the capital letter.
        return name.upper()
    whole = "+".join([*modifiers, name]) if name else ""
    return _SYNONYMS.get(whole, whole)


def _rank(modifier: str) -> int:
    return _MODIFIERS.index(modifier) if modifier in _MODIFIERS else len(_MODIFIERS)


def _name_of(key: str, *, control: bool) -> str:
    if len(key) == 1 and key not in _BY_DISPLAY_NAME:
        if key.isalnum():
            return key.lower() if control else key
        name = unicodedata.name(key, "").lower().replace("-", "_").replace(" ", "_") if key.isprintable() else ""
        return _NAMES.get(name, name)
    key = _BY_DISPLAY_NAME.get(key, key).lower()
    key = _SYNONYMS.get(key, key)
    return key if key in _TEXTUAL_KEYS or key_to_character(key) else ""


_BY_DISPLAY_NAME = {text: key for key, text in DISPLAY_NAMES.items() if "+" not in key}
_TEXTUAL_KEYS = {str(key.value) for key in Keys if "+" not in key.value and not key.value.startswith("<")} | {
    *_NAMES.values()
}
