"""Says which runs became available or failed: a few by name, many as a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.plain_text import clean, fit
from wandb_tui.text.run_labels import short_name, version_label

Severity = Literal["information", "warning", "error"]

_NEWS = frozenset({State.AVAILABLE, State.FAILED, State.TIMED_OUT})
_BY_NAME = 3
_NAME = 36
_REASON = 160


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is said of all runs that have ended since the last one."""

    title: str
    text: str
    severity: Severity


class Announcer:
    """Remembers what has ended since it last spoke."""

    def __init__(self) -> None:
        self._ended: dict[RunAddress, WatchedRun] = {}
        self._known: dict[RunAddress, tuple[int, State]] = {}

    def know(self, rows: Iterable[WatchedRun]) -> None:
        """These are no news."""
        for row in rows:
            self._known[row.run] = (row.attempt, row.state)

    def hear(self, rows: Iterable[WatchedRun]) -> list[WatchedRun]:
        """Look for news in rows that have changed; those that have just ended."""
        news = []
        for row in rows:
            now = (row.attempt, row.state)
            if self._known.get(row.run) != now:
                self._known[row.run] = now
                if row.state in _NEWS:
                    self._ended[row.run] = row
                    news.append(row)
                else:
                    # Restarted since: how the attempt before ended is no news any more.
                    self._ended.pop(row.run, None)
        return news

    def take(self) -> Announcement | None:
        """What is due, the good first."""
        ended, self._ended = [row for row in self._ended.values() if row.state in _NEWS], {}
        good = [row for row in ended if row.state is State.AVAILABLE]
        bad = [row for row in ended if row.state is not State.AVAILABLE]
        said = [_listed(good, version_label, "available"), _listed(bad, _reason, "not available")]
        text = "\n".join(filter(None, said))
        if good and bad:
            return Announcement(f"{len(good)} available, {len(bad)} failed", text, "warning")
        if good:
            return Announcement("Available", text, "information")
        return Announcement("Failed", text, "error") if bad else None


def _listed(rows: list[WatchedRun], detail: Callable[[WatchedRun], str], what: str) -> str:
    if len(rows) > _BY_NAME:
        return f"{len(rows)} runs are {what}"
    return "\n".join(": ".join(filter(None, (fit(short_name(row), _NAME), detail(row)))) for row in rows)


def _reason(row: WatchedRun) -> str:
    return "timed out" if row.state is State.TIMED_OUT else clean(row.message, _REASON)
