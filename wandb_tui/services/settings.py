"""settings.toml: what a user may set once for all."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from wandb_tui.core.errors import UsageError
from wandb_tui.core.schedule import Pace

_NUMBERS = {"check_interval": 0.5, "max_wait_time": 0.0, "tabs": 1.0}
_LOOKS = ("emoji", "ascii")


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

    @property
    def pace(self) -> Pace:
        """How often to look, and for how long."""
        return Pace(check_interval=self.check_interval, max_wait_time=self.max_wait_time)

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
        kinds = {field.name: type(field.default) for field in fields(cls)}
        return cls(**{name: _checked(path, name, value, kinds) for name, value in values.items()})


def _checked(path: Path, name: str, value: object, kinds: dict[str, type]) -> Any:
    kind = kinds.get(name)
    if kind is None:
        raise UsageError(f"{path} has a setting “{name}”, which does not exist.", f"There are: {', '.join(kinds)}.")
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
        raise UsageError(f"{path}: “{name}” has to be {wanted[kind]}.")
    if isinstance(value, int | float) and value < _NUMBERS.get(name, value):
        raise UsageError(f"{path}: “{name}” has to be at least {_NUMBERS[name]:g}.")
    if name == "look" and value not in _LOOKS:
        raise UsageError(f"{path}: “look” is one of {', '.join(_LOOKS)}.")
    return value
