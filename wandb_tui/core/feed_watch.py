"""Follows runs by the feeds of their projects: which feeds to read when, and which runs to ask themselves.

Pure: the caller sends the requests and passes in the time. Used under a lock.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from wandb_tui.core.address import RunAddress
from wandb_tui.core.audit_queue import AuditQueue
from wandb_tui.core.feed import Feed, FeedClock, FeedContradictionError, FeedKind, FeedPage
from wandb_tui.core.feed_project import FeedPart, Look, ProjectFeeds
from wandb_tui.core.feed_trust import FIRST_PERIOD_S, FeedTrust
from wandb_tui.core.probe import Probe, ProbeOutcome

MIN_RUNS = 250
"""Fewer waiting runs are asked themselves: that takes no more requests than reading feeds."""

MIN_RUNS_OF_PROJECT = 20
"""The feed of a project with fewer waiting runs is not read: its pages hold more than their answers."""

_WANTED_FOR_S = 300.0
"""Seconds for which a run that wanted to be followed counts as waiting."""

_CHOICE_INTERVAL_S = 2.0
"""The interval at which the waiting runs are counted."""

_MIN_GAP_S = 1.0
"""The shortest time between two looks."""

_USUAL_INTERVAL_S = 5.0
"""The interval while no run is left to the feeds yet."""

_LOOKS_AN_INTERVAL = 2
"""An answer about the run itself follows a look, and both together are to take no longer than the run's interval."""

_SILENT_AFTER_S = 300.0
"""A running run without a sign of life for so long may have crashed, which servers find out by themselves."""

_SILENCE_CHECK_INTERVAL_S = 60.0

_RUNS_A_REQUEST = 100
"""So many runs can be asked themselves in one request: lists are read only if they take fewer requests."""

_AUDIT_SHARE = 0.5
"""A run whose turn is nearer than this share of the audit's period is asked together with one whose turn has come."""


@dataclass(slots=True)
class Follower:
    """A run that is left to its project's feeds.

    Attributes:
        run: Which run.
        known: The answer that the caller knows.
        coverage: Whether the caller needs to know which steps the export covers.
        interval: Seconds that the knowledge may be old.
        asked_at: When the run was last asked itself.
    """

    run: RunAddress
    known: Probe
    coverage: bool
    interval: float
    asked_at: float


@dataclass(slots=True)
class FeedNews:
    """The news of a page about followed runs, which are followed no longer.

    Attributes:
        ask: Runs to ask themselves.
        changed: Runs whose answer is known: only the run itself has changed.
    """

    ask: list[Follower] = field(default_factory=list)
    changed: list[tuple[Follower, Probe]] = field(default_factory=list)


class FeedWatch:
    """Follows the runs of one server.

    Attributes:
        off: Why the feeds are not used; empty while they are.
        trust: How far they are trusted.
    """

    def __init__(
        self,
        min_runs: int = MIN_RUNS,
        min_runs_of_project: int = MIN_RUNS_OF_PROJECT,
        first_period: float = FIRST_PERIOD_S,
    ) -> None:
        """Follow nothing.

        Args:
            min_runs: With fewer waiting runs, no feed is read.
            min_runs_of_project: With fewer waiting runs of a project, its feed is not read.
            first_period: Seconds within which each run is asked itself at first.
        """
        self.off = ""
        self.trust = FeedTrust(first_period)
        self._min_runs = min_runs
        self._min_runs_of_project = min_runs_of_project
        self._followers: dict[RunAddress, Follower] = {}
        self._wanted: dict[RunAddress, float] = {}
        self._projects: dict[str, ProjectFeeds] = {}
        self._refused: set[str] = set()
        self._intervals: Counter[float] = Counter()
        # Counted as they come and go: counting ten thousand runs every two seconds takes as long as reading a page.
        self._followed: Counter[str] = Counter()
        self._expecting_until = 0.0
        self._chosen_at = -math.inf
        self._audits = AuditQueue(self._asked_at)
        self._silent: list[RunAddress] = []
        self._silence_checked_at = -math.inf

    def __len__(self) -> int:
        return len(self._followers)

    def follow(
        self, run: RunAddress, known: Probe, *, coverage: bool, interval: float, now: float, confirm: bool = False
    ) -> FeedClock | None:
        """Leave a run to its project's feeds from now on; None if it has to be asked itself.

        Args:
            run: The run.
            known: Its last answer.
            coverage: Whether the caller needs to know which steps the export covers.
            interval: Seconds that the knowledge may be old.
            now: The time, by the clock of `Probe.asked_at`.
            confirm: Whether the caller has to hear of the next look even if nothing has changed.
        """
        if self.off or known.asked_at is None or run.project_path in self._refused:
            return None
        project = self._projects.get(run.project_path)
        if project is None or not project.reports_since(run.run_id, known.asked_at):
            self._wanted[run] = now
            return None
        self._wanted.pop(run, None)
        self._drop(run)
        self._followers[run] = Follower(run, known, coverage, interval, known.asked_at)
        self._intervals[interval] += 1
        self._followed[run.project_path] += 1
        self._audits.add(run, known.asked_at)
        if confirm:
            project.to_confirm.add(run)
        return project.clock

    def announce(self, runs: Iterable[RunAddress], now: float) -> None:
        """Get ready for runs that are going to be asked about for the first time, many at once."""
        if self.off:
            return
        self._wanted |= {run: now for run in runs if run not in self._followers}
        self._chosen_at = -math.inf

    @property
    def listing(self) -> bool:
        """Whether lists are being read which will answer for many runs."""
        return any(project.listing for project in self._projects.values())

    def first_answer(self, run: RunAddress) -> Probe | None:
        """The lists' answer for a run about which nothing is known yet; None if it has to be asked itself."""
        project = self._projects.get(run.project_path)
        return None if project is None else project.first_answer(run.run_id)

    def expect(self, seconds: float, now: float) -> None:
        """Look as often as possible for some seconds: exports have been started."""
        self._expecting_until = max(self._expecting_until, now + seconds)

    def forget(self, runs: Iterable[RunAddress]) -> None:
        """Follow these runs no longer."""
        for run in runs:
            self._drop(run)

    # Reading the feeds

    def until_due(self, now: float) -> float | None:
        """Seconds until a page or a run is to be asked for, 0 or less if that is now; None if no feed is read."""
        self._choose_projects(now)
        self._find_silent(now)
        if self.listing:
            # The first look is urgent: it answers for many runs, and those asked before it have to be asked once more.
            return -math.inf
        if self._silent:
            return 0.0
        due = [project.clock.next_at for project in self._projects.values()]
        if (oldest := self._audits.oldest) is not None:
            due.append(oldest + self.trust.period)
        return min(due) - now if due else None

    def parts(self, now: float) -> list[FeedPart]:
        """The pages to ask for now, those of looks under way included."""
        due = [project for project in self._projects.values() if project.clock.next_at <= now]
        return [
            FeedPart(project.address, kind, feed.cursor, feed.since)
            for project in due
            for kind, feed in project.feeds.items()
            if kind not in project.done
        ]

    def read(self, part: FeedPart, page: FeedPage, asked_at: float) -> FeedNews:
        """Take in a page; the news that it has of the runs that are followed.

        Raises:
            FeedContradictionError: The feed cannot be right. It is to be turned off.
        """
        project = self._projects.get(part.project.project_path)
        if project is None:
            return FeedNews()
        feed = project.feeds[part.kind]
        if not part.cursor:
            project.looks[part.kind] = Look(asked_at)
        look = project.looks[part.kind]
        project.learn(page)
        try:
            changed = feed.read(page, asked_at)
            look.reported |= changed
            if not feed.cursor:
                self.trust.looked(part.kind, part.project.project_path, look.began, reported=look.reported)
                project.done.add(part.kind)
        except FeedContradictionError as error:
            raise FeedContradictionError(f"The feed of {part.kind} of {part.project.project_path}: {error}") from None
        news = self._news(project, part.kind, page, changed, asked_at)
        if len(project.done) == len(FeedKind):
            news.changed += self._confirmed(project)
            project.done.clear()
            project.clock.read_at = min(look.began for look in project.looks.values())
            project.clock.next_at = asked_at + self._look_interval(asked_at)
        return news

    def _news(
        self, project: ProjectFeeds, kind: FeedKind, page: FeedPage, changed: Collection[str], asked_at: float
    ) -> FeedNews:
        news = FeedNews()
        infos = {entry.run_id: entry.info for entry in page.entries}
        for run_id in changed:
            if kind is FeedKind.EXPORTS:
                project.exported_at[run_id] = asked_at
            follower = self._followers.get(replace(project.address, run_id=run_id))
            info = infos.get(run_id)
            if follower is None or (kind is FeedKind.RUNS and (info is None or info == follower.known.run)):
                continue
            self._drop(follower.run)
            if kind is FeedKind.EXPORTS or follower.coverage:
                news.ask.append(follower)
            else:
                news.changed.append((follower, replace(follower.known, run=info)))
        return news

    def _confirmed(self, project: ProjectFeeds) -> list[tuple[Follower, Probe]]:
        """The runs whose callers wait to hear that nothing has changed."""
        found = [follower for run in project.to_confirm if (follower := self._followers.get(run)) is not None]
        project.to_confirm.clear()
        self.forget(follower.run for follower in found)
        return [(follower, follower.known) for follower in found]

    def refuse(self, project: RunAddress) -> list[Follower]:
        """Read the feeds of a project no longer; its runs, which are to be asked themselves."""
        self._refused.add(project.project_path)
        self._projects.pop(project.project_path, None)
        refused = (one for one in self._followers.values() if one.run.project_path == project.project_path)
        return self._drop_all(refused)

    def turn_off(self, reason: str) -> list[Follower]:
        """Read no feed any more; all runs, which are to be asked themselves."""
        self.off = reason
        self._projects.clear()
        self._wanted.clear()
        return self._drop_all(self._followers.values())

    def take_all(self, now: float) -> list[Follower]:
        """Follow nothing until the callers come again: all runs that were followed."""
        self._wanted |= dict.fromkeys(self._followers, now)
        for project in self._projects.values():
            project.unlistable |= project.listing
        return self._drop_all(self._followers.values())

    # Asking the runs themselves

    def audits(self, now: float, limit: int) -> list[Follower]:
        """The runs whose turn it is to be asked themselves, at most `limit`; they stay followed."""
        silent, self._silent = self._silent[:limit], self._silent[limit:]
        if found := [self._followers[run] for run in silent if run in self._followers]:
            return found
        oldest = self._audits.oldest
        if oldest is None or now - oldest < self.trust.period:
            return []
        return [self._followers[run] for run in self._audits.take(limit, now - _AUDIT_SHARE * self.trust.period)]

    def audited(self, run: RunAddress, answer: Probe) -> Follower | None:
        """Compare a run's own answer with what is known: the run, followed no longer, if its caller needs to hear."""
        follower = self._followers.get(run)
        if follower is None:
            return None
        if answer.asked_at is None or answer.outcome is ProbeOutcome.UNAVAILABLE:
            # It could not be asked.
            self._audits.add(run, follower.asked_at)
            return None
        if answer.outcome in {ProbeOutcome.FOUND, ProbeOutcome.NOT_YET}:
            self.trust.compare(run, follower.known, answer, answer.asked_at)
        if _facts(answer) != _facts(follower.known):
            self._drop(run)
            return follower
        self.trust.agreed(len(self._followers))
        follower.asked_at = answer.asked_at
        self._audits.add(run, follower.asked_at)
        return None

    def _find_silent(self, now: float) -> None:
        """Find the runs to ask themselves because a crash of theirs would come without a sign of life."""
        if now - self._silence_checked_at < _SILENCE_CHECK_INTERVAL_S:
            return
        self._silence_checked_at = now
        self._silent = [
            run
            for run, follower in self._followers.items()
            if follower.known.run is not None
            and follower.known.run.going_on
            and (project := self._projects.get(run.project_path)) is not None
            and project.feeds[FeedKind.RUNS].silent(run.run_id, _SILENT_AFTER_S, now)
        ]

    # Which feeds to read

    def _choose_projects(self, now: float) -> None:
        """Begin and end reading feeds by how many runs are waiting."""
        if self.off or now - self._chosen_at < _CHOICE_INTERVAL_S:
            return
        self._chosen_at = now
        self._wanted = {run: at for run, at in self._wanted.items() if now - at < _WANTED_FOR_S}
        waiting = self._followed + Counter(run.project_path for run in self._wanted)
        addresses = {run.project_path: run for run in self._wanted}
        if waiting.total() < (self._min_runs // 2 if self._projects else self._min_runs):
            waiting.clear()
        for path, address in addresses.items():
            if path not in self._projects and waiting[path] >= self._min_runs_of_project and path not in self._refused:
                pages = max(1, waiting[path] // _RUNS_A_REQUEST)
                feeds = {kind: Feed(pages) for kind in FeedKind}
                self._projects[path] = ProjectFeeds(address, FeedClock(now, now), now, feeds)
        for path in [path for path in self._projects if not waiting[path]]:
            del self._projects[path]
        for project in self._projects.values():
            if now - project.chosen_at > _WANTED_FOR_S:
                # Of the runs that have not asked by now, few will.
                project.infos.clear()

    def _look_interval(self, now: float) -> float:
        shortest = min((interval for interval, count in self._intervals.items() if count), default=_USUAL_INTERVAL_S)
        return _MIN_GAP_S if now < self._expecting_until else max(_MIN_GAP_S, shortest / _LOOKS_AN_INTERVAL)

    def _asked_at(self, run: RunAddress) -> float | None:
        return follower.asked_at if (follower := self._followers.get(run)) is not None else None

    def _drop(self, run: RunAddress) -> None:
        if (follower := self._followers.pop(run, None)) is not None:
            self._intervals[follower.interval] -= 1
            self._followed[run.project_path] -= 1

    def _drop_all(self, followers: Iterable[Follower]) -> list[Follower]:
        dropped = list(followers)
        self.forget(follower.run for follower in dropped)
        return dropped


def _facts(probe: Probe) -> tuple[object, ...]:
    return probe.outcome, probe.artifact, probe.run, probe.elsewhere
