"""How logs are shown: the settings that all log panes share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wandb_tui.core.events import Level
from wandb_tui.core.persistence import Json

_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How a log is shown.

    Attributes:
        wrap: Whether long lines are broken; else one scrolls sideways.
        relative: Whether times count from the beginning of the attempt; else they are the time of day.
        fold: Whether lines that say the same, one after the other, stand as one that counts them.
        least: Lines that matter less are left out.
    """

    wrap: bool = True
    relative: bool = False
    fold: bool = True
    least: Level = Level.INFO

    @property
    def next_level(self) -> LogOptions:
        """The same with fewer lines; after the fewest, with all of them."""
        return replace(self, least=_LEVELS[(_LEVELS.index(self.least) + 1) % len(_LEVELS)])

    def shows(self, level: Level) -> bool:
        """Whether a line of that level is shown."""
        return _LEVELS.index(level) >= _LEVELS.index(self.least)

    @property
    def saved(self) -> dict[str, Json]:
        """All that the next start should know again."""
        return {"wrap": self.wrap, "relative": self.relative, "fold": self.fold, "least": str(self.least)}

    @classmethod
    def of(cls, kept: Json) -> LogOptions:
        """What was kept, as far as it still makes sense."""
        if not isinstance(kept, dict):
            return cls()
        least = kept.get("least")
        return cls(
            wrap=kept.get("wrap") is not False,
            relative=kept.get("relative") is True,
            fold=kept.get("fold") is not False,
            least=Level(least) if least in _LEVELS else Level.INFO,
        )
