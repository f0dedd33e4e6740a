"""The feeds of one project, and the looks at them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from wandb_tui.core.address import RunAddress
from wandb_tui.core.feed import Feed, FeedClock, FeedKind, FeedPage
from wandb_tui.core.probe import Probe, ProbeOutcome, RunInfo


@dataclass(frozen=True, slots=True)
class FeedPart:
    """A page to ask for.

    Attributes:
        project: A run of the project, for its address.
        kind: Which feed.
        cursor: Where the page begins; empty for the newest.
        since: The time before which versions need not be in it; None if that is unknown.
    """

    project: RunAddress
    kind: FeedKind
    cursor: str = ""
    since: datetime | None = None


@dataclass(slots=True)
class Look:
    """A look at one feed: when it began, and the runs that it has reported so far."""

    began: float
    reported: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ProjectFeeds:
    """The feeds of a project.

    Attributes:
        address: The address of one of its runs.
        clock: When they are read.
        chosen_at: Since when.
        feeds: The feeds.
        looks: The look at each that is under way, or the last one.
        done: The feeds whose look has ended, while that of another has not.
        exported_at: When an export of a run was last reported.
        to_confirm: Runs whose callers have to hear of the next look even if nothing has changed.
        infos: The runs that the lists have shown, for the first answers about them.
        unlistable: Whether the lists could not be read to their end at first.
    """

    address: RunAddress
    clock: FeedClock
    chosen_at: float
    feeds: dict[FeedKind, Feed] = field(default_factory=lambda: {kind: Feed() for kind in FeedKind})
    looks: dict[FeedKind, Look] = field(default_factory=dict)
    done: set[FeedKind] = field(default_factory=set)
    exported_at: dict[str, float] = field(default_factory=dict)
    to_confirm: set[RunAddress] = field(default_factory=set)
    infos: dict[str, RunInfo] = field(default_factory=dict)
    unlistable: bool = False

    @property
    def listing(self) -> bool:
        """Whether the first look at a feed, which reads it as a list, is still under way."""
        return not self.unlistable and not all(feed.listed for feed in self.feeds.values())

    def learn(self, page: FeedPage) -> None:
        """Note what a page says of the runs that may soon ask."""
        listing = self.listing
        for entry in page.entries:
            if entry.info is not None and (listing or entry.run_id in self.infos):
                self.infos[entry.run_id] = entry.info

    def first_answer(self, run_id: str) -> Probe | None:
        """An answer that a run has no export, if all lists were read and no list of exports has it; None if unknown."""
        if self.listing or not self.feeds[FeedKind.EXPORTS].whole or self.feeds[FeedKind.EXPORTS].lists(run_id):
            return None
        info = self.infos.pop(run_id, None)
        return None if info is None else Probe(ProbeOutcome.NOT_YET, run=info, asked_at=self.clock.read_at)

    def reports_since(self, run_id: str, asked_at: float) -> bool:
        """Whether the feeds report all that changed since a run was asked, and nothing has been reported of it yet."""
        reporting = all(feed.began is not None and feed.began <= asked_at for feed in self.feeds.values())
        return reporting and self.exported_at.get(run_id, -math.inf) < asked_at
