"""How neighbours share their room: what dragging a divider changes, and the next start knows again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from wandb_tui.core.persistence import Json

_MOST = 10_000


class SplitAxis(StrEnum):
    """In which direction neighbours stand."""

    ACROSS = "across"
    DOWN = "down"
    TABLE = "table"
    """The table above, all logs below."""


@dataclass(frozen=True, slots=True)
class Split:
    """The shares of two, three or four neighbours, for each direction and number apart."""

    _known: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def of_axis(self, axis: SplitAxis, count: int) -> tuple[int, ...]:
        """The share of each of so many neighbours."""
        return self._known.get(f"{axis}{count}", (1,) * count)

    def with_axis(self, axis: SplitAxis, shares: Sequence[int]) -> Split:
        """The same with these shares for so many neighbours."""
        return Split({**self._known, f"{axis}{len(shares)}": tuple(shares)})

    @property
    def saved(self) -> dict[str, Json]:
        """All that the next start should know again."""
        return {key: list(shares) for key, shares in self._known.items()}

    @classmethod
    def of(cls, kept: Json) -> Split:
        """What was kept, as far as it still makes sense."""
        known: dict[str, tuple[int, ...]] = {}
        for key, value in kept.items() if isinstance(kept, dict) else ():
            shares = tuple(n for n in value if isinstance(n, int) and 0 < n < _MOST) if isinstance(value, list) else ()
            if shares and key.endswith(str(len(shares))):
                known[key] = shares
        return cls(known)
