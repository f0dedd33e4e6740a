"""Notes of forks, replays and rewinds, for when a run's config no longer says where the run came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.details import OriginSource, RunOrigin


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class BranchNote:
    """A run that was forked, replayed or rewound.

    Attributes:
        run: The run.
        kind: How it came about.
        parent: The run that it came from; for a rewind the run itself.
        step: The last step that was kept.
        noted: When this was noted.
        made: Whether it was done by us, rather than read in a config or left to a script.
    """

    run: RunAddress
    kind: BranchKind
    parent: RunAddress
    step: int
    noted: datetime
    made: bool = False

    @classmethod
    def of(cls, run: RunAddress, kind: BranchKind, parent: RunAddress, step: int, *, made: bool) -> BranchNote:
        """A note of something that happened, or was seen, just now."""
        return cls(run, kind, parent, step, _now(), made)

    @property
    def _said(self) -> tuple[RunAddress, int, BranchKind]:
        return self.parent, self.step, self.kind

    def repeats(self, other: BranchNote) -> bool:
        """Whether it says the same as another note."""
        return self._said == other._said

    def agrees(self, origin: RunOrigin) -> bool:
        """Whether it says the same as a run's config."""
        return self._said == (origin.parent, origin.step, origin.kind)


class NotedBranches:
    """All notes, by run: they complete what the server tells, and show where the two do not agree."""

    def __init__(self, notes: Iterable[BranchNote] = ()) -> None:
        """Take in notes, the oldest first."""
        self._origins: dict[RunAddress, BranchNote] = {}
        self._rewinds: dict[RunAddress, list[BranchNote]] = defaultdict(list)
        for note in notes:
            if note.kind is BranchKind.REWIND:
                self._rewinds[note.run].append(note)
            elif self._is_new(note):
                self._origins[note.run] = note

    def new(self, notes: Iterable[BranchNote]) -> list[BranchNote]:
        """Those of some notes that say anything new.

        A note of what was only seen never replaces an earlier one, so that a contradiction is told as long as it lasts.
        """
        return [note for note in notes if note.kind is BranchKind.REWIND or self._is_new(note)]

    def _is_new(self, note: BranchNote) -> bool:
        known = self._origins.get(note.run)
        return known is None or (note.made and not known.repeats(note))

    def completed(self, origin: RunOrigin) -> RunOrigin:
        """A run's origin as the server reports it, completed by the notes.

        The config counts where it says something. A fork that was rewound to before its branch point shares only the
        steps up to there.
        """
        note = self._origins.get(origin.run)
        if note is None:
            return origin
        contradiction = ""
        if origin.parent is None:
            origin = replace(origin, parent=note.parent, step=note.step, kind=note.kind, source=OriginSource.NOTE)
        elif not note.agrees(origin):
            contradiction = (
                f"The config of {origin.run} says {_described(origin.kind, origin.parent, origin.step)}; "
                f"a note of {note.noted:%Y-%m-%d} says {_described(note.kind, note.parent, note.step)}."
            )
        kept = [one.step for one in self._rewinds.get(origin.run, ()) if one.noted >= note.noted]
        step = min([*kept, origin.step or 0])
        return replace(origin, step=step, contradiction=contradiction or self._rewound_parent(origin, step, note.noted))

    def _rewound_parent(self, origin: RunOrigin, step: int, forked: datetime) -> str:
        """Whether the parent has been rewound since, so that its rows are no longer those that the fork began with."""
        if origin.parent is None or origin.kind is not BranchKind.FORK:
            return ""
        lost = [one.step for one in self._rewinds.get(origin.parent, ()) if one.noted > forked and one.step < step]
        if not lost:
            return ""
        return (
            f"{origin.parent} was rewound to step {min(lost):,} after {origin.run} had been forked from it at step "
            f"{step:,}, so the rows between may differ."
        )


def _described(kind: BranchKind | None, parent: RunAddress, step: int | None) -> str:
    return f"{kind or BranchKind.FORK} of {parent.run_id} at step {step or 0:,}"
