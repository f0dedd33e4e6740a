"""settings.toml: what a user may set once for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from wandb_tui.core.errors import UsageError
from wandb_tui.core.schedule import PollPolicy

_NUMBERS = {"check_interval": 0.5, "max_wait_time": 0.0, "tabs": 1.0}
_LOOKS = ("emoji", "ascii")


@dataclass(frozen=True, slots=True)
class Notify:
    """How the dashboard tells that runs have ended.

    Attributes:
        toast: By a message in the corner.
        bell: By the terminal's bell.
        terminal: By a notification of the terminal, where it knows them.
    """

    toast: bool = True
    bell: bool = True
    terminal: bool = True


@dataclass(frozen=True, slots=True)
class HookCommands:
    """The commands that the dashboard runs when a run has ended: a program and its arguments; empty for none.

    Attributes:
        on_success: When the goal is met.
        on_failure: When the run has failed or timed out.
    """

    on_success: tuple[str, ...] = ()
    on_failure: tuple[str, ...] = ()


Keys = tuple[tuple[str, str], ...]
"""Pairs of an action's id and the keys for it, separated by commas."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, with their defaults.

    Attributes:
        host: The W&B server, where neither ``--host`` nor ``WANDB_BASE_URL`` names one.
        entity: Completes addresses without an entity, after ``WANDB_ENTITY``.
        project: Completes addresses without a project, after ``WANDB_PROJECT``.
        check_interval: Seconds between two probes.
        max_wait_time: Seconds until a monitor gives up; 0 waits for ever.
        tabs: How many run pages are open at once at the most.
        headless: Whether the browser works without a window.
        look: ``emoji`` or ``ascii``.
        theme: The name of a theme, or empty for our own.
        allowed_origins: Sign-in pages of other hosts into which a password may be typed, as ``https://host``.
        allow_plain_http: Whether a password may be typed into pages without encryption beyond this machine.
        notify: How the dashboard tells that runs have ended.
        hooks: The commands that the dashboard runs then.
        keys: Other keys for actions of the dashboard.
    """

    host: str = ""
    entity: str = ""
    project: str = ""
    check_interval: float = 5.0
    max_wait_time: float = 300.0
    tabs: int = 3
    headless: bool = True
    look: str = "emoji"
    theme: str = ""
    allowed_origins: tuple[str, ...] = ()
    allow_plain_http: bool = False
    notify: Notify = Notify()
    hooks: HookCommands = HookCommands()
    keys: Keys = ()

    @property
    def poll_policy(self) -> PollPolicy:
        """How often to look, and for how long."""
        return PollPolicy(check_interval=self.check_interval, max_wait_time=self.max_wait_time)

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the file; without one, everything has its default.

        Raises:
            UsageError: The file is no TOML, or has a setting that does not exist or cannot have that value.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} cannot be read: {error}.") from None
        # Only who has such a file pays for its language at every start.
        import tomllib

        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{path} is not valid TOML: {error}.") from None
        return cls(**_read(path, cls, values))


def _read(path: Path, cls: type, values: Mapping[str, object], section: str = "") -> dict[str, Any]:
    """The values for a class of settings, each checked."""
    kinds = {field.name: type(field.default) for field in fields(cls)}
    read: dict[str, Any] = {}
    for name, value in values.items():
        kind, full = kinds.get(name), section + name
        if kind is None:
            known = ", ".join(section + name for name in kinds)
            raise UsageError(f"{path} has a setting “{full}”, which does not exist.", f"There are: {known}.")
        read[name] = _SECTIONS[full](path, value) if full in _SECTIONS else _checked(path, full, value, kind)
    return read


def _section(cls: type, name: str) -> Callable[[Path, object], Any]:
    return lambda path, value: cls(**_read(path, cls, _table(path, name, value), f"{name}."))


def _keys(path: Path, value: object) -> Keys:
    """The keys as they are written: which actions and which keys there are is for the dashboard to say."""
    return tuple(_flat(path, "keys", _table(path, "keys", value)))


def _flat(path: Path, name: str, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    # Without quotes around it, TOML reads the dot in dashboard.cancel as a table in the table.
    for key, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{below}", keys) for below, keys in _flat(path, f"{name}.{key}", value))
        else:
            yield key, _checked(path, f"{name}.{key}", value, str)


def _table(path: Path, name: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UsageError(f"{path}: “{name}” has to be a section.", f"Write [{name}], and its settings below.")
    return value


_SECTIONS: dict[str, Callable[[Path, object], Any]] = {
    "notify": _section(Notify, "notify"),
    "hooks": _section(HookCommands, "hooks"),
    "keys": _keys,
}


def _checked(path: Path, name: str, value: object, kind: type) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if kind is tuple and isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = tuple(value)
    if type(value) is not kind:
        wanted = {
            str: "text",
            float: "a number",
            int: "a whole number",
            bool: "true or false",
            tuple: "a list of texts",
        }
        # A command as one text would need a shell, or rules of its own, to be taken apart.
        hint = 'Write the program and its arguments one by one: ["notify-send", "done"].' if "hooks." in name else ""
        raise UsageError(f"{path}: “{name}” has to be {wanted[kind]}.", hint)
    if isinstance(value, int | float) and value < _NUMBERS.get(name, value):
        raise UsageError(f"{path}: “{name}” has to be at least {_NUMBERS[name]:g}.")
    if name == "look" and value not in _LOOKS:
        raise UsageError(f"{path}: “look” is one of {', '.join(_LOOKS)}.")
    return value
