"""One poller for all monitors: the probes due within one short window go out as one request.

It sends at most one request per second, waits as long as the server demands, and slows down before that. A probe that
arrives during such a wait is answered immediately with the remaining time, which the rows then show.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Container, Iterable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from wandb_tui.core.address import RunAddress
from wandb_tui.core.feed_watch import FeedWatch
from wandb_tui.core.light_future import LightFuture
from wandb_tui.core.live_query import QueryNews
from wandb_tui.core.ports import Followed
from wandb_tui.core.probe import Coverage, Probe, ProbeOutcome
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.core.schedule import Clock
from wandb_tui.services.wandb_api.batch_size import BatchSize
from wandb_tui.services.wandb_api.coverage import StepReader
from wandb_tui.services.wandb_api.dialect_client import DialectClient
from wandb_tui.services.wandb_api.feed_reader import FeedReader, FeedRecord
from wandb_tui.services.wandb_api.graphql import GraphQL, Reply
from wandb_tui.services.wandb_api.moved_artifacts import MovedArtifacts
from wandb_tui.services.wandb_api.pending_probe import INTERNAL_ERROR, PendingProbe, merge_by_run, resolve_all
from wandb_tui.services.wandb_api.probe_query import ProbeRequest
from wandb_tui.services.wandb_api.probe_response import blamed_indices, exported_files, interpret
from wandb_tui.services.wandb_api.probes_under_way import ProbesUnderWay
from wandb_tui.services.wandb_api.query_reader import QueryReader
from wandb_tui.services.wandb_api.schema_gaps import SchemaGaps
from wandb_tui.services.wandb_api.sdk_prober import SdkProber

log = logging.getLogger(__name__)

_BATCH_WINDOW_S = 0.1
_QUIET_S = 0.005
"""The very first probe waits for others only this long, unless one comes: often there is just one run."""
_MAX_REMEMBERED_TURNS = 100_000
_MAX_LOOK_DELAY_S = 5.0


class Poller:
    """Implements `core.ports.Prober`, `core.ports.Feeds` and `core.ports.Queries`."""

    def __init__(
        self,
        client: GraphQL,
        *,
        steps: StepReader | None = None,
        sdk: SdkProber | None = None,
        feed_record: FeedRecord | None = None,
        feed_watch: FeedWatch | None = None,
        gaps: SchemaGaps | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """Make a poller; its thread starts with the first probe.

        Args:
            client: The GraphQL client.
            steps: Reads which steps the exported files cover; None uses the server's report.
            sdk: The fallback for a server that does not understand our queries; None for no fallback.
            feed_record: Where to remember that the feeds of projects cannot be used.
            feed_watch: Decides what to ask of the feeds; None for one with the usual bounds.
            gaps: The known gaps in the server's API; None if nothing is known of it.
            clock: Seconds on a clock that never goes back.
        """
        self._steps = steps
        self._clock = clock
        self._queue: queue.SimpleQueue[PendingProbe | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()
        self._closed = threading.Event()
        gaps = gaps or SchemaGaps()
        self._server = DialectClient(client, sdk, gaps, clock, self._closed)
        self._size = BatchSize()
        self._one_run = False
        self._under_way = ProbesUnderWay()
        self._turn = 0
        self._turns: dict[RunAddress, int] = {}
        self._moved = MovedArtifacts()
        self._feeds = FeedReader(self._server.send, clock, feed_record, feed_watch)
        self._queries = QueryReader(self._server.send, clock, gaps)

    def probe(self, run: RunAddress, *, coverage: bool = False) -> Future[Probe]:
        """Probe one run, in one request with all other probes that are due."""
        return self._probe(ProbeRequest(run, coverage))

    def first_probe(self, run: RunAddress) -> Future[Probe]:
        """Probe a run of which nothing is known yet: with many runs, the lists of its project may answer."""
        if (answer := self._feeds.first_answer(run)) is None or self._closed.is_set():
            return self._probe(ProbeRequest(run), first=True)
        future: Future[Probe] = LightFuture()
        future.set_result(answer)
        return future

    def announce(self, runs: Iterable[RunAddress]) -> None:
        """Get ready for the first probes of these runs."""
        self._feeds.announce(runs)

    def allow_batches_of(self, runs: int) -> None:
        """Ask for so many runs in one request at most; to be called before the first probe.

        With more than usual, those who ask about most runs once need not wait for pauses in between. With one, a run
        that is alone does not wait for others.
        """
        self._size = BatchSize(runs)
        self._one_run = runs == 1

    def _probe(self, request: ProbeRequest, *, first: bool = False) -> Future[Probe]:
        future: Future[Probe] = LightFuture()
        if self._closed.is_set():
            future.set_result(_CLOSED)
            return future
        self._enqueue(PendingProbe(request, [future], first=first))
        return future

    def _enqueue(self, pending: PendingProbe | None) -> None:
        """Hand work to the thread, or wake it, which starts with the first call."""
        self._queue.put(pending)
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="wandb-tui poller", daemon=True)
                self._thread.start()

    def follow(
        self, run: RunAddress, known: Probe, *, coverage: bool, interval: float, confirm: bool = False
    ) -> Followed | None:
        """Leave a run to the feeds of its project; None if it has to be probed itself."""
        if self._closed.is_set():
            return None
        return self._feeds.follow(run, known, coverage=coverage, interval=interval, confirm=confirm)

    def expect_export(self, seconds: float) -> None:
        """Read the feeds as often as possible for some seconds."""
        self._feeds.expect_export(seconds)

    def follow_query(
        self,
        query: ProjectQuery,
        known: Collection[str],
        *,
        interval: float,
        until_ended: bool,
        report: Callable[[QueryNews], object],
    ) -> None:
        """Look at the runs of a query once an interval."""
        if not self._closed.is_set():
            self._queries.follow(query, known, interval=interval, until_ended=until_ended, report=report)
            self._enqueue(None)

    def unfollow_query(self, query: ProjectQuery) -> None:
        """Look at them no longer."""
        self._queries.unfollow(query)

    def limiting(self) -> float:
        """Seconds until the server accepts requests again, those of visits included; 0 for no limit."""
        return self._server.throttle.limiting

    def close(self) -> None:
        """Stop; every waiting caller gets `ProbeOutcome.UNAVAILABLE`."""
        self._closed.set()
        self._queue.put(None)

    def _work(self) -> None:
        while not self._closed.is_set():
            batch = self._next_batch()
            try:
                self._process(batch)
            except Exception:
                # All monitors depend on this one thread: no answer may end it.
                log.exception("A probe failed")
                resolve_all(batch, INTERNAL_ERROR)
                self._feeds.abandon(INTERNAL_ERROR)
        self._drain()
        self._feeds.abandon(_CLOSED)
        self._server.close()

    def _next_batch(self) -> list[PendingProbe]:
        """Wait for the next probes; none if only the feeds or the queries are due."""
        due = min(
            (due for due in (self._feeds.until_due(), self._queries.until_due()) if due is not None), default=None
        )
        try:
            # While no request may go out, the feeds have to wait as well.
            wait = None if due is None else max(0.0, due, self._server.throttle.gap, self._server.throttle.hold)
            first = self._queue.get(timeout=wait)
        except queue.Empty:
            return []
        return self._joined([] if first is None else self._gather(first))

    def _joined(self, batch: list[PendingProbe]) -> list[PendingProbe]:
        """The batch with one probe per run, without those that share the answer of a running one."""
        return merge_by_run(one for one in batch if one.wanted and not self._under_way.joined_by(one, self._queue.put))

    def _gather(self, first: PendingProbe) -> list[PendingProbe]:
        """The probes that arrive within the window, and before the next request may go out."""
        batch = [first]
        if self._one_run:
            return batch
        alone = self._turn == 0
        until = self._clock() + max(
            _BATCH_WINDOW_S, 0.0 if self._server.throttle.hold > 0 else self._server.throttle.gap
        )
        while (left := until - self._clock()) > 0 or not self._queue.empty():
            try:
                pending = self._queue.get(timeout=max(0.0, min(left, _QUIET_S) if alone else left))
            except queue.Empty:
                break
            alone = False
            if pending is None:
                self._queue.put(None)
                break
            batch.append(pending)
        return batch

    def _process(self, batch: list[PendingProbe]) -> None:
        any_good = False
        while not self._closed.is_set():
            if (refusal := self._server.refusal) is not None:
                resolve_all(batch, refusal)
                self._feeds.fail(refusal)
                return
            batch = self._with_due(batch)
            if not batch:
                return
            if self._feeds.will_answer(batch):
                # The next request is for the next page of the lists.
                continue
            if self._handed_to_sdk(batch):
                return
            now, rest = batch[: self._size.now], batch[self._size.now :]
            self._remember_turn(now)
            asked_at = self._clock()
            reply = self._server.probe([pending.request for pending in now])
            if not self._server.dialect.plain:
                continue
            blamed = blamed_indices(reply, len(now))
            if 0 < len(blamed) < len(now):
                # A few runs made the whole request fail: answer those, and repeat it without them.
                self._deliver(now, reply, asked_at, only=blamed)
                batch = [pending for i, pending in enumerate(now) if i not in blamed] + rest
                continue
            if self._size.learn(len(now), reply):
                continue
            self._deliver(now, reply, asked_at)
            any_good = any_good or reply.problem is None
            hopeless = len(now) == 1 and not any_good and not blamed
            if reply.problem is ProbeOutcome.UNAVAILABLE or hopeless:
                # The server itself fails, so requests for the rest would fail as well.
                self._deliver(rest, reply, asked_at)
                return
            batch = rest
        resolve_all(batch, _CLOSED)

    def _with_due(self, batch: list[PendingProbe]) -> list[PendingProbe]:
        """The batch with the probes that have become due meanwhile, the most pressing first."""
        if len(batch) > self._size.now:
            self._feeds.announce(pending.run for pending in batch if pending.first)
        if (due := self._feeds.until_due()) is not None:
            arrived = []
            while not self._queue.empty() and (pending := self._queue.get()) is not None:
                arrived.append(pending)
            batch = merge_by_run([*batch, *self._joined(arrived)])
            # While many runs wait for an answer of their own, the feeds take fewer of the requests.
            if due <= (-_MAX_LOOK_DELAY_S if len(batch) > self._size.now else 0.0):
                batch = merge_by_run([*self._feeds.look(), *batch])
                batch = batch or self._feeds.audits(self._size.now)
        batch = self._feeds.unanswered(batch)
        if (due := self._queries.until_due()) is not None and due <= (-_MAX_LOOK_DELAY_S if batch else 0.0):
            self._queries.look()
        if len(batch) > self._size.now:
            # Not all fit into one request: those that have waited longest go first.
            batch.sort(key=lambda pending: (not pending.urgent, pending.first, self._turns.get(pending.run, 0)))
        return batch

    def _handed_to_sdk(self, batch: list[PendingProbe]) -> bool:
        """Whether the SDK asks, for a server that does not understand our queries."""
        sdk = self._server.fallback()
        if sdk is None:
            return False
        for pending in batch:
            self._under_way.finish(pending, partial(self._probe_by_sdk, pending, sdk))
        return True

    def _probe_by_sdk(self, pending: PendingProbe, sdk: SdkProber) -> Probe:
        """Probe one run through the SDK; in a thread of the pool."""
        probe = self._server.probe_by_sdk(pending.run, sdk)
        if not pending.request.coverage or probe.run is None:
            return probe
        probe = replace(probe, coverage=Coverage(None, None, probe.run.last_step))
        if self._steps is None:
            return probe
        known = self._steps.known(pending.run, probe)
        return known or self._steps.read(pending.run, probe, partial(self._files_by_sdk, pending.run, probe))

    def _files_by_sdk(self, run: RunAddress, probe: Probe) -> list[str]:
        return self._server.files_by_sdk(run, probe.artifact.version) if probe.artifact is not None else []

    def _remember_turn(self, batch: list[PendingProbe]) -> None:
        if len(self._turns) > _MAX_REMEMBERED_TURNS:
            self._turns.clear()
        self._turn += 1
        self._turns |= dict.fromkeys((pending.run for pending in batch), self._turn)
        for pending in batch:
            # An artifact that is missing a second time may have stayed behind when the run was moved.
            pending.request = replace(pending.request, outputs=self._moved.wants_search(pending.run))

    def _deliver(
        self, batch: list[PendingProbe], reply: Reply, asked_at: float, only: Container[int] | None = None
    ) -> None:
        """Answer all or some of the probes, and start reading the files of those that need it."""
        unread: list[tuple[PendingProbe, Probe, list[str]]] = []
        for number, probe in enumerate(interpret([pending.request for pending in batch], reply, self._server.dialect)):
            if only is not None and number not in only:
                continue
            pending = batch[number]
            probe = replace(self._moved.complete(pending.request, probe), asked_at=asked_at)  # noqa: PLW2901 - the same probe, completed
            whole = probe if self._steps is None else self._steps.known(pending.run, probe)
            if reply.limited and probe.outcome is ProbeOutcome.UNAVAILABLE:
                # The poller's own wait: a caller that asks earlier would only get the same answer again.
                pending.resolve(replace(probe, retry_after=max(0.0, self._server.throttle.hold)))
            elif whole is not None:
                pending.resolve(whole)
            else:
                unread.append((pending, probe, exported_files(reply, number)))
        if unread and self._steps is not None:
            self._read_steps(unread, self._steps)

    def _read_steps(self, unread: list[tuple[PendingProbe, Probe, list[str]]], steps: StepReader) -> None:
        """Read the files in the pool, after one request for the URLs that are still missing."""
        nameless = [
            (pending.run, probe.artifact.version) for pending, probe, urls in unread if probe.artifact and not urls
        ]
        found = self._server.find_files(nameless) if nameless else {}
        for pending, probe, urls in unread:
            source = urls or found.get(pending.run) or partial(self._files_by_sdk, pending.run, probe)
            self._under_way.finish(pending, partial(steps.read, pending.run, probe, source))

    def _drain(self) -> None:
        while True:
            try:
                pending = self._queue.get_nowait()
            except queue.Empty:
                break
            if pending is not None:
                pending.resolve(_CLOSED)
        self._under_way.abandon(_CLOSED)


_CLOSED = Probe(ProbeOutcome.UNAVAILABLE, message="wandb-tui is ending")
