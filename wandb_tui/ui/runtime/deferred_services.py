"""Services that are still being built: monitors may begin before the SDK has been imported."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import NoBrowserError, ServerError, WandbTuiError
from wandb_tui.core.ports import Identity, Prober, Services, Visit, Visitor
from wandb_tui.core.probe import Probe, ProbeOutcome

T = TypeVar("T")


class DeferredServices:
    """Stands in for the services: what is asked early is answered once they are there. Never blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], None]] = []
        self._services: Services | None = None
        self._error: WandbTuiError | None = None
        self.services = Services(_DeferredProber(self), _DeferredVisitor(self), user_can_fix=True)

    def ready(self, services: Services) -> None:
        """They are there now."""
        self._settle(services, None)

    def failed(self, error: Exception) -> None:
        """They cannot be built: each question is answered with the reason."""
        known = (
            error if isinstance(error, WandbTuiError) else ServerError(f"wandb-tui cannot start its services: {error}")
        )
        self._settle(None, known)

    @property
    def prober(self) -> Prober:
        """The real prober; raises the reason where there is none."""
        return self._built().prober

    @property
    def visitor(self) -> Visitor:
        """The real visitor; raises the reason where there is none."""
        visitor = self._built().visitor
        if visitor is None:
            raise NoBrowserError("Run pages are not visited here.")
        return visitor

    @property
    def built(self) -> bool:
        """Whether they are there."""
        return self._services is not None

    def when_settled(self, call: Callable[[], None]) -> None:
        """Call back at once, or as soon as it is known whether there are services."""
        with self._lock:
            if self._services is None and self._error is None:
                self._waiting.append(call)
                return
        call()

    def chained(self, ask: Callable[[], Future[T]], otherwise: Callable[[WandbTuiError], Future[T]]) -> Future[T]:
        """The future of `ask()`, asked when the services are settled; `otherwise` where there are none."""
        outer: Future[T] = Future()

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
    def __init__(self, late: DeferredServices) -> None:
        self._late = late

    def probe(self, run: RunAddress, *, coverage: bool = False) -> Future[Probe]:
        if self._late.built:
            return self._late.prober.probe(run, coverage=coverage)
        return self._late.chained(
            lambda: self._late.prober.probe(run, coverage=coverage),
            lambda error: _done(Probe(ProbeOutcome.UNAVAILABLE, message=str(error))),
        )

    def limiting(self) -> float:
        """Seconds for which the server limits our rate."""
        return self._late.prober.limiting() if self._late.built else 0.0

    def close(self) -> None:
        """The backend closes the real one."""


class _DeferredVisitor:
    def __init__(self, late: DeferredServices) -> None:
        self._late = late

    def signed_in(self) -> bool:
        return self._late.built and self._late.visitor.signed_in()

    def sign_in(self) -> Future[Identity]:
        return self._late.chained(lambda: self._late.visitor.sign_in(), _broken)  # noqa: PLW0108 - not there yet

    def credentials_changed(self) -> Future[None]:
        return self._late.chained(lambda: self._late.visitor.credentials_changed(), _broken)  # noqa: PLW0108 - not there yet

    def visit(self, run: RunAddress, opened: Callable[[], object] = lambda: None) -> Future[Visit]:
        return self._late.chained(lambda: self._late.visitor.visit(run, opened), _broken)

    def close(self) -> None:
        """The backend closes the real one."""


def _done(value: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(value)
    return future


def _broken(error: WandbTuiError) -> Future[T]:
    future: Future[T] = Future()
    future.set_exception(error)
    return future


def _chain(inner: Future[T], outer: Future[T]) -> None:
    """Let `outer` end as `inner` does, and cancel `inner` when `outer` is given up."""

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
