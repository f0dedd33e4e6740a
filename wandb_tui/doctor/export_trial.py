"""Finds out what starts an export: does one thing after the other, and looks after each whether one has come.

The order is what makes it tell anything: first nothing is done that concerns the run, then the API is asked about it
with the key, then its page is opened. What came late may still belong to the step before; the waits say how sure it is.
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

_LOOK_EVERY = 1.0
_DATE_STEP = timedelta(seconds=1)
_FINAL = frozenset({ProbeOutcome.UNAUTHORIZED, ProbeOutcome.NOT_FOUND, ProbeOutcome.INVALID_RESPONSE})


@dataclass(frozen=True, slots=True)
class TrialTimeouts:
    """How long to wait for an export, in seconds.

    Attributes:
        alone: Before the run is asked about for the first time.
        query: After the API was asked about it.
        visit: After its page was opened.
        unsure: After its page was opened, where it cannot be told whether there is anything new to export.
    """

    alone: float = 5.0
    query: float = 15.0
    visit: float = 120.0
    unsure: float = 30.0


@dataclass(frozen=True, slots=True)
class ObservedExport:
    """An export that came while we looked.

    Attributes:
        version: Its version.
        starter: What started it.
        seconds: From that until it was seen; for `ExportTrigger.WAITING` since we began to wait.
    """

    version: int
    starter: ExportTrigger
    seconds: float


class ExportTrial:
    """The trial on one run. Its steps are called in the order in which they are written here."""

    def __init__(
        self,
        ask: Callable[[], Probe],
        patience: TrialTimeouts,
        *,
        server_ahead: Callable[[], timedelta | None] = lambda: None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            ask: Asks the API about the run, its artifact and its coverage.
            patience: How long to wait.
            server_ahead: Tells by how much the server's clock is ahead of ours, None where it is not known; without a
                word about the run.
            clock: Seconds on a clock that never goes back.
            sleep: Waits so many seconds.
        """
        self._ask = ask
        self.patience = patience
        self._ask_ahead = server_ahead
        self._ahead: timedelta | None = None
        self._clock = clock
        self._sleep = sleep
        self._began = self._asked_at = self._opened_at = self._loaded_at = clock()
        self._began_on: datetime | None = None
        self._opened_on: datetime | None = None
        self.first = Probe(ProbeOutcome.UNAVAILABLE, message="The API has not been asked")
        self.last = self.first
        self.came: ObservedExport | None = None
        self.alone_for = 0.0

    @property
    def before(self) -> ArtifactVersion | None:
        """The version that was there before we began, if any."""
        made_meanwhile = self.came is not None and self.came.starter is ExportTrigger.WAITING
        return None if made_meanwhile else self.first.artifact

    @property
    def answered(self) -> bool:
        """Whether the API told what there is."""
        return self.first.outcome in {ProbeOutcome.FOUND, ProbeOutcome.NOT_YET}

    @property
    def nothing_new(self) -> bool:
        """Whether the version that was there holds all that was logged, so that no newer one is to be expected."""
        return self.before is not None and self.first.coverage is not None and self.first.coverage.complete is True

    @property
    def due(self) -> bool:
        """Whether something is known to be there to export."""
        if self.before is None:
            return True
        return self.first.coverage is not None and self.first.coverage.complete is False

    def begin(self) -> None:
        """From now on nothing may concern the run but what is done here."""
        self._ahead = self._ask_ahead()
        self._began, self._began_on = self._clock(), self._server_now()

    def wait_alone(self) -> None:
        """Wait unasked, then ask for the first time."""
        self._sleep(max(0.0, self.patience.alone - (self._clock() - self._began)))
        self.alone_for = self._clock() - self._began
        self.ask_first()
        version = self.first.artifact
        if version and self._made_after(version, self._began_on):
            self.came = ObservedExport(version.version, ExportTrigger.WAITING, self.alone_for)

    def ask_first(self) -> None:
        """Ask what is there."""
        self._asked_at = self._clock()
        self.first = self.last = self._until(
            lambda probe: probe.outcome is not ProbeOutcome.UNAVAILABLE, self.patience.alone
        )

    def wait_after_query(self) -> None:
        """Wait for what that question may have started; it is asked again and again."""
        self.last = self._until(self._is_newer, self.patience.query)
        self._take(ExportTrigger.API_QUERY, self._asked_at)

    def page_opens(self) -> None:
        """The run's page is opened now."""
        self._opened_at = self._loaded_at = self._clock()
        self._opened_on = self._server_now()

    def page_loaded(self) -> None:
        """The run's page has loaded."""
        self._loaded_at = self._clock()

    def wait_after_visit(self, *, loaded: bool) -> None:
        """Wait for what the visit may have started.

        Args:
            loaded: Whether the page loaded the run; where it did not, there is only one look.
        """
        within = (self.patience.visit if self.due else self.patience.unsure) if loaded else 0.0
        self.last = self._until(self._is_newer, 0.0 if self.nothing_new else within)
        version = self.last.artifact
        early = version is not None and self._opened_on is not None and self._made_before(version, self._opened_on)
        if early:
            self._take(ExportTrigger.API_QUERY, self._asked_at)
        else:
            self._take(ExportTrigger.VISIT, self._loaded_at)

    @property
    def since_opened(self) -> float:
        """Seconds since the run's page was opened."""
        return self._clock() - self._opened_at

    def check(self, probe: Probe) -> None:
        """Raise where the API does not tell what there is.

        Raises:
            ApiKeyError: It refuses the key.
            RunNotFoundError: It knows no such run.
            ServerError: It does not answer, or what nobody understands.
        """
        kinds = {ProbeOutcome.UNAUTHORIZED: ApiKeyError, ProbeOutcome.NOT_FOUND: RunNotFoundError}
        if probe.outcome not in {ProbeOutcome.FOUND, ProbeOutcome.NOT_YET}:
            raise kinds.get(probe.outcome, ServerError)(f"{probe.message}.")

    def _take(self, starter: ExportTrigger, since: float) -> None:
        if self.last.artifact and self._is_newer(self.last):
            self.came = ObservedExport(self.last.artifact.version, starter, self._clock() - since)

    def _is_newer(self, probe: Probe) -> bool:
        before = self.first.artifact.version if self.first.artifact else -1
        return probe.artifact is not None and probe.artifact.version > before

    def _until(self, good: Callable[[Probe], bool], seconds: float) -> Probe:
        """Ask until the answer is good, is one that waiting does not change, or the time is over."""
        end = self._clock() + seconds
        while True:
            probe = self._ask()
            left = end - self._clock()
            if good(probe) or probe.outcome in _FINAL or left <= 0 or (probe.retry_after or 0.0) > left:
                return probe
            self._sleep(min(left, max(_LOOK_EVERY, probe.retry_after or 0.0)))

    def _server_now(self) -> datetime | None:
        return None if self._ahead is None else datetime.now(UTC) + self._ahead

    def _made_after(self, version: ArtifactVersion, moment: datetime | None) -> bool:
        created = _utc(version.created)
        return created is not None and moment is not None and created >= moment

    def _made_before(self, version: ArtifactVersion, moment: datetime) -> bool:
        created = _utc(version.created)
        return created is not None and created < moment - _DATE_STEP


def _utc(moment: datetime | None) -> datetime | None:
    """The moment with a time zone; servers that name none mean UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
