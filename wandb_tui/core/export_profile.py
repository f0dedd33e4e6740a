"""How a server exports runs, as observed, and how the monitors adapt to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from wandb_tui.core.schedule import PollPolicy

_LONGEST = 600.0
_SOME_MORE = 5.0


class ExportTrigger(StrEnum):
    """What starts an export."""

    WAITING = "waiting"
    """Nothing that we do: the export comes by itself."""
    API_QUERY = "api-query"
    """An API query for the run, with the key."""
    VISIT = "visit"
    """Opening the run's page."""


@dataclass(frozen=True, slots=True)
class ExportProfile:
    """How one server exported a run.

    Attributes:
        starter: What triggered the export.
        seconds: From that trigger until the export was there.
    """

    starter: ExportTrigger
    seconds: float

    @property
    def patience(self) -> float:
        """Seconds within which an export is to be expected: twice the one observation and a little more."""
        return min(_LONGEST, 2 * self.seconds + _SOME_MORE)

    def adjust(self, poll_policy: PollPolicy) -> PollPolicy:
        """Probe quickly for as long as exports take here, and visit only if none has come by then."""
        visit_after = 0.0 if self.starter is ExportTrigger.VISIT else self.patience
        if poll_policy.max_wait_time:
            # A short wait must not time out without a visit.
            visit_after = min(visit_after, poll_policy.max_wait_time / 2)
        return replace(
            poll_policy,
            quick_for=self.patience,
            revisit_interval=max(poll_policy.revisit_interval, self.patience),
            visit_after=visit_after,
        )
