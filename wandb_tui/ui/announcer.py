"""Says which runs became available or failed: a few by name, many as a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State
from wandb_tui.core.watch import Watched
from wandb_tui.ui.look import clean, fit, short_name, version

Severity = Literal["information", "warning", "error"]

_NEWS = frozenset({State.AVAILABLE, State.FAILED, State.TIMED_OUT})
_BY_NAME = 3
_NAME = 36
_REASON = 160


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is said of runs that have ended alike, and which ones they are."""

    title: str
    text: str
    severity: Severity
    rows: tuple[Watched, ...]


class Announcer:
    """Remembers what has ended since it last spoke."""

    def __init__(self) -> None:
        self._ended: dict[RunAddress, Watched] = {}
        self._known: dict[RunAddress, tuple[int, State]] = {}

    def know(self, rows: Iterable[Watched]) -> None:
        """These are no news."""
        for row in rows:
            self._known[row.run] = (row.attempt, row.state)

    def hear(self, rows: Iterable[Watched]) -> bool:
        """Look for news in rows that have changed; whether there is any."""
        for row in rows:
            now = (row.attempt, row.state)
            if self._known.get(row.run) != now:
                self._known[row.run] = now
                if row.state in _NEWS:
                    self._ended[row.run] = row
                else:
                    # Restarted since: how the attempt before ended is no news any more.
                    self._ended.pop(row.run, None)
        return bool(self._ended)

    def take(self) -> list[Announcement]:
        """The announcements that are due."""
        ended, self._ended = [row for row in self._ended.values() if row.state in _NEWS], {}
        good = [row for row in ended if row.state is State.AVAILABLE]
        bad = [row for row in ended if row.state is not State.AVAILABLE]
        said: list[Announcement] = []
        if good:
            text = _listed(good, [version(row) for row in good], "available")
            said.append(Announcement("Available", text, "information", tuple(good)))
        if bad:
            text = _listed(bad, [_reason(row) for row in bad], "not available")
            said.append(Announcement("Failed", text, "error", tuple(bad)))
        return said


def _listed(rows: list[Watched], details: list[str], what: str) -> str:
    if len(rows) > _BY_NAME:
        return f"{len(rows)} runs are {what}"
    names = [fit(short_name(row), _NAME) for row in rows]
    return "\n".join(f"{name}: {detail}" if detail else name for name, detail in zip(names, details, strict=True))


def _reason(row: Watched) -> str:
    return "timed out" if row.state is State.TIMED_OUT else clean(row.message, _REASON)
