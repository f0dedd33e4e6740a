"""Which steps an export covers, where the server's own answer does not tell: out of its Parquet files."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Coverage, Probe
from wandb_tui.core.schedule import Clock
from wandb_tui.services.wandb_api.step_files import StepFileError, StepFiles, Steps

_REMEMBERED = 10_000
_AGAIN_AFTER = 60.0
"""Seconds after which a version that could not be read is tried again."""
NO_PYARROW = "with pyarrow installed, its Parquet files would"
"""What the row says where pyarrow is missing."""


@dataclass(frozen=True, slots=True)
class _CachedCoverage:
    steps: Steps | None
    hint: str = ""
    again_at: float = 0.0


class StepReader:
    """Remembers, version by version, which steps the files hold. May be used by several threads."""

    def __init__(self, files: StepFiles, clock: Clock = time.monotonic) -> None:
        self._files = files
        self._clock = clock
        self._known: OrderedDict[tuple[RunAddress, int, str], _CachedCoverage] = OrderedDict()
        self._lock = Lock()

    def known(self, run: RunAddress, probe: Probe) -> Probe | None:
        """The probe with all that is known of its version; None where the files must be read for that."""
        coverage = probe.coverage
        if probe.artifact is None or coverage is None or (coverage.complete and coverage.covered is not None):
            return probe
        if not self._files.usable:
            return _with_hint(probe, NO_PYARROW)
        with self._lock:
            known = self._known.get((run, probe.artifact.version, probe.artifact.digest))
        if known is None or (known.steps is None and known.again_at <= self._clock()):
            return None
        return _with_hint(probe, known.hint) if known.steps is None else widened(probe, known.steps)

    def read(self, run: RunAddress, probe: Probe, urls: Sequence[str] | Callable[[], Sequence[str]]) -> Probe:
        """Read the version's files, remember what they hold, and put it into the probe. Blocks.

        Args:
            run: Whose files.
            probe: What is known so far.
            urls: Where the files are, or how to find out.
        """
        if probe.artifact is None:
            return probe
        try:
            found = urls() if callable(urls) else urls
            known = (
                _CachedCoverage(self._files.read(found)) if found else self._failed("the server names no files of it")
            )
        except StepFileError as error:
            known = self._failed(str(error))
        with self._lock:
            self._known[run, probe.artifact.version, probe.artifact.digest] = known
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return _with_hint(probe, known.hint) if known.steps is None else widened(probe, known.steps)

    def _failed(self, why: str) -> _CachedCoverage:
        return _CachedCoverage(None, why, self._clock() + _AGAIN_AFTER)


def _with_hint(probe: Probe, hint: str) -> Probe:
    coverage = probe.coverage
    if coverage is None or coverage.covered is not None:
        return probe
    return replace(probe, coverage=replace(coverage, hint=hint))


def widened(probe: Probe, steps: Steps) -> Probe:
    """The probe with what the files show: the export covers at least their highest step."""
    coverage = probe.coverage or Coverage(None, None, None)
    last = coverage.last_step
    covered = max(steps.last, coverage.covered if coverage.covered is not None else -1)
    # Live data that the server still names is not exported, whatever the highest step in the files.
    complete = coverage.complete
    if complete is None and last is not None:
        complete = covered >= last
    run = probe.run
    if run is not None and not steps.rising:
        run = replace(run, steps_rise=False)
    return replace(probe, run=run, coverage=replace(coverage, covered=covered, complete=complete, hint=""))
