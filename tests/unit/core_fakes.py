"""A prober and a visitor whose answers the test gives, one by one."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future

from wandb_tui.core.address import RunAddress
from wandb_tui.core.ports import Identity, Visit, VisitBacklog
from wandb_tui.core.probe import ArtifactVersion, Probe, ProbeOutcome, RunInfo

RUN = RunAddress("lab", "forks", "abc123")
NOT_YET = Probe(ProbeOutcome.NOT_YET, run=RunInfo("brisk-sun-1", "finished", 299))


def there(version=0, coverage=None):
    return Probe(ProbeOutcome.FOUND, ArtifactVersion(version), RunInfo("brisk-sun-1", "finished", 299), coverage)


class FakeProber:
    """Each probe waits until the test answers it, unless `answers` holds some for it."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked: queue.SimpleQueue[Future[Probe]] = queue.SimpleQueue()
        self.count = 0
        self.coverage = []
        self.limited_for = 0.0

    def limiting(self):
        return self.limited_for

    def probe(self, run, *, coverage=False):
        self.count += 1
        self.coverage.append(coverage)
        future: Future[Probe] = Future()
        if self.answers:
            future.set_result(self.answers.pop(0))
        else:
            self.asked.put(future)
        return future

    def answer(self, probe):
        self.asked.get(timeout=60).set_result(probe)

    def close(self):
        pass


class FakeVisitor:
    """Sign-ins and visits wait until the test ends them."""

    def __init__(self, *, signed_in=True):
        self.is_signed_in = signed_in
        self.sign_ins: queue.SimpleQueue[Future[Identity]] = queue.SimpleQueue()
        self.credential_changes: queue.SimpleQueue[Future[None]] = queue.SimpleQueue()
        self.visits: queue.SimpleQueue[Future[Visit]] = queue.SimpleQueue()
        self.visit_count = 0
        self.free = True
        self.opened: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def signed_in(self):
        return self.is_signed_in

    def sign_in(self):
        return _queued(self.sign_ins)

    def backlog(self):
        return VisitBacklog()

    def credentials_changed(self):
        return _queued(self.credential_changes)

    def visit(self, run, opened=lambda: None):
        self.visit_count += 1
        self.opened.put(opened)
        if self.free:
            self.open()
        return _queued(self.visits)

    def end_sign_in(self, outcome=None):
        self.is_signed_in = not isinstance(outcome, Exception)
        _end(self.sign_ins, Identity("me") if outcome is None else outcome)

    def open(self):
        self.opened.get(timeout=60)()

    def end_visit(self, outcome=None):
        _end(self.visits, Visit(0.1) if outcome is None else outcome)

    def fix(self):
        _end(self.credential_changes, None)

    def close(self):
        pass


def _queued(where):
    future = Future()
    where.put(future)
    return future


def _end(where, outcome):
    future = where.get(timeout=60)
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
