"""One poller for all monitors: what is due within one short window goes out as one request.

It keeps a second between two requests, waits when it is told to and slows down before that, and answers at once,
with the time that is left, whoever asks meanwhile: so every row can say when it goes on.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Answer, Probe
from wandb_tui.core.schedule import Clock
from wandb_tui.services.batch_size import BatchSize
from wandb_tui.services.graphql import GraphQL, Reply
from wandb_tui.services.questions import Dialect, Question, compose, interpret

log = logging.getLogger(__name__)

_WINDOW = 0.1
_GAP = 1.0
_BACK_OFF = 5.0
_LONGEST_BACK_OFF = 60.0
_SCARCE = 50


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Question
    future: Future[Probe]


class Poller:
    """Fulfils `core.ports.Prober`."""

    def __init__(self, client: GraphQL, *, clock: Clock = time.monotonic) -> None:
        """Make a poller; its thread starts with the first question.

        Args:
            client: The way to the server.
            clock: Seconds on a clock that never goes back.
        """
        self._client = client
        self._clock = clock
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = threading.Event()
        self._dialect = Dialect()
        self._size = BatchSize()
        self._not_before = 0.0
        self._limited_until = 0.0
        self._limits_in_a_row = 0

    def probe(self, run: RunAddress, *, coverage: bool = False) -> Future[Probe]:
        """Ask about one run, together with all that is asked in the same moment."""
        future: Future[Probe] = Future()
        if self._closed.is_set():
            future.set_result(_CLOSED)
            return future
        self._asked.put(_Asked(Question(run, coverage), future))
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="wandb-tui poller", daemon=True)
                self._thread.start()
        return future

    def close(self) -> None:
        """Stop asking; whoever waits is answered with trouble."""
        self._closed.set()
        self._asked.put(None)

    def _work(self) -> None:
        while (first := self._asked.get()) is not None:
            batch = self._gather(first)
            try:
                self._answer([asked for asked in batch if not asked.future.cancelled()])
            except Exception:
                # The one thread that all monitors hang on must outlive any surprise in an answer.
                log.exception("A probe failed")
                _resolve(batch, [Probe(Answer.NOT_UNDERSTOOD, message="The answer cannot be understood (see the log)")])
        self._drain()
        self._client.close()

    def _gather(self, first: _Asked) -> list[_Asked]:
        """What is asked within the window, and until the next request may go out."""
        batch = [first]
        until = max(self._clock() + _WINDOW, self._not_before)
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

    def _answer(self, batch: list[_Asked]) -> None:
        while batch and not self._closed.is_set():
            if (wait := self._limited_until - self._clock()) > 0:
                _resolve(batch, [Probe(Answer.TROUBLE, message="Rate limited", retry_after=wait)])
                return
            self._closed.wait(max(0.0, self._not_before - self._clock()))
            now = batch[: self._size.now]
            questions = [asked.question for asked in now]
            reply = self._ask(questions)
            if self._size.learn(len(now), reply):
                continue
            batch = batch[len(now) :]
            _resolve(now, interpret(questions, reply))
            if reply.problem is Answer.TROUBLE:
                # What ails the server ails it for the rest as well: no use in asking once a second for each hundred.
                _resolve(batch, interpret([asked.question for asked in batch], reply))
                return
        _resolve(batch, [_CLOSED])

    def _ask(self, questions: list[Question]) -> Reply:
        """Ask in the best way that the server is known to understand, finding a simpler one if need be."""
        while True:
            reply = self._client.ask(*compose(questions, self._dialect))
            self._mind_limits(reply)
            simpler = self._dialect.simpler(reply)
            if simpler is None:
                return reply
            log.info("The server does not know a field; asking without it: %s", simpler)
            self._dialect = simpler

    def _mind_limits(self, reply: Reply) -> None:
        now, limits = self._clock(), reply.limits
        self._not_before = now + _GAP
        if reply.status == 429 or limits.remaining == 0:  # noqa: PLR2004 - Too Many Requests
            wait = limits.retry_after if limits.retry_after is not None else limits.reset
            if wait is None:
                wait = min(_LONGEST_BACK_OFF, _BACK_OFF * 2.0**self._limits_in_a_row)
            self._limits_in_a_row += 1
            # A little more than asked for, and not for everybody the same, so that not all come back at once.
            self._limited_until = now + wait + random.uniform(0, 0.05 * wait)  # noqa: S311 - jitter, no secret
            return
        self._limits_in_a_row = 0
        if limits.remaining is not None and limits.reset and limits.remaining < _SCARCE:
            self._not_before = now + max(_GAP, limits.reset / limits.remaining)

    def _drain(self) -> None:
        while True:
            try:
                asked = self._asked.get_nowait()
            except queue.Empty:
                return
            if asked is not None:
                _resolve([asked], [_CLOSED])


_CLOSED = Probe(Answer.TROUBLE, message="wandb-tui is ending")


def _resolve(batch: list[_Asked], probes: list[Probe]) -> None:
    """Answer each question; a single probe answers all of them."""
    answers = probes * len(batch) if len(probes) == 1 else probes[: len(batch)]
    for asked, probe in zip(batch, answers, strict=True):
        if not asked.future.done() and asked.future.set_running_or_notify_cancel():
            asked.future.set_result(probe)
