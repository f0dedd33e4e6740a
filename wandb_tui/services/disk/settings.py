"""The user's settings, read from ``settings.toml``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from stat import S_ISREG
from typing import Any

from wandb_tui.core.errors import UsageError
from wandb_tui.core.saved_view import SavedView
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.user_command import FIELDS, UserCommand


@dataclass(frozen=True, slots=True)
class Notify:
    """The ways in which the dashboard notifies when runs end.

    Attributes:
        toast: A message above the keys.
        bell: The terminal's bell, once for runs that end together.
        terminal: A terminal notification (OSC 9 or 777), unless the terminal has the focus.
        desktop: A desktop notification (notify-send, or osascript on macOS).
        services: Messengers, mail and the like: the names under which ``wandb-tui notify add`` has stored addresses.
    """

    toast: bool = True
    bell: bool = True
    terminal: bool = True
    desktop: bool = False
    services: tuple[str, ...] = ()

    @property
    def channels(self) -> frozenset[str]:
        """The names of those that are enabled."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name))


@dataclass(frozen=True, slots=True)
class HookCommands:
    """The commands that the dashboard runs when a run ends: a program and its arguments; empty for none.

    Attributes:
        on_success: The command to run when the goal is met.
        on_failure: The command to run when the run has failed or timed out.
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
        check_interval: Seconds between two checks.
        max_wait_time: Seconds until a monitor times out; 0 waits for ever.
        tabs: The maximum number of run pages open at once.
        headless: Whether the browser runs without a window.
        look: ``emoji`` or ``ascii``.
        theme: The name of a theme in the palette; empty for the default.
        allowed_origins: Origins of other hosts on whose sign-in pages a password may be typed, as ``https://host``.
        allow_plain_http: Whether a password may be typed into unencrypted pages of other machines.
        notify: How the dashboard notifies when runs end.
        hooks: The commands that the dashboard runs when a run ends.
        keys: Keys for actions of the dashboard that replace the defaults.
        commands: The user's own commands on keys of the dashboard.
        views: Named views of the table.
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
    commands: tuple[UserCommand, ...] = ()
    views: tuple[SavedView, ...] = ()

    @property
    def poll_policy(self) -> PollPolicy:
        """The poll interval and the time-out of monitors."""
        return PollPolicy(check_interval=self.check_interval, max_wait_time=self.max_wait_time)

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the file; without one, every setting has its default.

        Raises:
            UsageError: The file is not valid TOML, or has an unknown setting or an invalid value.
        """
        try:
            if not S_ISREG(path.stat().st_mode):
                # Reading a pipe would never end.
                raise UsageError(f"{path} is not a file.", "Move it away; without one, every setting has its default.")
            # Some editors begin a file with a byte order mark.
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return cls()
        except UnicodeDecodeError as error:
            raise UsageError(f"{path} is not UTF-8 (at byte {error.start}).", "Save it as UTF-8.") from None
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from None
        # Imported here, so that only users with such a file pay for it at every start.
        import tomllib

        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{path} is not valid TOML: {error}.") from None
        return cls(**_read(path, cls, values))


class _InvalidValueError(Exception):
    """A value that a setting cannot have, with what it must be and how to write it."""

    def __init__(self, wanted: str, hint: str = "") -> None:
        super().__init__(wanted)
        self.wanted = wanted
        self.hint = hint


Validator = Callable[[object], Any]
"""Returns the value to use for what the file says, or raises `_InvalidValueError`."""


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise _InvalidValueError("a string")
    return value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _InvalidValueError("a list of strings")
    return tuple(value)


def _command(value: object) -> tuple[str, ...]:
    try:
        return _strings(value)
    except _InvalidValueError as error:
        # A command as one string would need a shell, or quoting rules of its own, to be split.
        hint = 'Write the program and each argument as a string of its own: ["notify-send", "done"].'
        raise _InvalidValueError(error.wanted, hint) from None


def _service_names(value: object) -> tuple[str, ...]:
    names = _strings(value)
    if any("://" in name for name in names):
        # The address is not repeated: it holds a token or a password.
        raise _InvalidValueError("names, not addresses", "Store the address with wandb-tui notify add NAME.")
    if not all(map(is_service_name, names)):
        raise _InvalidValueError("names of letters, digits, “-” and “_”")
    return names


def is_service_name(name: str) -> bool:
    """Whether a notification service can have this name, which also names a variable of the environment."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name) is not None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _InvalidValueError("true or false")
    return value


def _number(minimum: float) -> Validator:
    def validate(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _InvalidValueError("a number")
        # Written this way because TOML allows nan, for which every comparison is false.
        if not value >= minimum:
            raise _InvalidValueError(f"at least {minimum:g}")
        return float(value)

    return validate


def _whole_number(minimum: int) -> Validator:
    def validate(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _InvalidValueError("a whole number")
        if value < minimum:
            raise _InvalidValueError(f"at least {minimum}")
        return value

    return validate


def _one_of(*choices: str) -> Validator:
    def validate(value: object) -> str:
        if value not in choices:
            raise _InvalidValueError(f"one of {', '.join(choices)}")
        return str(value)

    return validate


_VALIDATORS: dict[str, Validator] = {
    "host": _string,
    "entity": _string,
    "project": _string,
    "check_interval": _number(0.5),
    "max_wait_time": _number(0),
    "tabs": _whole_number(1),
    "headless": _boolean,
    "look": _one_of("emoji", "ascii"),
    "theme": _string,
    "allowed_origins": _strings,
    "allow_plain_http": _boolean,
    "notify.toast": _boolean,
    "notify.bell": _boolean,
    "notify.terminal": _boolean,
    "notify.desktop": _boolean,
    "notify.services": _service_names,
    "hooks.on_success": _command,
    "hooks.on_failure": _command,
}
"""The validator of each setting, by its full name. The keys of actions are not here: the dashboard checks those."""


def _read(path: Path, cls: type, values: Mapping[str, object], section: str = "") -> dict[str, Any]:
    """The validated values for one class of settings."""
    defaults = {field.name: field.default for field in fields(cls)}
    read: dict[str, Any] = {}
    for name, value in values.items():
        full = section + name
        if name not in defaults:
            known = ", ".join(section + name for name in defaults)
            raise UsageError(f"{path} has a setting “{full}”, which does not exist.", f"There are: {known}.")
        if full == "keys":
            read[name] = tuple(_key_pairs(path, full, _section(path, full, value)))
        elif full == "commands":
            read[name] = _user_commands(path, value)
        elif full == "views":
            read[name] = _views(path, value)
        elif isinstance(default := defaults[name], Notify | HookCommands):
            read[name] = type(default)(**_read(path, type(default), _section(path, full, value), f"{full}."))
        else:
            read[name] = _validated(path, full, value, _VALIDATORS[full])
    return read


_COMMAND_VALIDATORS: dict[str, Validator] = {
    "key": _string,
    "title": _string,
    "command": _command,
    "confirm": _boolean,
    "background": _boolean,
}
"""The validator of each setting of a [[commands]] section."""


def _user_commands(path: Path, value: object) -> tuple[UserCommand, ...]:
    found = []
    for number, valid in _sections(path, "commands", value, _COMMAND_VALIDATORS, ("key", "title", "command")):
        command = UserCommand(**valid)
        if command.unknown_fields:
            fields_known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise UsageError(
                f"{path}: commands {number} names a field {{{command.unknown_fields[0]}}}.",
                f"There are: {fields_known}.",
            )
        found.append(command)
    return tuple(found)


_VIEW_VALIDATORS: dict[str, Validator] = {
    "name": _string,
    "filter": _string,
    "sort": _string,
    "reverse": _boolean,
    "hidden": _strings,
    "compact": _boolean,
    "tree": _boolean,
}
"""The validator of each setting of a [[views]] section."""


def _views(path: Path, value: object) -> tuple[SavedView, ...]:
    return tuple(SavedView(**valid) for _, valid in _sections(path, "views", value, _VIEW_VALIDATORS, ("name",)))


def _sections(
    path: Path, name: str, value: object, validators: Mapping[str, Validator], needed: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The validated values of each section of a list, with its number."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise UsageError(f"{path}: “{name}” must be sections.", f"Write [[{name}]] above the settings of each.")
    for number, section in enumerate(value, 1):
        where = f"{name} {number}"
        if unknown := [key for key in section if key not in validators]:
            raise UsageError(f"{path}: {where} has a setting “{unknown[0]}”.", f"There are: {', '.join(validators)}.")
        if missing := [key for key in needed if not section.get(key)]:
            raise UsageError(f"{path}: {where} has no {missing[0]}.", f"It needs: {', '.join(needed)}.")
        valid = {key: _validated(path, f"{where}: {key}", given, validators[key]) for key, given in section.items()}
        yield number, valid


def _validated(path: Path, name: str, value: object, validator: Validator) -> Any:
    try:
        return validator(value)
    except _InvalidValueError as error:
        raise UsageError(f"{path}: “{name}” must be {error.wanted}.", error.hint) from None


def _section(path: Path, name: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UsageError(f"{path}: “{name}” must be a section.", f"Write [{name}], and its settings below.")
    return value


def _key_pairs(path: Path, name: str, section: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    # Without quotes around it, TOML reads the dot in dashboard.cancel as a table in the table.
    for key, value in section.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{below}", keys) for below, keys in _key_pairs(path, f"{name}.{key}", value))
        else:
            yield key, _validated(path, f"{name}.{key}", value, _string)
