"""Reads the feeds of projects for the poller: their requests, and the futures of the runs that are left to them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Protocol

from wandb_tui.core.address import RunAddress
from wandb_tui.core.feed import FeedContradictionError
from wandb_tui.core.feed_project import FeedPart
from wandb_tui.core.feed_watch import FeedWatch, Follower
from wandb_tui.core.light_future import LightFuture
from wandb_tui.core.ports import Followed
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.core.schedule import Clock
from wandb_tui.services.wandb_api.batch_size import BatchSize
from wandb_tui.services.wandb_api.feed_query import FEATURES_QUERY, compose_feeds, offers_feeds, read_feed
from wandb_tui.services.wandb_api.graphql import RATE_LIMITED, Reply
from wandb_tui.services.wandb_api.pending_probe import PendingProbe
from wandb_tui.services.wandb_api.probe_query import ProbeRequest

log = logging.getLogger(__name__)

Send = Callable[[str, Mapping[str, object]], Reply]
"""Sends one query, as soon as the rate allows."""


class FeedRecord(Protocol):
    """Remembers, for one server, why its feeds cannot be used."""

    def read(self) -> str:
        """The reason; empty if they can."""

    def write(self, reason: str) -> None:
        """Remember a reason."""


class _FollowedProbe(LightFuture[Probe]):
    """The answer that comes when a run's feeds report a change."""

    def __init__(self, run: RunAddress) -> None:
        super().__init__()
        self.run = run


class FeedReader:
    """Reads the feeds in the poller's thread; `follow` and `expect_export` may be called from any thread."""

    def __init__(self, send: Send, clock: Clock, record: FeedRecord | None, watch: FeedWatch | None) -> None:
        """Prepare; the first request is sent when enough runs are waiting.

        Args:
            send: Sends a query.
            clock: The poller's clock.
            record: Where to remember that a server's feeds cannot be used.
            watch: Decides what to ask; None for one with the usual bounds.
        """
        self._send = send
        self._clock = clock
        self._record = record
        self._lock = threading.Lock()
        self._watch = FeedWatch() if watch is None else watch
        self._futures: dict[RunAddress, _FollowedProbe] = {}
        self._size = BatchSize()
        self._offered = False
        self._to_ask_next: list[PendingProbe] = []

    def follow(
        self, run: RunAddress, known: Probe, *, coverage: bool, interval: float, confirm: bool = False
    ) -> Followed | None:
        """Leave a run to its project's feeds; None if it has to be asked itself."""
        with self._lock:
            if run in self._futures:
                return None
            clock = self._watch.follow(
                run, known, coverage=coverage, interval=interval, confirm=confirm, now=self._clock()
            )
            if clock is None:
                return None
            future = self._futures[run] = _FollowedProbe(run)
        future.add_done_callback(self._ended)
        return Followed(future, clock)

    def announce(self, runs: Iterable[RunAddress]) -> None:
        """Get ready for runs that are going to be asked about for the first time."""
        with self._lock:
            self._watch.announce(runs, self._clock())

    def will_answer(self, batch: Iterable[PendingProbe]) -> bool:
        """Whether lists are being read that will answer for most of a batch."""
        with self._lock:
            listing = self._watch.listing
        return listing and all(pending.first for pending in batch)

    def unanswered(self, batch: Iterable[PendingProbe]) -> list[PendingProbe]:
        """The batch without the probes that the lists have answered, which are resolved."""
        left = []
        for pending in batch:
            if (answer := self.first_answer(pending.run) if pending.first else None) is not None:
                pending.resolve(answer)
            else:
                left.append(pending)
        return left

    def first_answer(self, run: RunAddress) -> Probe | None:
        """The lists' answer for a run about which nothing is known yet; None if it has to be asked itself."""
        with self._lock:
            return self._watch.first_answer(run)

    def expect_export(self, seconds: float) -> None:
        """Read the feeds as often as possible for some seconds."""
        with self._lock:
            self._watch.expect(seconds, self._clock())

    def until_due(self) -> float | None:
        """Seconds until a feed or a run is to be asked, 0 or less if that is now; None if no feed is read."""
        with self._lock:
            return 0.0 if self._to_ask_next else self._watch.until_due(self._clock())

    def look(self) -> list[PendingProbe]:
        """Ask for the pages that are due, in one request; the runs to be asked themselves."""
        found, self._to_ask_next = self._to_ask_next, []
        with self._lock:
            parts = self._watch.parts(self._clock())[: self._size.now]
        return found + self._look(parts) if parts else found

    def _look(self, parts: Sequence[FeedPart]) -> list[PendingProbe]:
        if not self._offered and (reason := self._find_out()):
            return self._turn_off(reason)
        asked_at = self._clock()
        reply = self._send(*compose_feeds(parts))
        too_many = self._size.learn(len(parts), reply)
        if too_many or not self._offered:
            return []
        if reply.data is None:
            return self._failed(reply)
        return self._read(parts, reply, asked_at)

    def audits(self, limit: int) -> list[PendingProbe]:
        """The runs whose turn it is to be asked themselves."""
        with self._lock:
            followers = self._watch.audits(self._clock(), limit)
        return [self._audit(follower) for follower in followers]

    def fail(self, probe: Probe) -> None:
        """Give all runs that are left to feeds the answer that the server cannot be asked."""
        with self._lock:
            followers = self._watch.take_all(self._clock())
        self._resolve((follower, probe) for follower in followers)

    def abandon(self, probe: Probe) -> None:
        """Read no feed any more, and give all runs that are left to them this answer."""
        with self._lock:
            followers = self._watch.turn_off(probe.message)
        self._resolve((follower, probe) for follower in followers)

    # In the poller's thread

    def _find_out(self) -> str:
        """The reason why the feeds are not to be read; empty if they may be, or if that is unknown now."""
        if self._record is not None and (reason := self._record.read()):
            return reason
        reply = self._send(FEATURES_QUERY, {})
        if reply.problem is ProbeOutcome.UNAVAILABLE:
            self.fail(_failure(reply))
            return ""
        self._offered = offers_feeds(reply)
        return "" if self._offered else "The server does not list artifacts in an order"

    def _failed(self, reply: Reply) -> list[PendingProbe]:
        if reply.limited or reply.problem in {ProbeOutcome.UNAVAILABLE, ProbeOutcome.UNAUTHORIZED}:
            self.fail(_failure(reply))
            return []
        return self._turn_off(f"The server does not answer the query: {reply.message}")

    def _read(self, parts: Sequence[FeedPart], reply: Reply, asked_at: float) -> list[PendingProbe]:
        ask: list[Follower] = []
        for number, part in enumerate(parts):
            try:
                page = read_feed(reply, number, part)
                if page is None and reply.limited:
                    return self._to_ask(ask) + self._failed(reply)
                if page is None:
                    log.info("The feed of %s of %s is refused", part.kind, part.project.project_path)
                    with self._lock:
                        ask += self._watch.refuse(part.project)
                    continue
                with self._lock:
                    news = self._watch.read(part, page, asked_at)
            except FeedContradictionError as error:
                return self._to_ask(ask) + self._turn_off(str(error), lasting=True)
            except ValueError as error:
                reason = f"The feed of {part.kind} of {part.project.project_path}: {error}"
                return self._to_ask(ask) + self._turn_off(reason, lasting=True)
            ask += news.ask
            self._resolve(news.changed)
        return self._to_ask(ask)

    def _turn_off(self, reason: str, *, lasting: bool = False) -> list[PendingProbe]:
        """Ask each run itself from now on; a contradiction is remembered for the next sessions."""
        log.warning("Projects' feeds are not used any more, each run is asked about: %s", reason)
        if lasting and self._record is not None:
            self._record.write(reason)
        with self._lock:
            followers = self._watch.turn_off(reason)
        return self._to_ask(followers)

    def _to_ask(self, followers: Iterable[Follower]) -> list[PendingProbe]:
        """The runs as probes that go before others."""
        with_futures = ((follower, self._futures.pop(follower.run, None)) for follower in followers)
        return [
            PendingProbe(ProbeRequest(follower.run, follower.coverage), [future], urgent=True)
            for follower, future in with_futures
            if future is not None and not future.cancelled()
        ]

    def _audit(self, follower: Follower) -> PendingProbe:
        answer: Future[Probe] = Future()
        answer.add_done_callback(partial(self._audited, follower.run))
        return PendingProbe(ProbeRequest(follower.run), [answer])

    def _audited(self, run: RunAddress, future: Future[Probe]) -> None:
        if future.cancelled():
            return
        probe = future.result()
        with self._lock:
            follower = self._watch.audited(run, probe)
        if follower is None:
            return
        if follower.coverage and probe.outcome in {ProbeOutcome.FOUND, ProbeOutcome.NOT_YET}:
            self._to_ask_next += self._to_ask([follower])
        else:
            self._resolve([(follower, probe)])

    def _resolve(self, answers: Iterable[tuple[Follower, Probe]]) -> None:
        for follower, probe in answers:
            future = self._futures.pop(follower.run, None)
            if future is not None and future.set_running_or_notify_cancel():
                future.set_result(probe)

    def _ended(self, future: Future[Probe]) -> None:
        """Follow a run no longer whose caller has given up."""
        if future.cancelled() and isinstance(future, _FollowedProbe):
            with self._lock:
                if self._futures.get(future.run) is future:
                    del self._futures[future.run]
                    self._watch.forget([future.run])


def _failure(reply: Reply) -> Probe:
    outcome = ProbeOutcome.UNAVAILABLE if reply.limited else reply.problem or ProbeOutcome.INVALID_RESPONSE
    message = reply.message or RATE_LIMITED
    return Probe(outcome, message=message, limited=reply.limited, retry_after=reply.limits.retry_after)
