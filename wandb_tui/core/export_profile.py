"""The way in which a server was seen to export a run, and how monitors adapt to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from wandb_tui.core.schedule import PollPolicy

_MAX_EXPECTED_S = 600.0
_MARGIN_S = 5.0


class ExportTrigger(StrEnum):
    """The cause of an export."""

    WAITING = "waiting"
    """None of our actions: the export starts by itself."""
    API_QUERY = "api-query"
    """An API query for the run, with the key."""
    VISIT = "visit"
    """Opening the run's page."""


@dataclass(frozen=True, slots=True)
class ExportProfile:
    """The way in which one server exported a run.

    Attributes:
        trigger: The cause of the export.
        seconds: From the trigger to the export.
    """

    trigger: ExportTrigger
    seconds: float

    @property
    def expected_within(self) -> float:
        """Seconds within which to expect an export: twice as long as the observed one, and a little more."""
        return min(_MAX_EXPECTED_S, 2 * self.seconds + _MARGIN_S)

    def adjust(self, poll_policy: PollPolicy) -> PollPolicy:
        """Probe quickly for as long as exports take here; visit only if there is none by then."""
        visit_after = 0.0 if self.trigger is ExportTrigger.VISIT else self.expected_within
        if poll_policy.max_wait_time:
            # A short wait must not time out without a visit.
            visit_after = min(visit_after, poll_policy.max_wait_time / 2)
        return replace(
            poll_policy,
            quick_for=self.expected_within,
            revisit_interval=max(poll_policy.revisit_interval, self.expected_within),
            visit_after=visit_after,
        )
