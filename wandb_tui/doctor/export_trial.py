"""Finds out what triggers an export: takes one step after another, and looks for a new version after each.

The order makes the result meaningful: first the run is left alone, then the API is queried about it with the key, then
its page is opened. A late version may still have been triggered by the step before: the longer the waits, the surer the
result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, ServerError
from wandb_tui.core.export_profile import ExportTrigger
from wandb_tui.core.probe import ArtifactVersion, Probe, ProbeOutcome
from wandb_tui.core.schedule import Clock

_POLL_INTERVAL_S = 1.0
_TIMESTAMP_STEP = timedelta(seconds=1)
_FINAL = frozenset({ProbeOutcome.UNAUTHORIZED, ProbeOutcome.NOT_FOUND, ProbeOutcome.INVALID_RESPONSE})


@dataclass(frozen=True, slots=True)
class TrialTimeouts:
    """The times to wait for an export, in seconds.

    Attributes:
        alone: Before the first query about the run.
        query: After the API was queried about the run.
        visit: After the run's page was opened.
        unsure: After the run's page was opened, if it is unknown whether there is anything new to export.
    """

    alone: float = 5.0
    query: float = 15.0
    visit: float = 120.0
    unsure: float = 30.0


@dataclass(frozen=True, slots=True)
class ObservedExport:
    """An export that appeared during the trial.

    Attributes:
        version: Its version.
        trigger: The cause of the export.
        seconds: From the trigger until the version was seen; for `ExportTrigger.WAITING` since the trial began.
    """

    version: int
    trigger: ExportTrigger
    seconds: float


class ExportTrial:
    """The trial of one run. Its steps are called in the order in which they are defined here."""

    def __init__(
        self,
        probe: Callable[[], Probe],
        timeouts: TrialTimeouts,
        *,
        clock_offset: Callable[[], timedelta | None] = lambda: None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare; no request is sent yet.

        Args:
            probe: Queries the API about the run, its artifact and its coverage.
            timeouts: How long to wait for exports.
            clock_offset: How far the server's clock is ahead of ours; None if unknown. It must not query the API about
                the run.
            clock: Seconds on a clock that never goes back.
            sleep: Waits for this many seconds.
        """
        self._probe = probe
        self.timeouts = timeouts
        self._clock_offset = clock_offset
        self._offset: timedelta | None = None
        self._clock = clock
        self._sleep = sleep
        self._began = self._queried_at = self._opened_at = self._loaded_at = clock()
        self._began_on: datetime | None = None
        self._opened_on: datetime | None = None
        self.first = Probe(ProbeOutcome.UNAVAILABLE, message="The API has not been queried")
        self.last = self.first
        self.observed: ObservedExport | None = None
        self.alone_for = 0.0

    @property
    def version_before(self) -> ArtifactVersion | None:
        """The version that existed before the trial, if any."""
        made_meanwhile = self.observed is not None and self.observed.trigger is ExportTrigger.WAITING
        return None if made_meanwhile else self.first.artifact

    @property
    def answered(self) -> bool:
        """Whether the API reported the state of the artifact."""
        return self.first.outcome in {ProbeOutcome.FOUND, ProbeOutcome.NOT_YET}

    @property
    def nothing_new(self) -> bool:
        """Whether the version before the trial is complete, so that there can be no newer one."""
        return (
            self.version_before is not None and self.first.coverage is not None and self.first.coverage.complete is True
        )

    @property
    def due(self) -> bool:
        """Whether there is certainly something to export."""
        if self.version_before is None:
            return True
        return self.first.coverage is not None and self.first.coverage.complete is False

    def begin(self) -> None:
        """Begin: from now on only the trial itself may touch the run."""
        self._offset = self._clock_offset()
        self._began, self._began_on = self._clock(), self._server_now()

    def wait_alone(self) -> None:
        """Wait without any request about the run, then query the API for the first time."""
        self._sleep(max(0.0, self.timeouts.alone - (self._clock() - self._began)))
        self.alone_for = self._clock() - self._began
        self.probe_first()
        version = self.first.artifact
        if version and self._made_after(version, self._began_on):
            self.observed = ObservedExport(version.version, ExportTrigger.WAITING, self.alone_for)

    def probe_first(self) -> None:
        """Query the API for the state of the artifact."""
        self._queried_at = self._clock()
        self.first = self.last = self._probe_until(
            lambda probe: probe.outcome is not ProbeOutcome.UNAVAILABLE, self.timeouts.alone
        )

    def wait_after_query(self) -> None:
        """Repeat the query until it has triggered an export, or the time is over."""
        self.last = self._probe_until(self._is_newer, self.timeouts.query)
        self._observe(ExportTrigger.API_QUERY, self._queried_at)

    def page_opens(self) -> None:
        """Record that the run's page is opened now."""
        self._opened_at = self._loaded_at = self._clock()
        self._opened_on = self._server_now()

    def page_loaded(self) -> None:
        """Record that the run's page has loaded."""
        self._loaded_at = self._clock()

    def wait_after_visit(self, *, loaded: bool) -> None:
        """Wait for the export that the visit may have triggered.

        Args:
            loaded: Whether the page loaded the run; if not, the API is queried once.
        """
        within = (self.timeouts.visit if self.due else self.timeouts.unsure) if loaded else 0.0
        self.last = self._probe_until(self._is_newer, 0.0 if self.nothing_new else within)
        version = self.last.artifact
        early = version is not None and self._opened_on is not None and self._made_before(version, self._opened_on)
        if early:
            self._observe(ExportTrigger.API_QUERY, self._queried_at)
        else:
            self._observe(ExportTrigger.VISIT, self._loaded_at)

    @property
    def since_opened(self) -> float:
        """Seconds since the run's page was opened."""
        return self._clock() - self._opened_at

    def check(self, probe: Probe) -> None:
        """Raise if the API did not report the state of the artifact.

        Raises:
            ApiKeyError: It refused the key.
            RunNotFoundError: It knows no such run.
            ServerError: It did not answer, or its answer cannot be read.
        """
        kinds = {ProbeOutcome.UNAUTHORIZED: ApiKeyError, ProbeOutcome.NOT_FOUND: RunNotFoundError}
        if probe.outcome not in {ProbeOutcome.FOUND, ProbeOutcome.NOT_YET}:
            raise kinds.get(probe.outcome, ServerError)(f"{probe.message}.")

    def _observe(self, trigger: ExportTrigger, since: float) -> None:
        if self.last.artifact and self._is_newer(self.last):
            self.observed = ObservedExport(self.last.artifact.version, trigger, self._clock() - since)

    def _is_newer(self, probe: Probe) -> bool:
        before = self.first.artifact.version if self.first.artifact else -1
        return probe.artifact is not None and probe.artifact.version > before

    def _probe_until(self, good: Callable[[Probe], bool], seconds: float) -> Probe:
        """Query until the answer is good, is final, or the time is over."""
        end = self._clock() + seconds
        while True:
            probe = self._probe()
            left = end - self._clock()
            if good(probe) or probe.outcome in _FINAL or left <= 0 or (probe.retry_after or 0.0) > left:
                return probe
            self._sleep(min(left, max(_POLL_INTERVAL_S, probe.retry_after or 0.0)))

    def _server_now(self) -> datetime | None:
        return None if self._offset is None else datetime.now(UTC) + self._offset

    def _made_after(self, version: ArtifactVersion, moment: datetime | None) -> bool:
        created = _utc(version.created)
        return created is not None and moment is not None and created >= moment

    def _made_before(self, version: ArtifactVersion, moment: datetime) -> bool:
        created = _utc(version.created)
        return created is not None and created < moment - _TIMESTAMP_STEP


def _utc(moment: datetime | None) -> datetime | None:
    """The time with a time zone, which is UTC if the server omits it."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
