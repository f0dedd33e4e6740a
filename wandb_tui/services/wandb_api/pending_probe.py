"""Questions on their way to an answer, and whoever waits for it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Probe
from wandb_tui.services.wandb_api.probe_query import ProbeRequest


@dataclass(slots=True)
class PendingProbe:
    """One question, and all who wait for its answer."""

    question: ProbeRequest
    futures: list[Future[Probe]]

    @property
    def run(self) -> RunAddress:
        """About which run."""
        return self.question.run

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits."""
        return not all(future.cancelled() for future in self.futures)

    def answer(self, probe: Probe) -> None:
        """Give all who still wait the same answer."""
        for future in self.futures:
            if not future.done() and future.set_running_or_notify_cancel():
                future.set_result(probe)


def merged(batch: Iterable[PendingProbe]) -> list[PendingProbe]:
    """The same questions with each run asked about once: never two probes of one run at the same time."""
    by_run: dict[RunAddress, PendingProbe] = {}
    for asked in batch:
        first = by_run.setdefault(asked.run, asked)
        if first is not asked:
            coverage = first.question.coverage or asked.question.coverage
            first.question = replace(first.question, coverage=coverage)
            first.futures += asked.futures
    return list(by_run.values())
