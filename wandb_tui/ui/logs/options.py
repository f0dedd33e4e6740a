"""The display options that all log panes share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wandb_tui.core.events import Level
from wandb_tui.core.persistence import Json

_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Display options of logs.

    Attributes:
        wrap: Whether long lines are wrapped; else they scroll sideways.
        relative: Whether times are relative to the start of the attempt; else they are the time of day.
        fold: Whether repeated lines are folded into one with a count.
        min_level: The lowest level that is shown.
    """

    wrap: bool = True
    relative: bool = False
    fold: bool = True
    min_level: Level = Level.INFO

    @property
    def next_level(self) -> LogOptions:
        """The same with the next higher level; after the highest, with all lines."""
        return replace(self, min_level=_LEVELS[(_LEVELS.index(self.min_level) + 1) % len(_LEVELS)])

    def shows(self, level: Level) -> bool:
        """Whether lines of that level are shown."""
        return _LEVELS.index(level) >= _LEVELS.index(self.min_level)

    @property
    def saved(self) -> dict[str, Json]:
        """The options to store for the next start."""
        return {"wrap": self.wrap, "relative": self.relative, "fold": self.fold, "least": str(self.min_level)}

    @classmethod
    def of(cls, saved: Json) -> LogOptions:
        """Restores stored options; ignores invalid values."""
        if not isinstance(saved, dict):
            return cls()
        min_level = saved.get("least")
        return cls(
            wrap=saved.get("wrap") is not False,
            relative=saved.get("relative") is True,
            fold=saved.get("fold") is not False,
            min_level=Level(min_level) if min_level in _LEVELS else Level.INFO,
        )
