"""Collects runs that have ended, and summarizes them in one notification: a few by name, many as a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from wandb_tui.core.address import RunAddress
from wandb_tui.core.hook_env import AttemptOutcome
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.event_text import event_text
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import distinct_names, version_label

Severity = Literal["information", "warning", "error"]

_NOTIFY_STATES = frozenset({State.AVAILABLE, State.FAILED, State.TIMED_OUT})
_MAX_NAMED = 3
_MAX_NAME_CELLS = 36
_MAX_REASON_CHARS = 160


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to the user that runs have ended.

    Attributes:
        title: The result in a word or two.
        text: A line for each run, or a count.
        severity: The worst of the results.
        outcomes: How each of the runs ended.
    """

    title: str
    text: str
    severity: Severity
    outcomes: tuple[AttemptOutcome, ...] = ()


class EndedRuns:
    """The runs that have ended since the last notification."""

    def __init__(self, watch_list: Iterable[WatchedRun] = ()) -> None:
        """Start with none.

        Args:
            watch_list: All runs: one whose name another run has is named with its id.
        """
        self._watch_list = watch_list
        self._pending: dict[RunAddress, WatchedRun] = {}
        self._seen: dict[RunAddress, tuple[int, State]] = {}

    def ignore(self, rows: Iterable[WatchedRun]) -> None:
        """Treat these rows as known, such as those restored from disk."""
        for row in rows:
            self._seen[row.run] = (row.attempt, row.state)

    def observe(self, rows: Iterable[WatchedRun]) -> list[WatchedRun]:
        """Look through changed rows; returns those that have just ended."""
        ended = []
        for row in rows:
            current = (row.attempt, row.state)
            if self._seen.get(row.run) != current:
                self._seen[row.run] = current
                if row.state in _NOTIFY_STATES:
                    self._pending[row.run] = row
                    ended.append(row)
                else:
                    # Restarted since: the end of the earlier attempt is out of date.
                    self._pending.pop(row.run, None)
        return ended

    def collect(self) -> Notification | None:
        """The notification of all runs that ended since the last call, if any still count as ended."""
        rows = [row for row in self._pending.values() if row.state in _NOTIFY_STATES]
        self._pending = {}
        return notification(rows, self._watch_list) if rows else None


def notification(rows: Sequence[WatchedRun], among: Iterable[WatchedRun] = ()) -> Notification:
    """The notification that these runs have ended, the successful ones first; `among` are all runs that have names."""
    good = [row for row in rows if row.state is State.AVAILABLE]
    bad = [row for row in rows if row.state is not State.AVAILABLE]
    names = dict(zip((row.run for row in rows), distinct_names(rows, _MAX_NAME_CELLS, among), strict=True))
    sections = [_summary(good, names, version_label, "available"), _summary(bad, names, _reason, "not available")]
    text = "\n".join(filter(None, sections))
    outcomes = tuple(AttemptOutcome(row.run, row.state, event_text(row.notice), row.artifact) for row in rows)
    if good and bad:
        return Notification(f"{len(good)} available, {len(bad)} failed", text, "warning", outcomes)
    if good:
        return Notification("Available", text, "information", outcomes)
    return Notification("Failed", text, "error", outcomes)


def _summary(
    rows: Sequence[WatchedRun], names: Mapping[RunAddress, str], detail: Callable[[WatchedRun], str], result: str
) -> str:
    if len(rows) > _MAX_NAMED:
        return f"{len(rows)} runs are {result}"
    return "\n".join(": ".join(filter(None, (names[row.run], detail(row)))) for row in rows)


def _reason(row: WatchedRun) -> str:
    return "timed out" if row.state is State.TIMED_OUT else clean(event_text(row.notice), _MAX_REASON_CHARS)
