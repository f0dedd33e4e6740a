"""The small curves in the table: the metric that the user has chosen, for the runs in sight."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.plots.spark import standout
from wandb_tui.ui.runtime.session import Session

if TYPE_CHECKING:
    # The first frame has no curves yet.
    from wandb_tui.ui.runtime.history_loader import HistoryLoader, PlotRows, SeriesKey

log = logging.getLogger(__name__)

_SAMPLES = 64
"""Points of a run that are asked for at a time."""

_BATCH_SIZE = 50
"""Runs per query."""

_REFRESH_INTERVAL_S = 30.0
"""Seconds after which a run that goes on is asked again; after an error, all."""

_MAX_VALUES = 256
"""The values of a run that are kept."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A metric of a run in short.

    Attributes:
        values: Its values over the steps, evenly spaced; NaN where there is none.
        last: The last finite value; None for none.
    """

    values: tuple[float, ...] = ()
    last: float | None = None


class Trends:
    """The trends of runs, as far as they were needed. For the UI thread; the queries run in a thread of their own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._loader: HistoryLoader | None = None
        self._trends: dict[RunAddress, Trend] = {}
        self._loaded_at: dict[RunAddress, float] = {}
        self._answer: tuple[str, list[RunAddress], dict[RunAddress, Trend], str] | None = None
        self._loading = False
        self._retry_at = 0.0
        self._metric = ""

    def get(self, run: RunAddress) -> Trend | None:
        """The trend of a run; None while it is unknown."""
        return self._trends.get(run)

    def last(self, run: RunAddress) -> float | None:
        """The last value in a run; None if it is unknown."""
        trend = self._trends.get(run)
        return trend.last if trend is not None else None

    def load(self, metric: str, rows: Iterable[WatchedRun]) -> bool:
        """Take in what has been loaded, and load what is missing or old; to be called once a second.

        Args:
            metric: The metric.
            rows: The runs.

        Returns:
            Whether there is anything new.
        """
        if metric != self._metric:
            self._metric = metric
            self._trends.clear()
            self._loaded_at.clear()
            self._retry_at = 0.0
        news = self._take_answer()
        if metric and not self._loading and self._session.now >= self._retry_at:
            self._start(list(islice((row for row in rows if self._is_due(row)), _BATCH_SIZE)))
        return news

    def _is_due(self, row: WatchedRun) -> bool:
        if (loaded_at := self._loaded_at.get(row.run)) is None:
            return True
        ended = row.run_info is not None and row.run_info.ended
        return not ended and self._session.now - loaded_at >= _REFRESH_INTERVAL_S

    def _start(self, rows: list[WatchedRun]) -> None:
        if not rows or self._session.backend.inspector is None:
            return
        from wandb_tui.ui.runtime.history_loader import HistoryLoader, SeriesKey

        self._loading = True
        backend = self._session.backend
        self._loader = loader = self._loader or HistoryLoader(backend.inspector, backend.lineage, _SAMPLES)
        metric, runs = self._metric, [row.run for row in rows]
        ended = [row.run for row in rows if row.run_info is not None and row.run_info.ended]

        def ask() -> None:
            try:
                wanted = [SeriesKey(run, metric, "_step") for run in runs]
                found = loader.load(wanted, ended)
                self._answer = (metric, runs, _trends(found), "")
            except WandbTuiError as error:
                self._answer = (metric, runs, {}, str(error))
            except Exception as error:
                # Without an answer, nothing would be asked any more.
                log.exception("Loading the trends of %d runs failed", len(runs))
                self._answer = (metric, runs, {}, f"wandb-tui itself failed: {type(error).__name__} (see the log)")

        start_daemon(ask, "trends")

    def _take_answer(self) -> bool:
        answer, self._answer = self._answer, None
        if answer is None:
            return False
        self._loading = False
        metric, runs, trends, problem = answer
        if metric != self._metric:
            return False
        if problem:
            log.warning("Trends cannot be loaded: %s", problem)
            self._retry_at = self._session.now + _REFRESH_INTERVAL_S
            return False
        self._trends |= trends
        self._loaded_at |= dict.fromkeys(runs, self._session.now)
        return True


def _trends(found: Mapping[SeriesKey, PlotRows]) -> dict[RunAddress, Trend]:
    return {one.run: trend_of(rows) for one, rows in found.items()}


def trend_of(rows: PlotRows) -> Trend:
    """The rows of a run in short, evenly spaced over the steps; each part has the value that stands out most."""
    points = rows.points
    last = next((value for _, _, value in reversed(points) if math.isfinite(value)), None)
    if not points or last is None:
        return Trend()
    first, length = points[0][0], points[-1][0] - points[0][0]
    count = min(_MAX_VALUES, len(points))
    parts: list[list[float]] = [[] for _ in range(count)]
    for step, _, value in points:
        parts[min(count - 1, int((step - first) / length * count)) if length > 0 else 0].append(value)
    values: list[float] = []
    before = last
    for part in parts:
        found = standout(part, before)
        # Without a value the curve stays level; a value that is not finite makes a gap.
        values.append((math.nan if part else values[-1]) if found is None else found)
        before = before if found is None else found
    return Trend(tuple(values), last)
