"""Stand-ins for services that are still being built: monitors may start before the SDK is imported."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import NoBrowserError, ServerError, WandbTuiError
from wandb_tui.core.light_future import LightFuture
from wandb_tui.core.ports import Feeds, Followed, Identity, Prober, Queries, Services, Visit, VisitBacklog, Visitor
from wandb_tui.core.probe import Probe, ProbeOutcome

if TYPE_CHECKING:
    # The first frame shows nothing of these.
    from wandb_tui.core.live_query import QueryNews
    from wandb_tui.core.project_query import ProjectQuery

T = TypeVar("T")


class DeferredServices:
    """Queues requests until the services are ready. Never blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], None]] = []
        self._services: Services | None = None
        self._error: WandbTuiError | None = None
        self.services = Services(
            _DeferredProber(self),
            _DeferredVisitor(self),
            user_can_fix=True,
            feeds=_DeferredFeeds(self),
            queries=_DeferredQueries(self),
        )

    def ready(self, services: Services) -> None:
        """Pass queued and later requests to the services."""
        self._settle(services, None)

    def failed(self, error: Exception) -> None:
        """Fail all requests with the reason."""
        reason = (
            error if isinstance(error, WandbTuiError) else ServerError(f"wandb-tui cannot start its services: {error}")
        )
        self._settle(None, reason)

    @property
    def prober(self) -> Prober:
        """The real prober; raises the reason if there is none."""
        return self._built().prober

    @property
    def visitor(self) -> Visitor:
        """The real visitor; raises the reason if there is none."""
        visitor = self._built().visitor
        if visitor is None:
            raise NoBrowserError("Run pages are not visited here.")
        return visitor

    @property
    def feeds(self) -> Feeds | None:
        """The real feeds, once they are built; None if there are none."""
        return self._services.feeds if self._services else None

    @property
    def queries(self) -> Queries | None:
        """The service that follows queries, once it is built; None if there is none."""
        return self._services.queries if self._services else None

    @property
    def built(self) -> bool:
        """Whether the services are ready."""
        return self._services is not None

    def when_settled(self, call: Callable[[], None]) -> None:
        """Call back as soon as the services are ready or have failed, possibly immediately."""
        with self._lock:
            if self._services is None and self._error is None:
                self._waiting.append(call)
                return
        call()

    def defer(self, ask: Callable[[], Future[T]], otherwise: Callable[[WandbTuiError], Future[T]]) -> Future[T]:
        """The future of `ask()`, called once the services are ready; of `otherwise` if they failed."""
        outer: Future[T] = LightFuture()

        def go() -> None:
            if outer.cancelled():
                return
            try:
                inner = ask()
            except WandbTuiError as error:
                inner = otherwise(error)
            _chain(inner, outer)

        self.when_settled(go)
        return outer

    def _built(self) -> Services:
        if self._services is None:
            raise self._error or ServerError("wandb-tui is still starting.")
        return self._services

    def _settle(self, services: Services | None, error: WandbTuiError | None) -> None:
        with self._lock:
            self._services, self._error = services, error
            waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()


class _DeferredProber:
    def __init__(self, deferred: DeferredServices) -> None:
        self._deferred = deferred

    def probe(self, run: RunAddress, *, coverage: bool = False) -> Future[Probe]:
        if self._deferred.built:
            return self._deferred.prober.probe(run, coverage=coverage)
        return self._deferred.defer(
            lambda: self._deferred.prober.probe(run, coverage=coverage),
            _unavailable,
        )

    def limiting(self) -> float:
        """Seconds for which the server limits our rate."""
        return self._deferred.prober.limiting() if self._deferred.built else 0.0

    def close(self) -> None:
        """The backend closes the real one."""


class _DeferredFeeds:
    def __init__(self, deferred: DeferredServices) -> None:
        self._deferred = deferred

    def follow(
        self, run: RunAddress, known: Probe, *, coverage: bool, interval: float, confirm: bool = False
    ) -> Followed | None:
        feeds = self._deferred.feeds
        if feeds is None:
            return None
        return feeds.follow(run, known, coverage=coverage, interval=interval, confirm=confirm)

    def first_probe(self, run: RunAddress) -> Future[Probe]:
        def ask() -> Future[Probe]:
            feeds = self._deferred.feeds
            return self._deferred.prober.probe(run) if feeds is None else feeds.first_probe(run)

        return ask() if self._deferred.built else self._deferred.defer(ask, _unavailable)

    def announce(self, runs: Iterable[RunAddress]) -> None:
        def announce() -> None:
            if (feeds := self._deferred.feeds) is not None:
                feeds.announce(runs)

        self._deferred.when_settled(announce)

    def expect_export(self, seconds: float) -> None:
        if (feeds := self._deferred.feeds) is not None:
            feeds.expect_export(seconds)


class _DeferredQueries:
    def __init__(self, deferred: DeferredServices) -> None:
        self._deferred = deferred

    def follow_query(
        self,
        query: ProjectQuery,
        known: Collection[str],
        *,
        interval: float,
        until_ended: bool,
        report: Callable[[QueryNews], object],
    ) -> None:
        def follow() -> None:
            if (queries := self._deferred.queries) is not None:
                queries.follow_query(query, known, interval=interval, until_ended=until_ended, report=report)

        self._deferred.when_settled(follow)

    def unfollow_query(self, query: ProjectQuery) -> None:
        def unfollow() -> None:
            if (queries := self._deferred.queries) is not None:
                queries.unfollow_query(query)

        self._deferred.when_settled(unfollow)


class _DeferredVisitor:
    def __init__(self, deferred: DeferredServices) -> None:
        self._deferred = deferred

    def signed_in(self) -> bool:
        return self._deferred.built and self._deferred.visitor.signed_in()

    def sign_in(self) -> Future[Identity]:
        return self._deferred.defer(lambda: self._deferred.visitor.sign_in(), _failed_future)  # noqa: PLW0108 - not there yet

    def credentials_changed(self) -> Future[None]:
        return self._deferred.defer(lambda: self._deferred.visitor.credentials_changed(), _failed_future)  # noqa: PLW0108 - not there yet

    def visit(self, run: RunAddress, opened: Callable[[], object] = lambda: None) -> Future[Visit]:
        if self._deferred.built:
            return self._deferred.visitor.visit(run, opened)
        return self._deferred.defer(lambda: self._deferred.visitor.visit(run, opened), _failed_future)

    def backlog(self) -> VisitBacklog:
        """The visits that wait for a tab."""
        return self._deferred.visitor.backlog() if self._deferred.built else VisitBacklog()

    def close(self) -> None:
        """The backend closes the real one."""


def _unavailable(error: WandbTuiError) -> Future[Probe]:
    future: Future[Probe] = Future()
    future.set_result(Probe(ProbeOutcome.UNAVAILABLE, message=str(error)))
    return future


def _failed_future(error: WandbTuiError) -> Future[T]:
    future: Future[T] = Future()
    future.set_exception(error)
    return future


def _chain(inner: Future[T], outer: Future[T]) -> None:
    """Let `outer` end as `inner` does, and cancel `inner` when `outer` is cancelled."""

    def ended(done: Future[T]) -> None:
        if outer.done() or (done.cancelled() and outer.cancel()) or not outer.set_running_or_notify_cancel():
            return
        if (error := done.exception()) is not None:
            outer.set_exception(error)
        else:
            outer.set_result(done.result())

    def given_up(gone: Future[T]) -> None:
        if gone.cancelled():
            inner.cancel()

    outer.add_done_callback(given_up)
    inner.add_done_callback(ended)
