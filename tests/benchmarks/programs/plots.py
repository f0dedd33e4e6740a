"""The dashboard with eight runs of many steps, whose metric comes from memory: no server is asked.

``python -m tests.benchmarks.programs.plots STEPS``
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Sequence
from dataclasses import replace

from tests.benchmarks.programs.dashboard import Absent, Visited
from wandb_tui.cli.backend import DeferredAccount
from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import MetricSeries, RunFacts, SampleQuery
from wandb_tui.core.ports import Services
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.app.terminal import run_app
from wandb_tui.ui.runtime.backend import Backend
from wandb_tui.ui.runtime.history_loader import HistoryLoader
from wandb_tui.wiring import Wiring

_METRIC = "loss"


class Memory:
    """Knows all rows of every run: a loss that falls, with noise and spikes."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def facts(self, run: RunAddress) -> RunFacts:
        return RunFacts()

    def metrics_of(self, runs: Sequence[RunAddress]) -> dict[RunAddress, tuple[str, ...]]:
        return dict.fromkeys(runs, (_METRIC,))

    def samples(self, queries: Sequence[SampleQuery]) -> list[MetricSeries]:
        return [self._sample(query) for query in queries]

    def _sample(self, query: SampleQuery) -> MetricSeries:
        first = query.first or 0
        if first >= self._steps:
            # Nothing new: making all rows again only to say so would hold up what is measured.
            return MetricSeries(query.metric)
        dice = random.Random(query.run.run_id)  # noqa: S311 - noise, no secret
        depth = 1 + dice.random()
        points = (
            (float(step), depth * math.exp(-4 * step / self._steps) + 0.1 * dice.random() + (step % 9973 == 0))
            for step in range(self._steps)
        )
        return MetricSeries(query.metric, tuple(points))


def main() -> int:
    wiring = Wiring()
    base = wiring.server.display_name
    memory = Memory(int(sys.argv[1]))
    backend = Backend(
        server=lambda: ServerInfo(f"http://{base}", f"http://{base}"),
        host=base,
        services=lambda: Services(Absent(), Visited(), user_can_fix=True),
        account=DeferredAccount(wiring),
        addresses=wiring.addresses,
        store=wiring.store,
        poll_policy=PollPolicy(),
        close=wiring.close,
    )
    app = WandbTuiApp(replace(backend, inspector=lambda: memory))  # type: ignore[arg-type]
    # All rows at once, as if they had been zoomed into already.
    app.session.histories = HistoryLoader(lambda: memory, None, 4 * memory._steps)  # type: ignore[arg-type, return-value]
    return run_app(app, wiring.paths.log_file)


if __name__ == "__main__":
    sys.exit(main())
