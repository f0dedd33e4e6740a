"""The steps that an export covers: by the exported files, or without pyarrow as the server reports it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Coverage, Probe
from wandb_tui.core.schedule import Clock
from wandb_tui.services.wandb_api.step_files import StepFileError, StepFiles, Steps

_MAX_CACHED_VERSIONS = 10_000
_RETRY_AFTER_S = 60.0
"""Seconds after which a version that could not be read is tried again."""
NO_PYARROW = "with pyarrow installed, its files are read instead"
"""The hint if pyarrow is missing."""


@dataclass(frozen=True, slots=True)
class _CachedCoverage:
    steps: Steps | None
    hint: str = ""
    retry_at: float = 0.0


class StepReader:
    """Reads and caches, version by version, which steps the files contain. Safe to use from several threads."""

    def __init__(self, files: StepFiles, clock: Clock = time.monotonic) -> None:
        self._files = files
        self._clock = clock
        self._cache: OrderedDict[tuple[RunAddress, int, str], _CachedCoverage] = OrderedDict()
        self._trusted: set[RunAddress] = set()
        self._lock = Lock()

    def trust_server(self, runs: Iterable[RunAddress]) -> None:
        """Take the server's word that the exports of these runs are complete; the caller reads the files later."""
        self._trusted.update(runs)

    def distrust_server(self, run: RunAddress) -> None:
        """Read the files of this run's exports again, as its caller has found the server's word to be wrong."""
        self._trusted.discard(run)

    def known(self, run: RunAddress, probe: Probe) -> Probe | None:
        """The probe with the cached coverage of its version; None if the files must be read first."""
        if probe.artifact is None or probe.coverage is None:
            return probe
        if not self._files.usable:
            return _with_hint(probe, NO_PYARROW)
        with self._lock:
            cached = self._cache.get((run, probe.artifact.version, probe.artifact.digest))
        if cached is None and run in self._trusted and probe.coverage.complete:
            return probe
        if cached is None or (cached.steps is None and cached.retry_at <= self._clock()):
            return None
        return _with_hint(probe, cached.hint) if cached.steps is None else with_steps(probe, cached.steps)

    def read(self, run: RunAddress, probe: Probe, urls: Sequence[str] | Callable[[], Sequence[str]]) -> Probe:
        """Read the version's files, cache the result, and add it to the probe. Blocks.

        Args:
            run: The run.
            probe: The probe so far.
            urls: The files' URLs, or a function that looks them up.
        """
        if probe.artifact is None:
            return probe
        try:
            found = urls() if callable(urls) else urls
            cached = (
                _CachedCoverage(self._files.read(found)) if found else self._failed("the server lists no files for it")
            )
        except StepFileError as error:
            cached = self._failed(str(error))
        with self._lock:
            self._cache[run, probe.artifact.version, probe.artifact.digest] = cached
            while len(self._cache) > _MAX_CACHED_VERSIONS:
                self._cache.popitem(last=False)
        return _with_hint(probe, cached.hint) if cached.steps is None else with_steps(probe, cached.steps)

    def _failed(self, reason: str) -> _CachedCoverage:
        return _CachedCoverage(None, reason, self._clock() + _RETRY_AFTER_S)


def _with_hint(probe: Probe, hint: str) -> Probe:
    coverage = probe.coverage
    if coverage is None or coverage.covered is not None:
        return probe
    return replace(probe, coverage=replace(coverage, hint=hint))


def with_steps(probe: Probe, steps: Steps) -> Probe:
    """The probe with the coverage that its files show."""
    run = probe.run
    if run is not None and not steps.rising:
        run = replace(run, steps_rise=False)
    return replace(probe, run=run, coverage=verified(probe.coverage or Coverage(None, None, None), steps.last))


def verified(claimed: Coverage, last: int) -> Coverage:
    """The server's claim, corrected by the highest step in the files.

    Args:
        claimed: The coverage as the server reports it.
        last: The highest step in the files, -1 for none.
    """
    if claimed.last_step is not None and last > claimed.last_step:
        # The run was rewound after this export, so its files tell nothing of the history as it is now.
        return replace(claimed, covered=-1, complete=False, hint="", verified=True)
    # An empty list of live rows proves nothing: a server may list none while the run is in progress. Rows that it lists
    # are not exported, but all steps below the first of them are, even if that leaves a gap.
    covered = last if claimed.complete or claimed.covered is None else max(last, claimed.covered)
    complete = claimed.complete
    if complete is not False and claimed.last_step is not None:
        complete = covered >= claimed.last_step
    return replace(claimed, covered=covered, complete=complete, hint="", verified=True)
