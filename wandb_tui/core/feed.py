"""A project's feed: one list of what changed, newest first, in place of a question about each run.

There are two kinds, of exports and of run states. No documentation promises anything about these lists, so each
page is checked for contradictions, and `core.feed_trust` compares the feed with what the runs themselves answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wandb_tui.core.probe import RunInfo


class FeedKind(StrEnum):
    """The lists of a project that are followed."""

    EXPORTS = "exports"
    """Its history artifacts, by their newest change."""
    RUNS = "runs"
    """Its runs, by their last sign of life."""


class FeedContradictionError(Exception):
    """A feed contradicts itself or the runs; its message says how, without a full stop."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One line of a feed.

    Attributes:
        run_id: Whose export or state it is.
        changed: When that changed last, by the server's clock.
        info: The run itself, in a feed of run states.
    """

    run_id: str
    changed: datetime
    info: RunInfo | None = None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One page of a feed.

    Attributes:
        entries: Its lines, newest first.
        cursor: Where the next page begins; empty on the last one.
    """

    entries: tuple[FeedEntry, ...] = ()
    cursor: str = ""


@dataclass(slots=True)
class FeedClock:
    """The times at which a project's feeds are read, by their reader's clock. All rows of a project share them.

    Attributes:
        read_at: When they were last read to the end.
        next_at: When they are read again.
    """

    read_at: float
    next_at: float


@dataclass(slots=True)
class Feed:
    """Reads one feed: each look begins with the newest page and ends at what the look before it has seen.

    A change is reported by two looks in a row. The server's times have whole seconds, so a second change within the
    same second would look like the first; and an export may be listed a moment before it can be seen.

    The first look reads further, as a list of all that there is, as long as that takes few pages.

    Attributes:
        max_listed_pages: How many pages the first look reads at most.
        began: When the request of the first look went out; None before that. Earlier changes are not reported.
        cursor: Where the look under way goes on; empty if the next page begins a new one.
        since: The newest time that a finished look has seen; None before that.
        listed: Whether the first look has ended.
        whole: Whether it has read all that there is.
    """

    max_listed_pages: int = 1
    began: float | None = None
    cursor: str = ""
    since: datetime | None = None
    listed: bool = False
    whole: bool = False
    _pages: int = 0
    _seen: dict[str, datetime] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)
    _look: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    _newest: datetime | None = None
    _last: datetime | None = None
    _settled: bool = False

    def read(self, page: FeedPage, asked_at: float) -> set[str]:
        """Take in the next page of a look; the ids of the runs that it reports as changed.

        Args:
            page: The page.
            asked_at: When its request went out.

        Raises:
            FeedContradictionError: The page cannot be right.
        """
        first_look, first_page = not self.listed, not self.cursor
        if first_page:
            self._names, self._look, self._last = set(), set(), None
            self._newest = page.entries[0].changed if page.entries else None
        self._check(page.entries)
        self.began = asked_at if self.began is None else self.began
        changed, reached = self._changes(page.entries)
        if first_page or not first_look:
            self._look |= changed
        self._pages += 1
        more = page.entries and not reached and (not first_look or self._pages < self.max_listed_pages)
        self.cursor = page.cursor if more else ""
        # On the first look everything is new: it only says from when on the next ones report.
        found = set() if first_look else changed | (self._reported if first_page else set())
        if not self.cursor:
            self.whole = self.whole or (first_look and not page.cursor)
            self.listed = True
            self._reported = self._look
            # Thousands of runs may have changed in the same second: two looks at all of them are enough.
            self._settled = self._newest == self.since and not first_look
            self.since = max(filter(None, (self.since, self._newest)), default=None)
        return found

    def lists(self, run_id: str) -> bool:
        """Whether a page so far had this run."""
        return run_id in self._seen

    def silent(self, run_id: str, seconds: float, now: float) -> bool:
        """Whether the feed has not listed a run for so long, by the server's clock as far as it is known."""
        if self.began is None or now - self.began < seconds:
            return False
        listed = self._seen.get(run_id)
        return listed is None or self.since is None or (self.since - listed).total_seconds() >= seconds

    def _changes(self, entries: Sequence[FeedEntry]) -> tuple[set[str], bool]:
        """The runs that changed, and whether the page reaches what an earlier look has seen."""
        changed: set[str] = set()
        for entry in entries:
            if self.since is not None and (
                entry.changed < self.since or (self._settled and entry.changed == self.since)
            ):
                return changed, True
            if self._seen.get(entry.run_id) != entry.changed:
                self._seen[entry.run_id] = entry.changed
                changed.add(entry.run_id)
        return changed, False

    def _check(self, entries: Sequence[FeedEntry]) -> None:
        before = self._last
        for number, entry in enumerate(entries):
            later = number > 0 and entry.changed > entries[number - 1].changed
            if later or (before is not None and self._out_of_order(entry, before)):
                raise FeedContradictionError(f"its order is not newest first (at run {entry.run_id})")
            self._last = entry.changed
            seen = self._seen.get(entry.run_id)
            if seen is not None and entry.changed < seen:
                raise FeedContradictionError(f"its clock went back (at run {entry.run_id})")
        names = {entry.run_id for entry in entries}
        if entries and self._names and names <= self._names:
            raise FeedContradictionError("one of its pages repeats another")
        self._names |= names

    def _out_of_order(self, entry: FeedEntry, before: datetime) -> bool:
        """Whether an entry belongs on an earlier page of this look, which ended at `before`, and was not there.

        Entries that change meanwhile move to the front and push the rest back, so pages may overlap.
        """
        newest = self._newest or entry.changed
        return before < entry.changed < newest and entry.run_id not in self._names
