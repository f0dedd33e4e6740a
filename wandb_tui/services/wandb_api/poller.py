"""One poller for all monitors: what is due within one short window goes out as one request.

It keeps a second between two requests, waits when it is told to and slows down before that, and answers at once,
with the time that is left, whoever asks meanwhile: so every row can say when it goes on.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Container
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Coverage, Probe, ProbeOutcome
from wandb_tui.core.schedule import Clock
from wandb_tui.services.daemon_pool import DaemonPool
from wandb_tui.services.wandb_api.batch_size import BatchSize
from wandb_tui.services.wandb_api.coverage import StepReader
from wandb_tui.services.wandb_api.graphql import RATE_LIMITED, GraphQL, Reply
from wandb_tui.services.wandb_api.pending_probe import PendingProbe, merged
from wandb_tui.services.wandb_api.probe_query import (
    Dialect,
    ProbeRequest,
    blamed,
    compose,
    compose_files,
    exported_files,
    interpret,
    read_files,
)
from wandb_tui.services.wandb_api.sdk_prober import SdkProber
from wandb_tui.services.wandb_api.throttle import Throttle

log = logging.getLogger(__name__)

_WINDOW = 0.1
_CREW = 4
_REMEMBERED = 10_000


class Poller:
    """Fulfils `core.ports.Prober`."""

    def __init__(
        self,
        client: GraphQL,
        *,
        steps: StepReader | None = None,
        sdk: SdkProber | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """Make a poller; its thread starts with the first question.

        Args:
            client: The way to the server.
            steps: Reads what the exported files cover where the server does not tell; None leaves that unknown.
            sdk: Asks where the server does not understand plain questions; None does without.
            clock: Seconds on a clock that never goes back.
        """
        self._client = client
        self._steps = steps
        self._sdk = sdk
        self._clock = clock
        self._asked: queue.SimpleQueue[PendingProbe | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = threading.Event()
        self._dialect = Dialect()
        self._size = BatchSize()
        self._throttle = Throttle(clock)
        self._crew = DaemonPool("wandb-tui prober", _CREW)
        self._lock = threading.Lock()
        self._sdk_turn = threading.Lock()
        self._turn = 0
        self._turns: dict[RunAddress, int] = {}
        self._under_way: dict[RunAddress, PendingProbe] = {}

    def probe(self, run: RunAddress, *, coverage: bool = False) -> Future[Probe]:
        """Ask about one run, together with all that is asked in the same moment."""
        future: Future[Probe] = Future()
        if self._closed.is_set():
            future.set_result(_CLOSED)
            return future
        self._asked.put(PendingProbe(ProbeRequest(run, coverage), [future]))
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="wandb-tui poller", daemon=True)
                self._thread.start()
        return future

    def limiting(self) -> float:
        """Seconds for which the server wants to be left alone, by visits as well; 0 for none."""
        return self._throttle.limiting

    def close(self) -> None:
        """Stop asking; whoever waits is answered with trouble."""
        self._closed.set()
        self._asked.put(None)

    def _work(self) -> None:
        while (first := self._asked.get()) is not None:
            batch = self._gather(first)
            try:
                self._answer(merged(asked for asked in batch if asked.wanted and not self._joins(asked)))
            except Exception:
                # The one thread that all monitors hang on must outlive any surprise in an answer.
                log.exception("A probe failed")
                _answer_all(batch, _SURPRISE)
        self._drain()
        self._client.close()

    def _gather(self, first: PendingProbe) -> list[PendingProbe]:
        """What is asked within the window, and until the next request may go out."""
        batch = [first]
        until = self._clock() + max(_WINDOW, 0.0 if self._throttle.hold > 0 else self._throttle.gap)
        while (left := until - self._clock()) > 0 or not self._asked.empty():
            try:
                asked = self._asked.get(timeout=max(0.0, left))
            except queue.Empty:
                break
            if asked is None:
                self._asked.put(None)
                break
            batch.append(asked)
        return batch

    def _answer(self, batch: list[PendingProbe]) -> None:
        if len(batch) > self._size.now:
            # Where not all can be asked about, those come first who had to wait longest.
            batch.sort(key=lambda asked: self._turns.get(asked.run, 0))
        any_good = False
        while batch and not self._closed.is_set():
            if (held := self._held()) is not None:
                _answer_all(batch, held)
                return
            if self._sdk is not None and not self._dialect.plain:
                for asked in batch:
                    self._hand_over(asked, partial(self._by_sdk, asked, self._sdk))
                return
            now, rest = batch[: self._size.now], batch[self._size.now :]
            self._remember_turn(now)
            reply = self._ask([asked.question for asked in now])
            if not self._dialect.plain:
                continue
            guilty = blamed(reply, len(now))
            if 0 < len(guilty) < len(now):
                # For the sake of some nobody was answered: those are told, and the others asked about without them.
                self._take(now, reply, only=guilty)
                batch = [asked for i, asked in enumerate(now) if i not in guilty] + rest
                continue
            if self._size.learn(len(now), reply):
                continue
            self._take(now, reply)
            any_good = any_good or reply.problem is None
            hopeless = len(now) == 1 and not any_good and not guilty
            if reply.problem is ProbeOutcome.UNAVAILABLE or hopeless:
                # What ails the server ails it for the rest as well: no use in asking once a second for each of them.
                self._take(rest, reply)
                return
            batch = rest
        _answer_all(batch, _CLOSED)

    def _remember_turn(self, batch: list[PendingProbe]) -> None:
        if len(self._turns) > _REMEMBERED:
            self._turns.clear()
        self._turn += 1
        self._turns |= dict.fromkeys((asked.run for asked in batch), self._turn)

    def _held(self) -> Probe | None:
        """What to answer at once where the server is not to be asked now."""
        wait = self._throttle.hold
        return Probe(ProbeOutcome.UNAVAILABLE, message=self._throttle.why, retry_after=wait) if wait > 0 else None

    def _ask(self, questions: list[ProbeRequest]) -> Reply:
        """Ask in the best way that the server is known to understand, finding a simpler one if need be."""
        while True:
            reply = self._send(*compose(questions, self._dialect))
            simpler = self._dialect.simpler(reply)
            if simpler is None or (not simpler.plain and self._sdk is None):
                return reply
            log.info("The server does not know a field; asking without it: %s", simpler)
            self._dialect = simpler
            if not simpler.plain:
                return reply

    def _send(self, query: str, variables: dict[str, str]) -> Reply:
        self._closed.wait(max(0.0, self._throttle.gap))
        reply = self._client.ask(query, variables)
        self._throttle.heed(reply)
        return reply

    def _take(self, batch: list[PendingProbe], reply: Reply, only: Container[int] | None = None) -> None:
        """Hand out what the reply says, to all or to some, and have found out what it does not say."""
        unread: list[tuple[PendingProbe, Probe, list[str]]] = []
        for number, probe in enumerate(interpret([asked.question for asked in batch], reply)):
            if only is not None and number not in only:
                continue
            asked = batch[number]
            whole = probe if self._steps is None else self._steps.known(asked.run, probe)
            if reply.limited and probe.outcome is ProbeOutcome.UNAVAILABLE:
                # As long as the poller itself will wait: whoever came earlier would only be sent away again.
                asked.answer(replace(probe, retry_after=max(0.0, self._throttle.hold)))
            elif whole is not None:
                asked.answer(whole)
            else:
                unread.append((asked, probe, exported_files(reply, number)))
        if unread and self._steps is not None:
            self._have_read(unread, self._steps)

    def _have_read(self, unread: list[tuple[PendingProbe, Probe, list[str]]], steps: StepReader) -> None:
        """Have the files read, after asking for all at once where those are of which the server has not said it."""
        nameless = [(asked.run, probe.artifact.version) for asked, probe, urls in unread if probe.artifact and not urls]
        found = self._find_files(nameless) if nameless else {}
        for asked, probe, urls in unread:
            named = urls or found.get(asked.run) or partial(self._files_by_sdk, asked.run, probe)
            self._hand_over(asked, partial(steps.read, asked.run, probe, named))

    def _find_files(self, versions: list[tuple[RunAddress, int]]) -> dict[RunAddress, list[str]]:
        if not self._dialect.files:
            return {}
        reply = self._send(*compose_files(versions))
        if reply.data is None and reply.problem is not ProbeOutcome.UNAVAILABLE:
            log.info("The server does not tell where files are: %s", reply.message)
            self._dialect = replace(self._dialect, files=False)
        return {run: read_files(reply, number) for number, (run, _) in enumerate(versions)}

    def _files_by_sdk(self, run: RunAddress, probe: Probe) -> list[str]:
        if self._sdk is None or probe.artifact is None:
            return []
        return self._sdk.file_urls(run, probe.artifact.version)

    def _by_sdk(self, asked: PendingProbe, sdk: SdkProber) -> Probe:
        """All about one run by way of the SDK; in a thread of the crew."""
        with self._sdk_turn:
            if (held := self._held()) is not None:
                return held
            self._closed.wait(max(0.0, self._throttle.gap))
            self._throttle.took_turn()
        probe = sdk.ask(asked.run)
        self._throttle.heed(
            Reply(
                problem=probe.outcome if probe.outcome is ProbeOutcome.UNAVAILABLE else None,
                message=probe.message,
                limited=probe.message == RATE_LIMITED,
            )
        )
        if probe.outcome is ProbeOutcome.INVALID_RESPONSE:
            log.info("The SDK is not understood either; asking in plain words again")
            self._sdk, self._dialect = None, replace(self._dialect, plain=True)
        if not asked.question.coverage or probe.run is None:
            return probe
        probe = replace(probe, coverage=Coverage(None, None, probe.run.last_step))
        if self._steps is None:
            return probe
        known = self._steps.known(asked.run, probe)
        return known or self._steps.read(asked.run, probe, partial(self._files_by_sdk, asked.run, probe))

    # What is found out in other threads

    def _hand_over(self, asked: PendingProbe, find_out: Callable[[], Probe]) -> None:
        """Find out the rest in a thread of the crew, so that nobody else waits for it."""
        with self._lock:
            self._under_way[asked.run] = asked

        def work() -> None:
            try:
                probe = find_out()
            except Exception:
                log.exception("A probe failed")
                probe = _SURPRISE
            with self._lock:
                del self._under_way[asked.run]
            asked.answer(probe)

        self._crew.do(work)

    def _joins(self, asked: PendingProbe) -> bool:
        """Whether the run is being asked about already: then nobody asks a second time meanwhile."""
        with self._lock:
            other = self._under_way.get(asked.run)
            if other is None:
                return False
            if other.question.coverage or not asked.question.coverage:
                other.futures += asked.futures
            else:
                other.futures[0].add_done_callback(lambda _: self._asked.put(asked))
            return True

    def _drain(self) -> None:
        while True:
            try:
                asked = self._asked.get_nowait()
            except queue.Empty:
                break
            if asked is not None:
                asked.answer(_CLOSED)
        with self._lock:
            left = list(self._under_way.values())
        _answer_all(left, _CLOSED)


_SURPRISE = Probe(ProbeOutcome.INVALID_RESPONSE, message="The answer cannot be understood (see the log)")
_CLOSED = Probe(ProbeOutcome.UNAVAILABLE, message="wandb-tui is ending")


def _answer_all(batch: list[PendingProbe], probe: Probe) -> None:
    for asked in batch:
        asked.answer(probe)
