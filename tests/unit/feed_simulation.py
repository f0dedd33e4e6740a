"""A server with feeds, true or false, and a poller that asks it once a second; the time is simulated."""

from __future__ import annotations

import bisect
import heapq
import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wandb_tui.core.address import RunAddress
from wandb_tui.core.feed import FeedContradictionError, FeedEntry, FeedKind, FeedPage
from wandb_tui.core.feed_project import FeedPart
from wandb_tui.core.feed_watch import FeedWatch, Follower
from wandb_tui.core.probe import ArtifactVersion, Probe, ProbeOutcome, RunInfo

INTERVAL_S = 5.0
BATCH = 100
LIES = ("silent", "unordered", "clock-back", "repeats", "runs-silent", "refused", "truncated")


@dataclass
class Server:
    """Runs that are exported, and end, at given times; what its feeds say depends on the lie."""

    runs: list[RunAddress]
    exported: dict[RunAddress, float]
    ended: dict[RunAddress, float]
    lie: str = ""
    lies_from: float = 0.0
    requests: int = 0
    _feeds: dict[tuple[FeedKind, str], _Changes] = field(default_factory=dict)

    def answer(self, run: RunAddress, now: float) -> Probe:
        info = RunInfo("", "finished" if self.ended.get(run, 1e9) <= now else "running", 10)
        if self.exported.get(run, 1e9) <= now:
            return Probe(ProbeOutcome.FOUND, ArtifactVersion(0), info, asked_at=now)
        return Probe(ProbeOutcome.NOT_YET, run=info, asked_at=now)

    def page(self, part: FeedPart, now: float) -> FeedPage | None:
        lie = self.lie if now >= self.lies_from else ""
        if lie == "refused" and part.project.project == "p0":
            return None
        found = self._changes(part).until(now)
        if part.kind is FeedKind.RUNS and not part.since:
            # Each run has been heard of, long ago.
            listed = {run for _, run in found}
            others = (run for run in self.runs if run.project == part.project.project and run not in listed)
            found = sorted((*found, *((-float(run.run_id[1:]), run) for run in others)), key=_place)
        if part.kind is FeedKind.RUNS:
            since = _seconds(part.since) if part.since else -math.inf
            found = [] if lie == "runs-silent" else found[bisect.bisect_left(found, (since, ""), key=_place) :]
        elif lie == "silent":
            found = [one for one in found if one[0] < self.lies_from]
        if lie != "unordered":
            found = found[::-1]
        large = 200 if not part.since else 40
        size, start = (large // 2, 0) if lie == "repeats" or not part.cursor else (large, int(part.cursor))
        shift = 3600 if lie == "clock-back" else 0
        entries = tuple(
            FeedEntry(run.run_id, _time(at - shift), self.answer(run, now).run if part.kind is FeedKind.RUNS else None)
            for at, run in found[start : start + size]
        )
        more = start + size < len(found) and lie != "truncated"
        return FeedPage(entries, str(start + size) if more else "")

    def _changes(self, part: FeedPart) -> _Changes:
        """All changes that a project's feed will ever report; sorted once, as thousands of pages are read of it."""
        feed = part.kind, part.project.project
        if feed not in self._feeds:
            times = self.exported if part.kind is FeedKind.EXPORTS else self.ended
            self._feeds[feed] = _Changes(
                [(at, run) for run, at in times.items() if run.project == part.project.project]
            )
        return self._feeds[feed]


class _Changes:
    """Changes of runs, given out as the time passes."""

    def __init__(self, changes: list[tuple[float, RunAddress]]) -> None:
        self._coming = sorted(changes, reverse=True)
        self._past: list[tuple[float, RunAddress]] = []

    def until(self, now: float) -> list[tuple[float, RunAddress]]:
        """Those so far, the oldest first."""
        while self._coming and self._coming[-1][0] <= now:
            bisect.insort(self._past, self._coming.pop(), key=_place)
        return self._past


def _place(change: tuple[float, RunAddress]) -> tuple[int, str]:
    """By what a feed is sorted: its times have whole seconds."""
    return int(change[0]), change[1].run_id


_START_S = 1_700_000_000


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(_START_S + int(at), UTC)


def _seconds(time: datetime) -> float:
    return time.timestamp() - _START_S


@dataclass
class Simulation:
    """Runs that wait for their first version, asked about in the way of the poller: one request a second.

    Attributes:
        found: When each run was known to have a version.
        seen_ended: When each run was known to have ended.
        off: Why the feeds were given up.
        answered: When each run had its first answer.
    """

    server: Server
    watch: FeedWatch = field(default_factory=lambda: FeedWatch(min_runs=50, min_runs_of_project=5))
    now: float = 1.0
    found: dict[RunAddress, float] = field(default_factory=dict)
    seen_ended: dict[RunAddress, float] = field(default_factory=dict)
    off: str = ""
    answered: dict[RunAddress, float] = field(default_factory=dict)
    _due: list[tuple[float, RunAddress]] = field(default_factory=list)
    _urgent: list[RunAddress] = field(default_factory=list)
    _looked: bool = False

    def __post_init__(self):
        self._due = [(self.now, run) for run in self.server.runs]
        heapq.heapify(self._due)
        self.watch.announce(self.server.runs, self.now)

    def run(self, until: float) -> None:
        while self.now < until:
            self._request()
            self.now += 1.0

    def _request(self) -> None:
        self.server.requests += 1
        # As in the poller, a request about runs may follow each look, but not while lists are read.
        looked, self._looked = self._looked and not self.watch.listing, False
        if not looked and (self.watch.until_due(self.now) or 0.0) <= 0 and (parts := self.watch.parts(self.now)):
            self._look(parts)
        elif self._urgent:
            batch, self._urgent = self._urgent[:BATCH], self._urgent[BATCH:]
            self._ask(batch)
        elif self._due and self._due[0][0] <= self.now:
            batch = []
            while self._due and self._due[0][0] <= self.now and len(batch) < BATCH:
                batch.append(heapq.heappop(self._due)[1])
            self._ask(batch)
        elif audited := self.watch.audits(self.now, BATCH):
            for follower in audited:
                answer = self.server.answer(follower.run, self.now)
                if self.watch.audited(follower.run, answer) is not None:
                    self._hear(follower.run, answer)
        else:
            self.server.requests -= 1

    def _look(self, parts: list[FeedPart]) -> None:
        self._looked = True
        for part in parts:
            page = self.server.page(part, self.now)
            if page is None:
                self._urgent += _runs(self.watch.refuse(part.project))
                continue
            try:
                news = self.watch.read(part, page, self.now)
            except FeedContradictionError as error:
                self.off = str(error)
                self._urgent += _runs(self.watch.turn_off(self.off))
                return
            self._urgent += _runs(news.ask)
            for follower, probe in news.changed:
                self._hear(follower.run, probe)
        if len(self.answered) < len(self.server.runs):
            self._answer_by_lists()

    def _answer_by_lists(self) -> None:
        answers = {run: self.watch.first_answer(run) for run in self.server.runs if run not in self.answered}
        known = {run: answer for run, answer in answers.items() if answer is not None}
        self._due = [one for one in self._due if one[1] not in known]
        heapq.heapify(self._due)
        for run, answer in known.items():
            self._hear(run, answer)

    def _ask(self, runs: list[RunAddress]) -> None:
        for run in runs:
            self._hear(run, self.server.answer(run, self.now))

    def _hear(self, run: RunAddress, probe: Probe) -> None:
        """Take in an answer as a monitor does."""
        self.answered.setdefault(run, self.now)
        if probe.run.state == "finished":
            self.seen_ended.setdefault(run, self.now)
        if probe.outcome is ProbeOutcome.FOUND:
            self.found.setdefault(run, self.now)
        elif self.watch.follow(run, probe, coverage=False, interval=INTERVAL_S, now=self.now) is None:
            heapq.heappush(self._due, (self.now + INTERVAL_S, run))


def _runs(followers: list[Follower]) -> list[RunAddress]:
    return [follower.run for follower in followers]


def simulation(count: int, seed: int, *, projects: int = 4, lie: str = "", start: float, over: float) -> Simulation:
    """Half of the runs end, and half are exported, at random within `over` seconds from `start` on."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    runs = [RunAddress("lab", f"p{number % projects}", f"r{number}") for number in range(count)]
    exported = {run: start + over * chance.random() for run in chance.sample(runs, count // 2)}
    ended = {run: start + over * chance.random() for run in chance.sample(runs, count // 2)}
    return Simulation(Server(runs, exported, ended, lie, lies_from=start + over / 4))
