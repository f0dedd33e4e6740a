"""What is known of how a server comes to export a run, and what that changes for the monitors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from wandb_tui.core.schedule import PollPolicy

_LONGEST = 600.0
_SOME_MORE = 5.0


class ExportTrigger(StrEnum):
    """What starts an export."""

    WAITING = "waiting"
    """Nothing that we do: it comes by itself."""
    API_QUERY = "api-query"
    """Asking the API for the run, with the key."""
    VISIT = "visit"
    """Opening the run's page."""


@dataclass(frozen=True, slots=True)
class ExportProfile:
    """How one server was seen to export a run.

    Attributes:
        starter: What started the export.
        seconds: From then until the export was there.
    """

    starter: ExportTrigger
    seconds: float

    @property
    def patience(self) -> float:
        """Seconds in which an export is to be expected: twice what was seen and a little more, as it was seen once."""
        return min(_LONGEST, 2 * self.seconds + _SOME_MORE)

    def adjust(self, poll_policy: PollPolicy) -> PollPolicy:
        """Look quickly for as long as exports take here, and visit, or visit again, only when that was in vain."""
        visit_after = 0.0 if self.starter is ExportTrigger.VISIT else self.patience
        if poll_policy.max_wait_time:
            # Whoever waits for a short time only is not to give up without a visit.
            visit_after = min(visit_after, poll_policy.max_wait_time / 2)
        return replace(
            poll_policy,
            quick_for=self.patience,
            revisit_interval=max(poll_policy.revisit_interval, self.patience),
            visit_after=visit_after,
        )
