"""A probe on its way through the poller."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.services.wandb_api.probe_query import ProbeRequest

INTERNAL_ERROR = Probe(ProbeOutcome.INVALID_RESPONSE, message="The answer could not be processed (see the log)")


@dataclass(slots=True)
class PendingProbe:
    """A probe that is queued or running, with the futures of all its callers.

    Attributes:
        request: The run, and what to ask of it.
        futures: Where its callers wait.
        urgent: Whether it goes before others that wait.
        first: Whether nothing is known of the run yet, and the lists of its project may answer.
    """

    request: ProbeRequest
    futures: list[Future[Probe]]
    urgent: bool = False
    first: bool = False

    @property
    def run(self) -> RunAddress:
        """Its run."""
        return self.request.run

    @property
    def wanted(self) -> bool:
        """Whether any caller still waits."""
        return not all(future.cancelled() for future in self.futures)

    def resolve(self, probe: Probe) -> None:
        """Give the answer to every caller that still waits."""
        for future in self.futures:
            if not future.done() and future.set_running_or_notify_cancel():
                future.set_result(probe)


def merge_by_run(batch: Iterable[PendingProbe]) -> list[PendingProbe]:
    """The batch with one probe per run."""
    by_run: dict[RunAddress, PendingProbe] = {}
    for pending in batch:
        first = by_run.setdefault(pending.run, pending)
        if first is not pending:
            coverage = first.request.coverage or pending.request.coverage
            first.request = replace(first.request, coverage=coverage)
            first.futures += pending.futures
            first.urgent |= pending.urgent
            first.first &= pending.first
    return list(by_run.values())


def resolve_all(batch: Iterable[PendingProbe], probe: Probe) -> None:
    """Give all of them the same answer."""
    for pending in batch:
        pending.resolve(probe)
