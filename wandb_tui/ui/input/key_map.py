"""Which keys do what, once the user's own wishes are heard."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from textual.keys import Keys, key_to_character

from wandb_tui.ui.input.actions import ACTIONS, BY_ID, SHOWN, Action, shown

_MODIFIERS = ("ctrl", "alt", "shift", "meta", "super", "hyper")
_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""What Textual calls some characters, where that is not their name in Unicode."""

_SAME = {"ctrl+m": "enter", "ctrl+i": "tab", "return": "enter", "esc": "escape", "del": "delete"}
"""Other names of the same keys; for a terminal the first two are the same."""

_TAKEN = frozenset({
    "up", "down", "left", "right", "pageup", "pagedown", "home", "end", "tab", "shift+tab", "ctrl+home", "ctrl+end",
})  # fmt: skip
"""The keys by which one moves: the table and the logs hear them first."""

_LEAVE = "ctrl+c"
_CLOSE = 0.75


class KeyMap:
    """The keys of each action. A wish that cannot be fulfilled leaves its action as it was, and is a complaint."""

    def __init__(self, wishes: Mapping[str, str] | None = None) -> None:
        self.complaints: list[str] = []
        self._keys: dict[Action, tuple[str, ...]] = {action: action.keys for action in ACTIONS}
        self._settle(dict(self._read(wishes or {})))

    def of(self, action: Action) -> tuple[str, ...]:
        """The keys for an action, as Textual names them."""
        return self._keys[action]

    def first(self, action_id: str) -> str:
        """The first key for an action, as shown to people; empty where it has none."""
        keys = self._keys[BY_ID[action_id]]
        return shown(keys[0]) if keys else ""

    def label(self, text: str, action_id: str) -> str:
        """What stands on the action's button: `text`, and the key, if it has one."""
        key = self.first(action_id)
        return f"{text} ({key})" if key else text

    def all(self, action: Action) -> str:
        """All keys for an action, as shown to people."""
        return " ".join(shown(key) for key in self.of(action))

    def hint(self, before: str, action_id: str, what: str) -> str:
        """`before`, and what the action's key does about it, if it has one: “4 panes are open; x closes one”."""
        key = self.first(action_id)
        return f"{before}; {key} {what}" if key else before

    @property
    def keymap(self) -> dict[str, str]:
        """The keys of the actions that have others than before, for Textual."""
        # To Textual an empty text is no wish at all; a key that no keyboard has is.
        return {
            action.full_id: ",".join(self.of(action)) or f"no-key-{action.full_id}"
            for action in ACTIONS
            if self.of(action) != action.keys
        }

    def _read(self, wishes: Mapping[str, str]) -> Iterable[tuple[Action, tuple[str, ...]]]:
        """The wishes that make sense by themselves."""
        for full_id, text in wishes.items():
            action = BY_ID.get(full_id) if "." in full_id else None
            if action is None:
                close = get_close_matches(full_id, BY_ID, 1, _CLOSE)
                close = close or get_close_matches(full_id.rpartition(".")[2], BY_ID, 1, _CLOSE)
                meant = f": did you mean “{BY_ID[close[0]].full_id}”?" if close else "."
                self.complaints.append(f"There is no action “{full_id}”{meant}")
                continue
            texts = [part.strip() for part in text.split(",")] if text.strip() else []
            wrong = {part: why for part in texts if (why := _why_not(part, action))}
            keys = tuple(dict.fromkeys(read_key(part) for part in texts if part not in wrong))
            then = f"has {' '.join(map(shown, keys))}" if keys else f"keeps {action.all_keys}"
            self.complaints += [f"{why}; {full_id} {then}." for why in wrong.values()]
            if keys or not wrong:
                yield action, keys

    def _settle(self, wanted: dict[Action, tuple[str, ...]]) -> None:
        """Give every key to one action of a screen: to the first that wishes for it, before the one that has it."""
        given: dict[str, list[Action]] = {}

        def owner(key: str, action: Action) -> Action | None:
            return next((other for other in given.get(key, ()) if other.meets(action)), None)

        for action in (action for action in ACTIONS if action in wanted):
            won = []
            for key in wanted[action]:
                if first := owner(key, action):
                    self.complaints.append(
                        f"{shown(key)} is wanted by {first.full_id} and {action.full_id}; the first has it."
                    )
                else:
                    given.setdefault(key, []).append(action)
                    won.append(key)
            self._keys[action] = tuple(won)
        for action in (action for action in ACTIONS if action not in wanted):
            owners = {key: other for key in action.keys if (other := owner(key, action))}
            self._keys[action] = left = tuple(key for key in action.keys if key not in owners)
            if owners:
                has = f"has {' '.join(map(shown, left))} left" if left else "has no key now"
                key, other = next(iter(owners.items()))
                self.complaints.append(f"{shown(key)} is for {other.full_id} now; {action.full_id} {has}.")


def _why_not(text: str, action: Action) -> str:
    """Why an action cannot have this key; empty where it can."""
    key = read_key(text)
    if not key:
        return f"“{text}” is no key"
    if key in action.keys:
        return ""
    if key in _TAKEN:
        return f"{shown(key)} moves the cursor"
    if action.priority and _typed(key) and not any(map(_typed, action.keys)):
        return f"{shown(key)} is typed there"
    return "^c always leaves" if key == _LEAVE else ""


def _typed(key: str) -> bool:
    return key in _NAMES.values() or (key_to_character(key) or "\n").isprintable()


def read_key(text: str) -> str:
    """A key as people write it, in Textual's words; empty if it is none."""
    text = text.strip()
    if len(text) > 1 and text[0] == "^":
        # As we write it ourselves.
        text = f"ctrl+{text[1:]}"
    *modifiers, key = text.split("+") if len(text) > 1 else [text]
    modifiers = sorted({modifier.strip().lower() for modifier in modifiers}, key=_rank)
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        return ""
    name = _name_of(key.strip(), control="ctrl" in modifiers)
    if modifiers == ["shift"] and len(name) == 1:
        # What the terminal sends for it.
        return name.upper()
    whole = "+".join([*modifiers, name]) if name else ""
    return _SAME.get(whole, whole)


def _rank(modifier: str) -> int:
    return _MODIFIERS.index(modifier) if modifier in _MODIFIERS else len(_MODIFIERS)


def _name_of(key: str, *, control: bool) -> str:
    if len(key) == 1 and key not in _WRITTEN:
        if key.isalnum():
            return key.lower() if control else key
        name = unicodedata.name(key, "").lower().replace("-", "_").replace(" ", "_") if key.isprintable() else ""
        return _NAMES.get(name, name)
    key = _WRITTEN.get(key, key).lower()
    key = _SAME.get(key, key)
    return key if key in _KNOWN or key_to_character(key) else ""


_WRITTEN = {text: key for key, text in SHOWN.items() if "+" not in key}
_KNOWN = {str(key.value) for key in Keys if "+" not in key.value and not key.value.startswith("<")} | {*_NAMES.values()}
