"""Facts for the filter about the runs beyond the watch list: configs, summaries, tags. Loaded only when it asks."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.errors import WandbTuiError, internal_error
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.runtime.session import Session

if TYPE_CHECKING:
    from wandb_tui.core.details import RunFacts

log = logging.getLogger(__name__)

_BATCH_SIZE = 50
"""Runs per query: each comes with its whole config and summary."""

_REFRESH_INTERVAL_S = 30.0
"""Seconds after which the facts of a run that goes on are loaded again; after an error, those of all."""


class FactsCache:
    """The facts of runs, as far as they were needed. For the UI thread; the queries run in a thread of their own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._facts: dict[RunAddress, RunFacts] = {}
        self._loaded_at: dict[RunAddress, float] = {}
        self._answer: tuple[Sequence[RunAddress], dict[RunAddress, RunFacts], str] | None = None
        self._loading = False
        self._retry_at = 0.0
        self.names: Collection[str] | None = None
        """The names of all values in the configs and summaries that are known; None while nothing is."""
        self.tags: Collection[str] = ()
        """All tags that are known."""
        self.error = ""
        """The reason why the last query failed, in one sentence."""

    def get(self, run: RunAddress) -> RunFacts | None:
        """The facts of a run; None while they are unknown."""
        return self._facts.get(run)

    def load(self, rows: Iterable[WatchedRun]) -> bool:
        """Take in what has been loaded, and load what is missing or old; to be called once a second.

        Args:
            rows: The runs whose facts are needed.

        Returns:
            Whether the server has answered since the last call.
        """
        news = self._take_answer()
        if not self._loading and self._session.now >= self._retry_at:
            self._start(list(islice((row.run for row in rows if self._is_due(row)), _BATCH_SIZE)))
        return news

    def missing(self, rows: Iterable[WatchedRun]) -> int:
        """The number of runs of which nothing is known yet."""
        return sum(row.run not in self._facts for row in rows)

    def _is_due(self, row: WatchedRun) -> bool:
        if (loaded_at := self._loaded_at.get(row.run)) is None:
            return True
        ended = row.run_info is not None and row.run_info.ended
        return not ended and self._session.now - loaded_at >= _REFRESH_INTERVAL_S

    def _start(self, runs: Sequence[RunAddress]) -> None:
        make = self._session.backend.inspector
        if not runs or make is None:
            return
        self._loading = True

        def ask() -> None:
            try:
                self._answer = (runs, dict(make().facts_of(runs)), "")
            except WandbTuiError as error:
                self._answer = (runs, {}, str(error))
            except Exception as error:
                # Without an answer, the filter would wait for it for good.
                log.exception("Loading the facts of %d runs failed", len(runs))
                self._answer = (runs, {}, str(internal_error(error)))

        start_daemon(ask, "facts")

    def _take_answer(self) -> bool:
        answer, self._answer = self._answer, None
        if answer is None:
            return False
        runs, facts, self.error = answer
        self._loading = False
        if self.error:
            self._retry_at = self._session.now + _REFRESH_INTERVAL_S
            return True
        from wandb_tui.core.details import RunFacts

        # A run that the server does not know has no facts, which is known now.
        self._facts |= {run: facts.get(run, RunFacts()) for run in runs}
        self._loaded_at |= dict.fromkeys(runs, self._session.now)
        values = (name for known in facts.values() for name, _ in (*(known.config or ()), *(known.summary or ())))
        self.names = {*(self.names or ()), *values}
        self.tags = {*self.tags, *(tag for known in facts.values() for tag in known.tags)}
        return True
