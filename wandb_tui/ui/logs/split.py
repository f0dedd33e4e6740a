"""The sizes of neighbouring panes: changed by dragging a divider, and stored for the next start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from wandb_tui.core.persistence import Json

_MAX_SHARE = 10_000


class SplitAxis(StrEnum):
    """The direction in which neighbours are arranged."""

    ACROSS = "across"
    DOWN = "down"
    TABLE = "table"
    """The table above, all logs below."""


@dataclass(frozen=True, slots=True)
class Split:
    """The shares of two, three or four neighbours, for each direction and number."""

    _known: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def of_axis(self, axis: SplitAxis, count: int) -> tuple[int, ...]:
        """The share of each of so many neighbours."""
        return self._known.get(f"{axis}{count}", (1,) * count)

    def with_axis(self, axis: SplitAxis, shares: Sequence[int]) -> Split:
        """The same with other shares for so many neighbours."""
        return Split({**self._known, f"{axis}{len(shares)}": tuple(shares)})

    @property
    def saved(self) -> dict[str, Json]:
        """The shares to store for the next start."""
        return {key: list(shares) for key, shares in self._known.items()}

    @classmethod
    def of(cls, saved: Json) -> Split:
        """Restores stored shares; ignores invalid values."""
        known: dict[str, tuple[int, ...]] = {}
        for key, value in saved.items() if isinstance(saved, dict) else ():
            shares = (
                tuple(n for n in value if isinstance(n, int) and 0 < n < _MAX_SHARE) if isinstance(value, list) else ()
            )
            if shares and key.endswith(str(len(shares))):
                known[key] = shares
        return cls(known)
