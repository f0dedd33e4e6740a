"""The server's answers to the credentials so far, as the monitors report them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from wandb_tui.core.events import Failure, MonitorEvent
from wandb_tui.core.notice import EventKind


class Access(StrEnum):
    """The server's answer to one kind of credentials."""

    UNTRIED = "untried"
    ACCEPTED = "accepted"
    REFUSED = "refused"


_SIGN_IN = {
    EventKind.SIGNED_IN: Access.ACCEPTED,
    EventKind.SIGN_IN_FAILED: Access.REFUSED,
    EventKind.SESSION_EXPIRED: Access.UNTRIED,
}
_API_KEY = {EventKind.GOAL_MET: Access.ACCEPTED, EventKind.NOT_MET: Access.ACCEPTED}


@dataclass(frozen=True, slots=True)
class AccountAccess:
    """The answers to the browser's sign-in and to the API key."""

    sign_in: Access = Access.UNTRIED
    api_key: Access = Access.UNTRIED

    def after(self, event: MonitorEvent) -> AccountAccess:
        """The answers as known after an event."""
        kind = event.notice.kind
        if event.failure is Failure.API_KEY:
            return replace(self, api_key=Access.REFUSED)
        if event.failure is Failure.SIGN_IN:
            return replace(self, sign_in=Access.REFUSED)
        sign_in, api_key = _SIGN_IN.get(kind, self.sign_in), _API_KEY.get(kind, self.api_key)
        unchanged = sign_in is self.sign_in and api_key is self.api_key
        return self if unchanged else AccountAccess(sign_in, api_key)
