"""Commands of the user's own on keys of the dashboard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

FIELDS = ("run", "entity", "project", "run_id", "name", "page", "artifact")
"""The fields of a run that an argument may name in braces."""

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class UserCommand:
    """A program to run for the selected runs.

    Attributes:
        key: The key that starts it, such as ``ctrl+e``.
        title: The name in the palette and the help.
        command: The program and its arguments, which may hold fields of the run; no shell is involved.
        confirm: Whether to ask first.
        background: Whether the output is left out of the runs' logs, unless the command fails.
    """

    key: str
    title: str
    command: tuple[str, ...]
    confirm: bool = False
    background: bool = False

    @property
    def unknown_fields(self) -> list[str]:
        """Fields in its arguments that do not exist."""
        return [name for part in self.command for name in _FIELD.findall(part) if name not in FIELDS]

    def arguments(self, fields: Mapping[str, str]) -> tuple[str, ...]:
        """The program and its arguments for one run.

        Args:
            fields: The values of `FIELDS`.
        """
        return tuple(_FIELD.sub(lambda found: fields[found[1]], part) for part in self.command)
